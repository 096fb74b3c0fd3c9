// What operators refuse reaches nodes that are away when it is said: one record of it in the engine, and a copy that every
// node keeps, from which it is written again when the engine has lost it.
import type { ClusterParts } from './cluster-parts.ts';
import { type ListNews, noteOfList } from './list-news.ts';
import { isKept, ListRecord, mostSaid, type SaidOfList } from './list-record.ts';
import { openParked, sealParked } from './parked-message.ts';
import type { Note } from './subscriber.ts';
import { readText } from './wire.ts';

const key = 'lists';
const mostAttempts = 8;

export interface SharedListsParts extends Pick<ClusterParts, 'engine' | 'sender' | 'signature'> {
  say(note: Note): void;
  /** Told what has been said at other nodes, in its order. */
  apply(said: readonly SaidOfList[]): void;
  /** Told what to remember, after `apply`. */
  keep(record: string): void;
}

export class SharedLists {
  readonly #parts: SharedListsParts;
  #known: ListRecord;
  /** Said here, done here, and not in the engine yet. */
  readonly #pending: ListNews[] = [];
  #syncing: Promise<void> | undefined;
  #isAsked = false;

  /** @param kept what it had this node remember last */
  constructor(parts: SharedListsParts, kept: string | undefined) {
    this.#parts = parts;
    this.#known = (kept === undefined ? undefined : ListRecord.decode(kept)) ?? ListRecord.empty;
  }

  /** Of the record that this node goes by. */
  get version(): number {
    return this.#known.version;
  }

  /** An operator has done something here. */
  tell(news: ListNews): void {
    if (!isKept(news)) {
      this.#parts.say(noteOfList(news));
      return;
    }
    this.#pending.push(news);
    if (this.#pending.length > mostSaid) this.#pending.shift();
    void this.sync();
  }

  /** Another node goes by a record of this version. */
  async hear(version: unknown): Promise<void> {
    if (this.#pending.length > 0 || Number(version) > this.#known.version) await this.sync();
  }

  /** Has this node and the engine have the same; resolves also when the engine cannot be reached. */
  sync(): Promise<void> {
    this.#isAsked = true;
    this.#syncing ??= this.#syncAsked()
      // It is tried again when the engine is back.
      .catch(() => {})
      .finally(() => {
        this.#syncing = undefined;
      });
    return this.#syncing;
  }

  async #syncAsked(): Promise<void> {
    while (this.#isAsked) {
      this.#isAsked = false;
      for (let attempt = 0; attempt < mostAttempts && !(await this.#attempt()); attempt++);
    }
  }

  /** Whether nobody else wrote meanwhile. */
  async #attempt(): Promise<boolean> {
    const { engine, sender, apply, keep, say } = this.#parts;
    const before = await engine.value(key);
    const theirs = this.#opened(before) ?? ListRecord.empty;
    const pending = this.#pending.slice();
    let merged = theirs.mergedWith(this.#known);
    for (const news of pending) merged = merged.with(news, sender.node);
    const isNew = merged !== theirs && merged.version > 0;
    if (isNew && !(await engine.replace(key, before, this.#sealed(merged)))) return false;
    const known = this.#known;
    this.#known = merged;
    this.#pending.splice(0, pending.length);
    const done = new Map(pending.map(({ subject, action }) => [subject, action]));
    const said = merged.newsSince(known).filter(({ subject, action }) => done.get(subject) !== action);
    if (said.length > 0) apply(said);
    if (merged.version !== known.version) keep(merged.encode());
    if (isNew) say({ is: 'lists', version: merged.version });
    return true;
  }

  #sealed(record: ListRecord): Uint8Array {
    return sealParked(this.#parts, new TextEncoder().encode(record.encode()));
  }

  /** Nothing for what somebody without the secret has written. */
  #opened(bytes: Uint8Array | undefined): ListRecord | undefined {
    const message = openParked(this.#parts, bytes);
    return message && ListRecord.decode(readText(message));
  }
}
