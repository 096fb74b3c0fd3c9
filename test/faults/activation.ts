// The tracker is ended and started again on sockets that stay open, as systemd does it: what comes meanwhile waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openUnixReceiver } from '../net/unix-receiver.ts';
import { pause } from '../program.ts';
import {
  type ActivatedTracker,
  openSocketUnit,
  startActivated,
} from '../server/listening/socket-activation.ts';
import type { FaultSuite, Scale } from './figures.ts';
import { peersFor, prepareSnapshot, restartLimits, restartUnderLoad } from './restarts.ts';

const skip = process.platform === 'linux' ? false : 'sockets are passed on Linux only';
const atLeast = { restarts: 1, acknowledged: 1000 };

export const activationSuite: FaultSuite = {
  fault: 'restarts on sockets from systemd under load',
  limits: restartLimits,
  atLeast,
  skip,
  run: (scale) =>
    onSocketsFromSystemd(scale, async (start) => {
      let tracker = await start();
      return async () => {
        const code = await tracker.end('SIGTERM');
        if (code !== 0) throw new Error(`it ended with ${code}:\n${tracker.output()}`);
        tracker = await start();
      };
    }),
};

export const successorSuite: FaultSuite = {
  fault: 'restarts by SIGUSR2 on sockets from systemd under load',
  limits: { ...restartLimits, gapMs: 500 },
  atLeast,
  skip,
  run: (scale) =>
    onSocketsFromSystemd(scale, async (start, scene) => {
      const systemd = openUnixReceiver(scene);
      const pids: number[] = [];
      // The last one is ended first: it holds the pipe that the first one printed into.
      scene.after(() => pids.slice(-1).forEach((pid) => void process.kill(pid, 'SIGKILL')));
      const tracker = await start({ NOTIFY_SOCKET: systemd.path });
      return async () => {
        const pid = pids.at(-1);
        if (pid === undefined) tracker.signal('SIGUSR2');
        else process.kill(pid, 'SIGUSR2');
        for (let tries = 0; pids.at(-1) === pid; tries++) {
          if (tries > 1000) throw new Error(`nobody took over:\n${tracker.output()}`);
          await pause(20);
          for (const said of systemd.received()) {
            const main = /^MAINPID=(\d+)$/.exec(said);
            if (main) pids.push(Number(main[1]));
          }
        }
      };
    }),
};

type Scene = Pick<TestContext, 'after'>;
type Start = (environment?: Record<string, string>) => Promise<ActivatedTracker>;

/** @param begin starts the tracker and returns how it is restarted */
async function onSocketsFromSystemd(
  scale: Scale,
  begin: (start: Start, scene: Scene) => Promise<() => Promise<void>>,
): Promise<Record<string, number>> {
  const endings: (() => unknown)[] = [];
  const scene: Scene = { after: (end) => void endings.push(end as () => unknown) };
  const dataDir = mkdtempSync(join(tmpdir(), 'caracal-fault-'));
  const peers = peersFor(scale);
  prepareSnapshot(dataDir, peers);
  try {
    const sockets = [
      openSocketUnit(scene, { name: 'udp', kind: 'datagram', address: '127.0.0.1' }),
      openSocketUnit(scene, { name: 'http', kind: 'stream', address: '127.0.0.1' }),
    ];
    const words = ['--data-dir', dataDir, '--memory-limit', '1GiB'];
    const start: Start = async (environment) => {
      const tracker = startActivated(scene, sockets, words, environment);
      await tracker.printed(/Tracker running/);
      return tracker;
    };
    const restart = await begin(start, scene);
    const [udpPort, httpPort] = sockets.map(({ port }) => port);
    const figures = await restartUnderLoad({ udpPort: udpPort, httpPort: httpPort, restart }, scale);
    return { peers, ...figures };
  } finally {
    for (const end of endings) await end();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}
