// One tracker takes another's place, again and again, under load: nobody is lost and nobody is left without an answer.
import type { FaultSuite } from './figures.ts';
import { peersFor, prepareSnapshot, restartLimits, restartUnderLoad } from './restarts.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export const takeoverSuite: FaultSuite = {
  fault: 'restarts by --takeover under load',
  limits: { ...restartLimits, gapMs: 500, stoppedMs: 500 },
  atLeast: { restarts: 1, acknowledged: 1000 },
  skip: process.platform === 'linux' ? false : 'sockets are passed on Linux only',
  async run(scale) {
    const tracker = new TrackerUnderTest({ flags: ['--memory-limit', '1GiB'] });
    const peers = peersFor(scale);
    prepareSnapshot(tracker.dataDir, peers);
    let stoppedMs = 0;
    try {
      await tracker.start();
      const restart = async () => {
        const old = tracker.program;
        await tracker.start(['--takeover']);
        const { code } = await old.exit();
        if (code !== 0) throw new Error(old.describe(`ended with ${code}`));
        const [, ms] = await tracker.program.printed(/for (\d+) ms nobody answered/);
        stoppedMs = Math.max(stoppedMs, Number(ms));
      };
      const { udpPort, httpPort } = tracker;
      const figures = await restartUnderLoad({ udpPort, httpPort, restart }, scale);
      return { peers, ...figures, stoppedMs };
    } finally {
      await tracker.close();
    }
  },
};
