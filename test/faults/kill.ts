// kill -9 under load: what was acknowledged before the last save is there again, and nobody who had left.

import { pause } from '../program.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export const killSuite: FaultSuite = {
  fault: 'kill -9 under load, then a start',
  limits: { lost: 0, ghost: 0, failed: 0 },
  atLeast: { acknowledged: 2000, loaded: 2000 },
  async run({ seed, long }) {
    const tracker = new TrackerUnderTest({ flags: ['--snapshot-interval', '1'] });
    const saved = new Ledger();
    const lively = new Ledger();
    let startMs = 0;
    let acknowledged = 0;
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      const http = new HttpClient(tracker.httpPort);
      const load = new Load(saved, {
        client: udp,
        perSecond: 2000,
        firstSwarm: 0,
        swarms: 40,
        seed,
        stoppedPercent: 30,
      });
      await fill(saved, udp, 40, 10);
      await pause(1000);
      await load.stop();
      acknowledged += load.acknowledged;
      await tracker.nextSnapshot();
      for (let round = 0; round < (long ? 20 : 2); round++) {
        // Other swarms go on changing while it is killed; what they lose is younger than the last save.
        const options = { perSecond: 1000, swarms: 40, seed: seed + round, stoppedPercent: 30 };
        const loads = [udp, http].map(
          (client, i) => new Load(lively, { ...options, client, firstSwarm: 1000 + 100 * i }),
        );
        await pause(700 + 37 * round);
        tracker.program.signal('SIGKILL');
        await tracker.program.exited;
        const start = performance.now();
        await tracker.start();
        startMs = Math.max(startMs, performance.now() - start);
        await pause(200);
        for (const each of loads) {
          await each.stop();
          acknowledged += each.acknowledged;
        }
      }
      const { lost, ghost } = await saved.balance((swarm) => askForPeers(udp, swarm));
      const failed = saved.failed + lively.failed;
      udp.close();
      http.close();
      const loaded = Number((await tracker.program.printed(/Loaded (\d+) peers?/))[1]);
      return { lost, ghost, failed, acknowledged, loaded, startMs: Math.round(startMs) };
    } finally {
      await tracker.close();
    }
  },
};
