// Which repetitions of a warning or an error are written and which are only counted, so that no flood fills a disk.

type SampledLevel = 'warn' | 'error';

interface Seen {
  level: SampledLevel;
  message: string;
  written: number;
  heldBack: number;
}

const writtenPerMinute = 3;
const windowMs = 60_000;
/** Different messages within one minute; more than the program has, so only a bug reaches it. */
const mostMessages = 200;

/** Counts per message within a window of one minute, which begins with the first line after a quiet time. */
export class RepeatedLines {
  readonly #report: (level: SampledLevel, message: string, count: number) => void;
  readonly #seen = new Map<string, Seen>();
  #timer: NodeJS.Timeout | undefined;

  /** @param report is called at the window's end for each message that was held back `count` times */
  constructor(report: (level: SampledLevel, message: string, count: number) => void) {
    this.#report = report;
  }

  /** Whether this line may be written now. */
  admit(level: SampledLevel, message: string): boolean {
    this.#timer ??= setTimeout(() => this.close(), windowMs).unref();
    let seen = this.#seen.get(message);
    if (seen === undefined) {
      if (this.#seen.size >= mostMessages) return false;
      seen = { level, message, written: 0, heldBack: 0 };
      this.#seen.set(message, seen);
    }
    if (seen.written < writtenPerMinute) {
      seen.written++;
      return true;
    }
    seen.heldBack++;
    return false;
  }

  /** Ends the window: reports what was held back and begins anew. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = [...this.#seen.values()].filter((seen) => seen.heldBack > 0);
    this.#seen.clear();
    for (const { level, message, heldBack } of held) this.#report(level, message, heldBack);
  }
}
