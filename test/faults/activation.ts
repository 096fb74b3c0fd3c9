// The tracker is ended and started again on sockets that stay open, as systemd does it: what comes meanwhile waits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ActivatedTracker, openSocketUnit, startActivated } from '../server/socket-activation.ts';
import type { FaultSuite } from './figures.ts';
import { peersFor, prepareSnapshot, restartLimits, restartUnderLoad } from './restarts.ts';

export const activationSuite: FaultSuite = {
  fault: 'restarts on sockets from systemd under load',
  limits: restartLimits,
  atLeast: { restarts: 1, acknowledged: 1000 },
  skip: process.platform === 'linux' ? false : 'sockets are passed on Linux only',
  async run(scale) {
    const endings: (() => unknown)[] = [];
    const scene = { after: (end: () => unknown) => void endings.unshift(end) };
    const dataDir = mkdtempSync(join(tmpdir(), 'caracal-fault-'));
    endings.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const peers = peersFor(scale);
    prepareSnapshot(dataDir, peers);
    try {
      const sockets = [
        openSocketUnit(scene, { name: 'udp', kind: 'datagram', address: '127.0.0.1' }),
        openSocketUnit(scene, { name: 'http', kind: 'stream', address: '127.0.0.1' }),
      ];
      const start = async (): Promise<ActivatedTracker> => {
        const tracker = startActivated(scene, sockets, ['--data-dir', dataDir, '--memory-limit', '1GiB']);
        await tracker.printed(/Tracker running/);
        return tracker;
      };
      let tracker = await start();
      const restart = async () => {
        const code = await tracker.end('SIGTERM');
        if (code !== 0) throw new Error(`it ended with ${code}:\n${tracker.output()}`);
        tracker = await start();
      };
      const [udpPort, httpPort] = sockets.map(({ port }) => port);
      const figures = await restartUnderLoad({ udpPort: udpPort!, httpPort: httpPort!, restart }, scale);
      return { peers, ...figures };
    } finally {
      for (const end of endings) await end();
    }
  },
};
