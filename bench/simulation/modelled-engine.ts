// An engine in virtual time: one row of messages, which takes and gives so many bytes a second, and keeps so many.
//
// A message is in the row when the engine has got through everything before it. What each reader is sent costs as much as
// what is written. Bytes are those of the whole cluster: whoever simulates a share of the peers says how large a message
// would be with all of them.

export interface RowMessage {
  readonly number: number;
  readonly from: number;
  readonly bytes: Uint8Array;
  /** As large as it would be with all peers. */
  readonly wholeBytes: number;
  /** Virtual milliseconds: when it was sent, and when it is there to be read. */
  readonly sentAt: number;
  readonly thereAt: number;
}

export class ModelledEngine {
  readonly #bytesPerMs: number;
  readonly #readers: number;
  readonly #keptBytes: number;
  readonly #wayMs: number;
  readonly #row: RowMessage[] = [];
  #rowBytes = 0;
  #number = 0;
  #freeAt = 0;
  /** Bytes in and out, and virtual milliseconds in which it was busy, since the start. */
  readonly counts = { bytes: 0, busyMs: 0 };

  /** @param wayMs to it, and from it */
  constructor(bytesPerSecond: number, readers: number, keptBytes: number, wayMs: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#readers = readers;
    this.#keptBytes = keptBytes;
    this.#wayMs = wayMs;
  }

  /** The number of the last message that was sent to it. */
  get last(): number {
    return this.#number;
  }

  publish(from: number, bytes: Uint8Array, wholeBytes: number, now: number): void {
    const thereAt = this.#work(wholeBytes * (1 + this.#readers), now + this.#wayMs) + this.#wayMs;
    this.#row.push({ number: ++this.#number, from, bytes, wholeBytes, sentAt: now, thereAt });
    this.#rowBytes += wholeBytes;
    // What it has not taken yet waits with who sent it.
    while (this.#rowBytes > this.#keptBytes && this.#row.length > 1 && this.#row[0].thereAt <= now)
      this.#rowBytes -= this.#row.shift()!.wholeBytes;
  }

  /** Sums and parts of states, which nodes park and fetch; as much of them as fits between the news until now. */
  carry(mostBytes: number, now: number): number {
    const bytes = Math.min(mostBytes, Math.max(0, now - this.#freeAt) * this.#bytesPerMs);
    if (bytes > 0) this.#work(bytes, this.#freeAt);
    return bytes;
  }

  /** What is there for a reader that has read up to `number`, and the number before the oldest that is kept. */
  read(number: number, now: number): { messages: RowMessage[]; before: number } {
    const before = (this.#row[0]?.number ?? this.#number + 1) - 1;
    const from = Math.max(0, number - before);
    let end = from;
    while (end < this.#row.length && this.#row[end].thereAt <= now) end++;
    return { messages: this.#row.slice(from, end), before };
  }

  #work(bytes: number, from: number): number {
    const ms = bytes / this.#bytesPerMs;
    this.#freeAt = Math.max(this.#freeAt, from) + ms;
    this.counts.bytes += bytes;
    this.counts.busyMs += ms;
    return this.#freeAt;
  }
}
