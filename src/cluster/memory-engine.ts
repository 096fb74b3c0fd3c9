// An engine within one process: for tests and the simulator, and as the second thing that the seam has to fit.

import type { Delivered, Engine, Heartbeat, Position, Subscriber, Subscription, Taken } from './engine.ts';

interface Kept {
  number: number;
  at: number;
  bytes: Uint8Array;
}

/** What all nodes share; each reaches it through a `MemoryEngine` of its own. */
export class MemoryRow {
  readonly now: () => number;
  readonly messages: Kept[] = [];
  readonly parked = new Map<string, { bytes: Uint8Array; until: number }>();
  readonly beats = new Map<string, { bytes: Uint8Array; at: number }>();
  readonly values = new Map<string, Uint8Array>();
  readonly #woken = new Set<() => void>();
  #bytes = 0;
  /** Of the last message. */
  number = 0;

  /** @param now milliseconds of the engine's own clock */
  constructor(now: () => number) {
    this.now = now;
  }

  add(bytes: Uint8Array, keptBytes: number): number {
    this.messages.push({ number: ++this.number, at: this.now(), bytes: bytes.slice() });
    this.#bytes += bytes.length;
    while (this.#bytes > keptBytes && this.messages.length > 1)
      this.#bytes -= this.messages.shift()!.bytes.length;
    this.wake();
    return this.number;
  }

  /** As an engine that comes back with nothing. */
  clear(): void {
    this.messages.length = this.number = this.#bytes = 0;
    for (const map of [this.parked, this.beats, this.values]) map.clear();
  }

  wake(): void {
    for (const woken of this.#woken) queueMicrotask(woken);
  }

  onWake(woken: () => void): () => void {
    this.#woken.add(woken);
    return () => this.#woken.delete(woken);
  }
}

export class MemoryEngine implements Engine {
  readonly #row: MemoryRow;
  #isUp = true;

  constructor(row: MemoryRow) {
    this.#row = row;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Cuts this node off, or connects it again. */
  set isUp(isUp: boolean) {
    this.#isUp = isUp;
    if (isUp) this.#row.wake();
  }

  async publish(bytes: Uint8Array, keptBytes: number): Promise<Taken> {
    this.#reach();
    const takenAt = this.#row.now();
    return { position: String(this.#row.add(bytes, keptBytes)), takenAt };
  }

  async timeMs(): Promise<number> {
    this.#reach();
    return this.#row.now();
  }

  async end(): Promise<Position> {
    this.#reach();
    return String(this.#row.number);
  }

  subscribe(from: Position, subscriber: Subscriber): Subscription {
    let read = Number(from);
    let isOpen = true;
    let delivering: Promise<void> | undefined;
    const deliver = async () => {
      while (isOpen && this.#isUp) {
        const { messages, number } = this.#row;
        const oldest = messages.length > 0 ? messages[0].number : number + 1;
        if (number < read || oldest > read + 1) {
          read = oldest - 1;
          subscriber.cut();
        }
        const some = messages.filter((message) => message.number > read).slice(0, 64);
        if (some.length === 0) return;
        read = some[some.length - 1].number;
        await subscriber.deliver(some.map((message) => this.#deliver(message)));
      }
    };
    const wake = () => {
      delivering ??= deliver().finally(() => {
        delivering = undefined;
        if (isOpen && this.#isUp && this.#row.number !== read) wake();
      });
    };
    const leave = this.#row.onWake(wake);
    queueMicrotask(wake);
    return {
      close: async () => {
        isOpen = false;
        leave();
        await delivering;
      },
    };
  }

  async park(name: string, bytes: Uint8Array, seconds: number): Promise<void> {
    this.#reach();
    this.#row.parked.set(name, { bytes: bytes.slice(), until: this.#row.now() + seconds * 1000 });
  }

  async fetch(name: string): Promise<Uint8Array | undefined> {
    this.#reach();
    const parked = this.#row.parked.get(name);
    return parked !== undefined && parked.until > this.#row.now() ? parked.bytes.slice() : undefined;
  }

  async beat(node: string, bytes: Uint8Array): Promise<void> {
    this.#reach();
    this.#row.beats.set(node, { bytes: bytes.slice(), at: this.#row.now() });
  }

  async beats(): Promise<Heartbeat[]> {
    this.#reach();
    return [...this.#row.beats].map(([node, { bytes, at }]) => ({
      ...{ node, bytes },
      ageMs: this.#row.now() - at,
    }));
  }

  async forget(node: string): Promise<void> {
    this.#reach();
    this.#row.beats.delete(node);
  }

  async value(key: string): Promise<Uint8Array | undefined> {
    this.#reach();
    return this.#row.values.get(key);
  }

  async replace(key: string, before: Uint8Array | undefined, value: Uint8Array): Promise<boolean> {
    this.#reach();
    const known = this.#row.values.get(key);
    const isAsBefore =
      known === undefined || before === undefined ? known === before : Buffer.compare(known, before) === 0;
    if (isAsBefore) this.#row.values.set(key, value.slice());
    return isAsBefore;
  }

  async close(): Promise<void> {
    this.#isUp = false;
  }

  #deliver({ number, at, bytes }: Kept): Delivered {
    const ageMs = Math.max(0, this.#row.now() - at);
    return { position: String(number), takenAt: at, bytes: bytes.slice(), ageMs };
  }

  #reach(): void {
    if (!this.#isUp) throw new Error('the engine cannot be reached');
  }
}
