// Knows what a request target asks for: which path is an announce, a scrape or the page, and where its query lies.

export const Target = { unknown: 0, announce: 1, scrape: 2, page: 3 } as const;
export type Target = (typeof Target)[keyof typeof Target];

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const announcePath = bytesOf('/announce');
const scrapePath = bytesOf('/scrape');
const schemes = [bytesOf('http://'), bytesOf('https://')];

/** The target last read; reused for every request. */
export class HttpTarget {
  kind: Target = Target.unknown;
  /** Where the query begins: behind the question mark, or at the target's end. */
  queryAt = 0;
  /** Where the target ends, and the query with it. */
  end = 0;

  /**
   * Reads the target `bytes[at .. end)`: a path, or an absolute URL as a proxy sends it. Any prefix may stand before
   * `/announce` and `/scrape`, and one slash behind them.
   */
  read(bytes: Uint8Array, at: number, end: number): void {
    this.end = end;
    const start = pathStart(bytes, at, end);
    let pathEnd = start;
    while (pathEnd < end && bytes[pathEnd] !== QUESTION_MARK) pathEnd++;
    this.queryAt = Math.min(pathEnd + 1, end);
    if (pathEnd > start && bytes[pathEnd - 1] === SLASH) pathEnd--;
    if (pathEnd === start) this.kind = start < end && bytes[start] === SLASH ? Target.page : Target.unknown;
    else if (endsWith(bytes, start, pathEnd, announcePath)) this.kind = Target.announce;
    else if (endsWith(bytes, start, pathEnd, scrapePath)) this.kind = Target.scrape;
    else this.kind = Target.unknown;
  }
}

function pathStart(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === SLASH) return start;
  for (const scheme of schemes) {
    let at = start + scheme.length;
    if (end < at || !endsWith(bytes, start, at, scheme)) continue;
    while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION_MARK) at++;
    return at;
  }
  return end;
}

function endsWith(bytes: Uint8Array, start: number, end: number, suffix: Uint8Array): boolean {
  const from = end - suffix.length;
  if (from < start) return false;
  for (let i = 0; i < suffix.length; i++) if (bytes[from + i] !== suffix[i]) return false;
  return true;
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
