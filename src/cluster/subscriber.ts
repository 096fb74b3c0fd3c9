// How other nodes' messages are taken up: each once, in order, and in slices that let everything else have its turn.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ClusterClock } from './cluster-clock.ts';
import type { ClusterParts } from './cluster-parts.ts';
import type { Delivered, Position, Subscriber } from './engine.ts';
import { isTooLate, latenessOf } from './lateness.ts';
import type { Merge } from './merge.ts';
import { RecordBatch } from './record-batch.ts';
import { RecordReader } from './record-reader.ts';
import { type Message, MessageKind, openMessage, readText } from './wire.ts';

const batchesPerSlice = 32;
/** Each start of each node is one; of those of long ago nothing is heard any more. */
const mostHeard = 1000;

export interface ToldOfMessages {
  /** What this node is about to apply may be older than what has changed here. */
  beforeNews(): void;
  /** Another node, or this one, has said something that is no news of peers, so many milliseconds ago. */
  note(note: Note, from: Message, agoMs: number): void;
  /** News of peers, this node's own too, before they are applied. */
  news(message: Message): void;
  /** Another node has said how many WebTorrent peers it has. */
  counts(message: Message): void;
  /** Messages were lost. */
  gap(): void;
}

/** What is said in JSON; `is` tells what it is, and anything else may be missing or be anything. */
export type Note = { readonly is?: unknown } & Readonly<Record<string, unknown>>;

export class ClusterSubscriber implements Subscriber {
  /** Since the start. */
  readonly counts = {
    messages: 0,
    bytes: 0,
    gaps: 0,
    replayed: 0,
    damaged: 0,
    otherSecret: 0,
    otherVersion: 0,
  };
  readonly #parts: ClusterParts;
  readonly #merge: Merge;
  readonly #told: ToldOfMessages;
  readonly #clock = new ClusterClock();
  readonly #batch = new RecordBatch();
  /** The last number of each node since each of its starts; those that were heard of first come first. */
  readonly #heard = new Map<string, number>();
  readonly #lags = new Map<string, number>();
  readonly #warned = new Set<string>();
  /** Behind the last message that was taken up. */
  position: Position;

  constructor(parts: ClusterParts, merge: Merge, from: Position, told: ToldOfMessages) {
    this.#parts = parts;
    this.#merge = merge;
    this.#told = told;
    this.position = from;
  }

  /** How long the last message of a node was under way, in milliseconds. */
  lagOf(node: string): number | undefined {
    return this.#lags.get(node);
  }

  forget(node: string): void {
    this.#lags.delete(node);
    this.#clock.forget(node);
  }

  async deliver(messages: readonly Delivered[]): Promise<void> {
    for (const delivered of messages) {
      try {
        await this.#take(delivered);
      } catch (error) {
        this.#warnOnce('defect', `a message of another node met a defect: ${(error as Error).stack}`);
      }
      this.position = delivered.position;
    }
  }

  cut(): void {
    this.counts.gaps++;
    this.#told.gap();
  }

  async #take({ bytes, takenAt, ageMs: engineMs }: Delivered): Promise<void> {
    const message = openMessage(bytes, this.#parts.signature);
    this.counts.messages++;
    this.counts.bytes += bytes.length;
    if (typeof message !== 'object') {
      this.counts[message]++;
      this.#warnOnce(message, faults[message]);
      return;
    }
    const { sender } = this.#parts;
    const isOwn = message.node === sender.node && message.incarnation === sender.incarnation;
    const ageMs = engineMs + latenessOf(message.sentAt, takenAt);
    if (isTooLate(message.sentAt, takenAt)) {
      this.counts.replayed++;
      return;
    }
    if (!isOwn && this.#isReplay(message, ageMs)) return;
    if (message.kind === MessageKind.note)
      this.#told.note(JSON.parse(readText(message)), message, message.heldMs + ageMs);
    else if (message.kind === MessageKind.counts && !isOwn) this.#told.counts(message);
    else if (message.kind === MessageKind.news) {
      this.#told.news(message);
      if (!isOwn) await this.#apply(message, ageMs);
    }
  }

  /** Notes the message's number; whether it has come before. */
  #isReplay(message: Message, ageMs: number): boolean {
    const { node, incarnation, number, heldMs } = message;
    const start = `${node} ${incarnation}`;
    const heard = this.#heard.get(start);
    if (heard !== undefined && number <= heard) {
      this.counts.replayed++;
      return true;
    }
    if (heard !== undefined && number > heard + 1) this.cut();
    this.#heard.set(start, number);
    if (this.#heard.size > mostHeard) this.#heard.delete(this.#heard.keys().next().value!);
    this.#lags.set(node, heldMs + ageMs);
    return false;
  }

  async #apply(message: Message, ageMs: number): Promise<void> {
    const { now } = this.#parts;
    this.#told.beforeNews();
    const at = this.#clock.timeOf(message, now(), ageMs);
    const reader = new RecordReader(message);
    const batch = this.#batch;
    for (let more = true; more; ) {
      const slice = now();
      for (let batches = 0; batches < batchesPerSlice && more; batches++) {
        more = batch.read(reader);
        this.#merge.allNews(batch, at, message.secondsPerTick, slice);
      }
      if (more) await nextTurn();
    }
  }

  /** Once an hour at most would be more than anybody wants to read: once. */
  #warnOnce(kind: string, text: string): void {
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#parts.log.warn(text);
  }
}

const faults = {
  damaged:
    'cluster: a message was damaged, or signed by somebody without the secret; it is left out, and counted',
  otherSecret:
    'cluster: a message was signed with another secret than that of --cluster-secret-file; such messages are left out, and counted',
  otherVersion:
    'cluster: a node of another version says what this one cannot read; it is left out, and counted',
};
