// Restarts under a load that goes on through them: who is lost, who waits how long, and for how long nobody answers.
import { monotonicSeconds } from '../../src/server/clock.ts';
import { saveSnapshot } from '../../src/server/storage/snapshot-file.ts';
import { pause } from '../program.ts';
import { createStore, Visit } from '../swarm/visit.ts';
import { type Client, HttpClient, UdpClient } from './clients.ts';
import type { Scale } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill, Load } from './load.ts';
import { Probe } from './probe.ts';

export interface Restartable {
  udpPort: number;
  httpPort: number;
  /** Puts another process in the place of the one that runs; resolves when that one has ended. */
  restart(): Promise<void>;
}

/** After the clients' ordinary retries. */
export const restartLimits = { lost: 0, ghost: 0, failed: 0 } as const;

/** @param tracker one that runs, with `peers` peers that nobody asks about */
export async function restartUnderLoad(
  tracker: Restartable,
  { seed, long, restarts = long ? 20 : 3 }: Scale,
): Promise<Record<string, number>> {
  const [udpPerSecond, httpPerSecond] = long ? [5000, 500] : [1000, 100];
  const ledger = new Ledger();
  const udp = new UdpClient(tracker.udpPort);
  const http = new HttpClient(tracker.httpPort);
  await fill(ledger, udp, 0, long ? 400 : 20);
  const usual = { seed, stoppedPercent: 20 };
  const loads = [
    new Load(ledger, { ...usual, client: udp, perSecond: udpPerSecond, firstSwarm: 0, swarms: 400 }),
    new Load(ledger, { ...usual, client: http, perSecond: httpPerSecond, firstSwarm: 1000, swarms: 50 }),
  ];
  // Until the clients, too, run as fast as they will.
  await pause(1000);
  await slowDown(loads, [udp, http]);
  for (const client of [udp, http]) client.longestMs = 0;
  const probes = [
    new Probe(new UdpClient(tracker.udpPort)),
    new Probe(new HttpClient(tracker.httpPort)),
  ] as const;
  const gaps: number[] = [];
  for (let restart = 0; restart < restarts; restart++) {
    for (const probe of probes) probe.longestSilenceMs = 0;
    const began = performance.now();
    await tracker.restart();
    // Clients that ask again every second must have found it serving before it is gone once more.
    await pause(500 + performance.now() - began);
    gaps.push(Math.max(...probes.map(({ longestSilenceMs }) => longestSilenceMs)));
  }
  for (const load of loads) await load.stop();
  for (const probe of probes) probe.close();
  const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
  const acknowledged = loads.reduce((sum, load) => sum + load.acknowledged, 0);
  for (const client of [udp, http]) client.close();
  gaps.sort((a, b) => a - b);
  return {
    restarts,
    udpPerSecond: loads[0].perSecond,
    httpPerSecond: loads[1].perSecond,
    gapMs: Math.round(gaps.at(-1)!),
    medianGapMs: Math.round(gaps[gaps.length >> 1]),
    ...balance,
    acknowledged,
    retried: udp.retries + http.retries,
    longestUdpMs: Math.round(udp.longestMs),
    longestMs: Math.round(http.longestMs),
  };
}

/**
 * To a rate at which nobody has to ask twice while nothing is restarted: above it clients fail for want of a processor, on a
 * machine that they share with the tracker.
 */
async function slowDown(loads: readonly Load[], clients: readonly Client[]): Promise<void> {
  const retries = () => clients.reduce((sum, client) => sum + client.retries, 0);
  for (;;) {
    const before = retries();
    await pause(1500);
    if (retries() === before) return;
    for (const load of loads) load.halve();
  }
}

/** Peers that nobody asks about, so that there is something to carry over: five a swarm. */
export function prepareSnapshot(dataDir: string, peers: number): void {
  const store = createStore(1024 ** 3);
  const visit = new Visit();
  for (let n = 0; n < peers; n++) {
    store.announce(visit.setSwarm(Math.floor(n / 5)).setPeer(4, n), 0, monotonicSeconds());
  }
  saveSnapshot(store, dataDir);
}

/** How many peers a tracker has to carry over, besides those of the load. */
export function peersFor({ long, peers = long ? 1_000_000 : 20_000 }: Scale): number {
  return peers;
}
