// One tracker takes another's place, again and again, under load: nobody is lost and nobody is left without an answer.

import { monotonicSeconds } from '../../src/server/clock.ts';
import { saveSnapshot } from '../../src/server/snapshot-file.ts';
import { pause } from '../program.ts';
import { createStore, Visit } from '../swarm/visit.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export const takeoverSuite: FaultSuite = {
  fault: 'restarts by --takeover under load',
  limits: { lost: 0, ghost: 0, failed: 0, gapMs: 500 },
  atLeast: { restarts: 3, acknowledged: 1000 },
  skip: process.platform === 'linux' ? false : 'sockets are passed on Linux only',
  async run({ seed, long }) {
    const restarts = long ? 20 : 3;
    const tracker = new TrackerUnderTest();
    const ledger = new Ledger();
    const peers = long ? 1_000_000 : 20_000;
    prepare(tracker.dataDir, peers);
    let gapMs = 0;
    const [udpPerSecond, httpPerSecond] = long ? [5000, 500] : [1000, 100];
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      const http = new HttpClient(tracker.httpPort);
      await fill(ledger, udp, 0, long ? 400 : 20);
      const loads = [
        new Load(ledger, {
          client: udp,
          perSecond: udpPerSecond!,
          firstSwarm: 0,
          swarms: 400,
          seed,
          stoppedPercent: 20,
        }),
        new Load(ledger, {
          client: http,
          perSecond: httpPerSecond!,
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
        const [, ms] = await tracker.program.printed(/for (\d+) ms nobody answered/);
        gapMs = Math.max(gapMs, Number(ms));
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
        udpPerSecond: udpPerSecond!,
        httpPerSecond: httpPerSecond!,
        peers,
        gapMs,
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

/** Peers that nobody asks about, so that there is something to carry over: five a swarm. */
function prepare(dataDir: string, peers: number): void {
  const store = createStore(256 * 1024 ** 2);
  const visit = new Visit();
  for (let n = 0; n < peers; n++) {
    store.announce(visit.setSwarm(Math.floor(n / 5)).setPeer(4, n), 0, monotonicSeconds());
  }
  saveSnapshot(store, dataDir);
}
