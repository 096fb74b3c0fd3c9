// One tracker takes another's place, again and again, under load: nobody is lost and nobody is left without an answer.
import { pause } from '../program.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export const takeoverSuite: FaultSuite = {
  fault: 'restarts by --takeover under 5,000 UDP and 500 HTTP announces a second',
  limits: { lost: 0, ghost: 0, failed: 0, longestMs: 1500 },
  atLeast: { restarts: 3, acknowledged: 1000 },
  skip: process.platform === 'linux' ? false : 'sockets are passed on Linux only',
  async run({ seed, long }) {
    const restarts = long ? 20 : 3;
    const tracker = new TrackerUnderTest();
    const ledger = new Ledger();
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      const http = new HttpClient(tracker.httpPort);
      await fill(ledger, udp, 0, long ? 400 : 20);
      const loads = [
        new Load(ledger, {
          client: udp,
          perSecond: long ? 5000 : 1000,
          firstSwarm: 0,
          swarms: 400,
          seed,
          stoppedPercent: 20,
        }),
        new Load(ledger, {
          client: http,
          perSecond: long ? 500 : 100,
          firstSwarm: 1000,
          swarms: 50,
          seed,
          stoppedPercent: 20,
        }),
      ];
      await pause(500);
      for (let restart = 0; restart < restarts; restart++) {
        const old = tracker.program;
        await tracker.start(['--takeover']);
        const { code } = await old.exit();
        if (code !== 0) throw new Error(old.describe(`ended with ${code}`));
        await pause(500);
      }
      for (const load of loads) await load.stop();
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      const [longestUdpMs, longestMs] = [udp, http].map((client) => Math.round(client.longestMs));
      const retried = udp.retries + http.retries;
      const acknowledged = loads.reduce((sum, load) => sum + load.acknowledged, 0);
      udp.close();
      http.close();
      return {
        restarts,
        ...balance,
        acknowledged,
        retried,
        longestUdpMs: longestUdpMs!,
        longestMs: longestMs!,
      };
    } finally {
      await tracker.close();
    }
  },
};
