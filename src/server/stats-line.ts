// What the log says every minute: how much the store holds, and what UDP has done since the line before.
import type { SwarmStore } from '../swarm/swarm-store.ts';
import { sumUdpCounters, type UdpCounter } from '../transport/udp-counters.ts';

/** The counters shown, with the words the line has for them; those of trouble only when there was some. */
const shown: [counter: UdpCounter, label: string, always: boolean][] = [
  ['received', 'in', true],
  ['sent', 'out', true],
  ['badConnectionIds', 'bad connection ids', false],
  ['malformed', 'malformed', false],
  ['droppedByKernel', 'dropped by the kernel', false],
  ['sendFailures', 'not sent', false],
  ['exceptions', 'exceptions', false],
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

  /** `Stats: 2 torrents  3 peers  UDP: 120 in  118 out`, and what went wrong. */
  next(): string {
    const { swarms, leechers4, leechers6, seeders4, seeders6 } = this.#store.totals();
    const line = `Stats: ${swarms} torrents  ${leechers4 + leechers6 + seeders4 + seeders6} peers`;
    const counted = this.#counted.udp();
    if (counted.length === 0) return line;
    const sums = sumUdpCounters(counted);
    const parts = shown
      .map(([counter, label, always]) => ({ grown: sums[counter] - this.#last[counter], label, always }))
      .filter(({ grown, always }) => always || grown > 0)
      .map(({ grown, label }) => `${grown} ${label}`);
    this.#last = sums;
    return `${line}  UDP: ${parts.join('  ')}`;
  }
}
