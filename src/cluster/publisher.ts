// How this node's news reach the engine: collected several times a second, sent one after the other, and kept for a while,
// within bounds, when the engine takes none.

import type { PeerNews } from '../swarm/peer-news.ts';
import { type ClusterParts, messageRoom } from './cluster-parts.ts';
import { isTooLate } from './lateness.ts';
import type { Merge } from './merge.ts';
import type { WireRecord } from './record-layout.ts';
import { MessageKind, MessageWriter, sealMessage } from './wire.ts';
import { writeNews } from './write-news.ts';

/** How much waits at most for an engine that takes nothing; what is older is mended by shard sums. */
const mostWaiting = 32 << 20;
/** What the engine keeps for nodes that are away for a while. */
const keptBytes = 64 << 20;
const retryMs = 500;
const mostContradictions = 10_000;
const mostAttempts = 3;

interface Waiting {
  bytes: Uint8Array;
  madeAt: number;
}

export class Publisher {
  /** Since the start: messages and bytes that the engine has taken, and records in them. */
  readonly counts = { messages: 0, bytes: 0, records: 0, lostRecords: 0 };
  readonly #parts: ClusterParts;
  readonly #news: PeerNews;
  readonly #merge: Merge;
  readonly #refreshTicks: number;
  readonly #secondsPerTick: number;
  readonly #writer: MessageWriter;
  readonly #contradictions: WireRecord[] = [];
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #number = 0;
  #sending: Promise<void> | undefined;
  #retryAt = 0;
  /** By the engine's clock, the last one that it took: it never says an earlier time again, though its clock may. */
  #takenAt = 0;
  /** Why the engine has not taken the last message; undefined when it has. */
  failure: string | undefined;
  /** Some changes were not told to anybody since this was set to false. */
  hasLost = false;

  constructor(parts: ClusterParts, merge: Merge, refreshTicks: number, secondsPerTick: number) {
    this.#parts = parts;
    this.#merge = merge;
    this.#refreshTicks = refreshTicks;
    this.#secondsPerTick = secondsPerTick;
    this.#news = parts.store.createPeerNews();
    this.#writer = new MessageWriter(parts.sender, messageRoom);
  }

  /** From here on what changes here is told. */
  open(): void {
    this.#news.open(this.#refreshTicks);
  }

  /** Bytes that wait for the engine. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** To be told with the next news. */
  contradict(record: Readonly<WireRecord>): void {
    if (this.#contradictions.length < mostContradictions) this.#contradictions.push(structuredClone(record));
  }

  /** Takes what has changed here out of the journal; before other nodes' news are applied, and several times a second. */
  collect(): void {
    const now = this.#parts.now();
    if (this.#news.isIncomplete) {
      this.#news.close();
      this.#news.open(this.#refreshTicks);
      this.hasLost = true;
    }
    for (let more = true; more; ) {
      this.#writer.begin(MessageKind.news, this.#number + 1, this.#secondsPerTick);
      while (this.#contradictions.length > 0 && this.#writer.hasRoom)
        this.#writer.peer(this.#contradictions.pop()!);
      more = writeNews(this.#news, this.#merge, this.#writer, now);
      if (this.#writer.records === 0) break;
      this.counts.records += this.#writer.records;
      this.#add(now);
    }
  }

  /** Says something that is no news of peers, after all that has been said. @throws RangeError when it is too long */
  say(what: unknown): void {
    this.collect();
    this.#writer.begin(MessageKind.note, this.#number + 1, this.#secondsPerTick);
    this.#writer.text(JSON.stringify(what));
    this.#add(this.#parts.now());
  }

  /** Has a message of another kind wait with the others. @throws RangeError when it is too long */
  add(kind: MessageKind, body: Uint8Array): void {
    this.#writer.begin(kind, this.#number + 1, this.#secondsPerTick);
    this.#writer.raw(body);
    this.#add(this.#parts.now());
  }

  /** Sends what waits, unless the engine has just refused; resolves when all is sent or it refuses. */
  send(): Promise<void> {
    if (this.#parts.now() < this.#retryAt) return Promise.resolve();
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  close(): void {
    this.#news.close();
  }

  #add(madeAt: number): void {
    this.#number++;
    const bytes = this.#writer.end();
    this.#waiting.push({ bytes, madeAt });
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes > mostWaiting) {
      // The one that is under way stays.
      const [dropped] = this.#waiting.splice(this.#sending ? 1 : 0, 1);
      this.#waitingBytes -= dropped.bytes.length;
      this.hasLost = true;
    }
  }

  async #sendAll(): Promise<void> {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      try {
        await this.#publish(first);
      } catch (error) {
        this.failure = (error as Error).message;
        this.#retryAt = this.#parts.now() + retryMs;
        return;
      }
      this.failure = undefined;
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes.length;
      this.counts.messages++;
      this.counts.bytes += first.bytes.length;
    }
  }

  async #publish({ bytes, madeAt }: Waiting): Promise<void> {
    const { engine, signature, now } = this.#parts;
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const sentAt = Math.max(await engine.timeMs(), this.#takenAt);
      sealMessage(bytes, Math.round(now() - madeAt), signature, sentAt);
      this.#takenAt = (await engine.publish(bytes, keptBytes)).takenAt;
      if (!isTooLate(sentAt, this.#takenAt)) return;
      // The engine's clock was set forward: nobody believes this one.
    }
    throw new Error('its clock jumps all the time');
  }
}
