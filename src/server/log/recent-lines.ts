// The last warnings and errors of the log, kept for who looks at the tracker later and has no log at hand.
//
// Messages are fixed texts and shown to all who may look; fields, where names, networks and info_hashes stand, only
// with the token.

export interface RecentLine {
  /** Milliseconds since 1970. */
  atMs: number;
  level: 'warn' | 'error';
  /** Escaped, as it was written. */
  message: string;
  /** `key=value` of each field. */
  fields: readonly string[];
}

const mostLines = 100;
/** Characters of a message or a field; what is longer ends in an ellipsis. */
const longest = 500;

export class RecentLines {
  readonly #lines: RecentLine[] = [];

  /** Of what is escaped already. */
  add(
    atMs: number,
    level: RecentLine['level'],
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    if (this.#lines.length === mostLines) this.#lines.shift();
    const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
    const texts = entries.map(([key, value]) => cut(`${key}=${String(value)}`));
    this.#lines.push({ atMs, level, message: cut(message), fields: texts });
  }

  /** The newest first. */
  list(): RecentLine[] {
    return this.#lines.toReversed();
  }
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
