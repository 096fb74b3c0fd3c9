// What the log says every minute: how much the store holds, and what UDP has done since the line before.
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { sumUdpCounters, type UdpCounter } from '../../transport/udp/udp-counters.ts';

/** The counters shown when they have grown, with the words the line has for them. */
const shown: [counter: UdpCounter, label: string][] = [
  ['received', 'in'],
  ['sent', 'out'],
  ['badConnectionIds', 'bad connection ids'],
  ['malformed', 'malformed'],
  ['rateLimited', 'over the rate limit'],
  ['droppedByKernel', 'dropped by the kernel'],
  ['sendFailures', 'not sent'],
  ['exceptions', 'exceptions'],
];

export class StatsLine {
  readonly #store: SwarmStore;
  readonly #counted: { udp(): readonly Float64Array[] };
  #last: Record<UdpCounter, number>;

  constructor(store: SwarmStore, counted: { udp(): readonly Float64Array[] }) {
    this.#store = store;
    this.#counted = counted;
    this.#last = sumUdpCounters(counted.udp());
  }

  /** `Stats: 2 torrents  3 peers`, and when UDP was used `  UDP: 120 in  118 out` and what went wrong. */
  next(): string {
    const { swarms, leechers4, leechers6, seeders4, seeders6 } = this.#store.totals();
    const line = `Stats: ${swarms} torrents  ${leechers4 + leechers6 + seeders4 + seeders6} peers`;
    const sums = sumUdpCounters(this.#counted.udp());
    const grown = shown
      .map(([counter, label]) => ({ by: sums[counter] - this.#last[counter], label }))
      .filter(({ by }) => by > 0)
      .map(({ by, label }) => `${by} ${label}`);
    this.#last = sums;
    return grown.length === 0 ? line : `${line}  UDP: ${grown.join('  ')}`;
  }
}
