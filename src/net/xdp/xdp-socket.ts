// One queue of a network interface, read and written by one thread through the rings of xdp-handle.ts.
import { errno, MSG_DONTWAIT } from '../layouts.ts';
import type { SystemCalls } from '../system-calls.ts';
import {
  frameBytes,
  frames,
  packetAt,
  type RingPlace,
  ringFrames,
  ringKinds,
  type XdpHandle,
} from './xdp-handle.ts';

const NEED_WAKEUP = 1;

interface Ring {
  /** Counted up by whoever puts in, and by whoever takes out; never masked. */
  readonly producer: Int32Array;
  readonly consumer: Int32Array;
  readonly flags: Int32Array;
  /** 2 words an entry of fill and complete, 4 of receive and send. */
  readonly entries: Int32Array;
}

/** Nobody has used the handle before: all frames are ours when it begins. The descriptor may be watched with epoll. */
export class XdpSocket {
  readonly fd: number;
  /** All frames, one behind the other. */
  readonly memory: ArrayBuffer;
  readonly #calls: SystemCalls;
  readonly #fill: Ring;
  readonly #receive: Ring;
  readonly #send: Ring;
  readonly #complete: Ring;
  /** Frames that nothing lies in: positions in bytes. */
  readonly #free = new Int32Array(ringFrames);
  #freeCount = 0;
  /** Our side of the rings, written to shared memory once a batch. */
  #filled = 0;
  #received = 0;
  #sent = 0;
  #unsaid = 0;

  constructor(calls: SystemCalls, { fd, memory, rings }: XdpHandle) {
    this.#calls = calls;
    this.fd = fd;
    this.memory = calls.viewOf(memory, frames * frameBytes);
    const ring = (index: number) => ringAt(calls, rings[index], ringKinds[index].entryWords);
    this.#receive = ring(0);
    this.#send = ring(1);
    this.#fill = ring(2);
    this.#complete = ring(3);
    for (let frame = 0; frame < ringFrames; frame++) this.#giveBack(frame * frameBytes);
    this.#sayFilled();
    for (let frame = ringFrames; frame < frames; frame++) this.#free[this.#freeCount++] = frame * frameBytes;
  }

  /** How many packets have come and are not taken. */
  get waiting(): number {
    return (Atomics.load(this.#receive.producer, 0) - this.#received) | 0;
  }

  /** Where the packet lies, in bytes of `memory`, that is `ahead` of the next; `ahead` < `waiting`. */
  at(ahead: number): number {
    return this.#receive.entries[((this.#received + ahead) & (ringFrames - 1)) * 4];
  }

  /** Its length in bytes. */
  lengthAt(ahead: number): number {
    return this.#receive.entries[((this.#received + ahead) & (ringFrames - 1)) * 4 + 2];
  }

  /** Is done with the next packet; its frame will be received into again. */
  take(): void {
    const at = this.at(0);
    this.#received = (this.#received + 1) | 0;
    this.#giveBack(at - (at % frameBytes));
  }

  /** Where a packet may be written that is to be sent; −1 when no frame is free. The same until `send`. */
  get room(): number {
    if (this.#freeCount === 0) this.reclaim();
    return this.#freeCount === 0 ? -1 : this.#free[this.#freeCount - 1] + packetAt;
  }

  /** Sends what was written to `room`, with the next `flush`. */
  send(length: number): void {
    const { entries } = this.#send;
    const at = (this.#sent & (ringFrames - 1)) * 4;
    entries[at] = this.#free[--this.#freeCount] + packetAt;
    entries[at + 1] = 0;
    entries[at + 2] = length;
    entries[at + 3] = 0;
    this.#sent = (this.#sent + 1) | 0;
    this.#unsaid++;
  }

  /** Tells the kernel of all frames that are to be received into, and of all that are to be sent. */
  flush(): void {
    Atomics.store(this.#receive.consumer, 0, this.#received);
    this.#sayFilled();
    if (this.#unsaid > 0) {
      this.#unsaid = 0;
      Atomics.store(this.#send.producer, 0, this.#sent);
    }
    if (!this.hasUnsent) return;
    this.#wakeSender();
    this.reclaim();
  }

  /** Whether the kernel has yet to send something: it may have had no room, and then wants to be told again. */
  get hasUnsent(): boolean {
    return Atomics.load(this.#send.consumer, 0) !== this.#sent;
  }

  /** Takes back the frames that have been sent. */
  reclaim(): void {
    const { producer, consumer, entries } = this.#complete;
    const end = Atomics.load(producer, 0);
    let at = consumer[0];
    if (at === end) return;
    for (; at !== end; at = (at + 1) | 0) {
      const position = entries[(at & (ringFrames - 1)) * 2];
      this.#free[this.#freeCount++] = position - (position % frameBytes);
    }
    Atomics.store(consumer, 0, end);
  }

  #giveBack(frame: number): void {
    const at = (this.#filled & (ringFrames - 1)) * 2;
    this.#fill.entries[at] = frame;
    this.#fill.entries[at + 1] = 0;
    this.#filled = (this.#filled + 1) | 0;
  }

  #sayFilled(): void {
    Atomics.store(this.#fill.producer, 0, this.#filled);
  }

  /** The kernel sends so many in one call and then says that there are more. */
  #wakeSender(): void {
    const { flags, consumer } = this.#send;
    if ((Atomics.load(flags, 0) & NEED_WAKEUP) === 0) return;
    for (let before = -1; ; ) {
      if (this.#calls.sendto(this.fd, 0, 0, MSG_DONTWAIT, 0, 0) >= 0) return;
      const now = Atomics.load(consumer, 0);
      if (this.#calls.errno() !== errno.EAGAIN || now === this.#sent || now === before) return;
      before = now;
    }
  }
}

function ringAt(calls: SystemCalls, place: RingPlace, entryWords: number): Ring {
  const memory = calls.viewOf(place.address, place.bytes);
  return {
    producer: new Int32Array(memory, place.producer, 1),
    consumer: new Int32Array(memory, place.consumer, 1),
    flags: new Int32Array(memory, place.flags, 1),
    entries: new Int32Array(memory, place.entries, ringFrames * entryWords),
  };
}
