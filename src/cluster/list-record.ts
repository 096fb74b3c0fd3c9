// What operators refuse and allow again, as all nodes keep it: of each torrent and network the last word, and in which order
// they were said. A node that was away when something was said finds it here.
//
//   {version, said: [[action, subject, version, node], …]}
//
// `version` grows with everything that is said, so two that have the same have the same. Of two records the later word about
// a subject counts.

import { type ListNews, listNewsOf } from './list-news.ts';

/** Beyond so many the oldest words are forgotten. */
export const mostSaid = 20_000;

export interface SaidOfList extends ListNews {
  readonly version: number;
  /** Where an operator said it. */
  readonly node: string;
}

export class ListRecord {
  readonly version: number;
  /** By subject. */
  readonly said: ReadonlyMap<string, SaidOfList>;

  /** @param said of which the oldest go when there are more than `mostSaid` */
  constructor(version: number, said: ReadonlyMap<string, SaidOfList>) {
    this.version = version;
    this.said =
      said.size <= mostSaid
        ? said
        : new Map([...said].sort(([, a], [, b]) => b.version - a.version).slice(0, mostSaid));
  }

  static readonly empty = new ListRecord(0, new Map());

  /** With one more word. */
  with({ action, subject }: ListNews, node: string): ListRecord {
    const version = this.version + 1;
    return new ListRecord(version, new Map(this.said).set(subject, { action, subject, version, node }));
  }

  /** Of both; a word that only one has keeps its version, and the whole gets one that neither had if it is another. */
  mergedWith(other: ListRecord): ListRecord {
    const said = new Map(this.said);
    for (const [subject, theirs] of other.said) {
      const ours = said.get(subject);
      if (ours === undefined || isLater(theirs, ours)) said.set(subject, theirs);
    }
    const higher = this.version >= other.version ? this : other;
    const merged = new ListRecord(higher.version, said);
    return merged.newsSince(higher).length === 0 ? higher : new ListRecord(higher.version + 1, said);
  }

  /** What is said here, and was not, or otherwise, in an earlier record; in its order. */
  newsSince(earlier: ListRecord): SaidOfList[] {
    return [...this.said.values()]
      .filter(({ subject, action }) => earlier.said.get(subject)?.action !== action)
      .sort((a, b) => a.version - b.version);
  }

  encode(): string {
    const said = [...this.said.values()].map(({ action, subject, version, node }) => [
      ...[action, subject, version, node],
    ]);
    return JSON.stringify({ version: this.version, said });
  }

  /** `undefined` for what is no record; words that another version may say are left out. */
  static decode(text: string): ListRecord | undefined {
    try {
      const { version, said } = JSON.parse(text) as { version: unknown; said: unknown };
      if (!Number.isSafeInteger(version) || !Array.isArray(said)) return undefined;
      const words = new Map<string, SaidOfList>();
      for (const [action, subject, at, node] of said as unknown[][]) {
        const news = listNewsOf({ is: 'list', action, subject });
        if (news && isKept(news) && Number.isSafeInteger(at))
          words.set(news.subject, { ...news, version: Number(at), node: String(node).slice(0, 255) });
      }
      return new ListRecord(Number(version), words);
    } catch {
      return undefined;
    }
  }
}

/** Whether it still holds when nobody says it any more: to drop a swarm and to read files again are done once. */
export function isKept({ action }: ListNews): boolean {
  return action !== 'drop' && action !== 'reload';
}

function isLater(a: SaidOfList, b: SaidOfList): boolean {
  // Said at two nodes while the engine was away: to refuse is the safer of both.
  return a.version > b.version || (a.version === b.version && a.action < b.action);
}
