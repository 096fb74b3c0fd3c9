// What the log says every minute: how much the store holds, and what transports have done since the line before.
//
// `Stats: <T> torrents  <P> peers` is what existing log readers match, so counters follow it only when they have grown.
import type { SwarmStore } from '../../swarm/swarm-store.ts';

/** Of each transport that has something to tell, by its title: counters under the words that the line has for them. */
export type Tallies = Readonly<Record<string, Readonly<Record<string, number>>>>;

export class StatsLine {
  readonly #store: SwarmStore;
  readonly #tallies: () => Tallies;
  #last: Tallies;

  constructor(store: SwarmStore, tallies: () => Tallies) {
    this.#store = store;
    this.#tallies = tallies;
    this.#last = tallies();
  }

  /** `Stats: 2 torrents  3 peers`, and when UDP was used `  UDP: 120 in  118 out` and what went wrong. */
  next(): string {
    const { swarms, leechers4, leechers6, seeders4, seeders6, ...connections } = this.#store.totals();
    const { connectionSwarms, connectionLeechers, connectionSeeders } = connections;
    const line = `Stats: ${swarms} torrents  ${leechers4 + leechers6 + seeders4 + seeders6} peers`;
    const webTorrent =
      connectionSwarms === 0
        ? ''
        : `  WebTorrent: ${connectionSwarms} torrents  ${connectionLeechers + connectionSeeders} peers`;
    const tallies = this.#tallies();
    const grown = Object.entries(tallies).flatMap(([title, counters]) => {
      const last = this.#last[title] ?? {};
      const words = Object.entries(counters)
        .map(([word, count]) => ({ by: count - (last[word] ?? 0), word }))
        .filter(({ by }) => by > 0)
        .map(({ by, word }) => `${by} ${word}`);
      return words.length === 0 ? [] : [`  ${title}: ${words.join('  ')}`];
    });
    this.#last = tallies;
    return line + webTorrent + grown.join('');
  }
}
