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
  type XdpRing,
} from './xdp-handle.ts';

const NEED_WAKEUP = 1;
/** An item of fill and complete: where a frame lies, in 64 bits. */
const position = { low: 0, high: 1, size: 2 } as const;
/** An item of receive and send (struct xdp_desc): where a packet lies, in 64 bits, its length, options. */
const descriptor = { low: 0, high: 1, length: 2, options: 3, size: 4 } as const;
const itemSizes: Record<XdpRing, number> = {
  ...{ receive: descriptor.size, send: descriptor.size },
  ...{ fill: position.size, complete: position.size },
};
if (ringKinds.some(({ name, itemWords }) => itemWords !== itemSizes[name]))
  throw new RangeError('an item of a ring is not as long as what it says');

interface Ring {
  /** Counted up by whoever puts in, and by whoever takes out; never masked. */
  readonly producer: Int32Array;
  readonly consumer: Int32Array;
  readonly flags: Int32Array;
  /** `position` of fill and complete, `descriptor` of receive and send. */
  readonly items: Int32Array;
}

/** Nobody has used the handle before: all frames are ours when it begins. The descriptor may be added to an epoll. */
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
    const ring = (wanted: XdpRing) => {
      const index = ringKinds.findIndex(({ name }) => name === wanted);
      return ringAt(calls, rings[index], itemSizes[wanted]);
    };
    this.#receive = ring('receive');
    this.#send = ring('send');
    this.#fill = ring('fill');
    this.#complete = ring('complete');
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
    return this.#receive.items[this.#descriptorAt(ahead) + descriptor.low];
  }

  /** Its length in bytes. */
  lengthAt(ahead: number): number {
    return this.#receive.items[this.#descriptorAt(ahead) + descriptor.length];
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
    const { items } = this.#send;
    const at = (this.#sent & (ringFrames - 1)) * descriptor.size;
    items[at + descriptor.low] = this.#free[--this.#freeCount] + packetAt;
    items[at + descriptor.high] = 0;
    items[at + descriptor.length] = length;
    items[at + descriptor.options] = 0;
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
    const { producer, consumer, items } = this.#complete;
    const end = Atomics.load(producer, 0);
    let at = consumer[0];
    if (at === end) return;
    for (; at !== end; at = (at + 1) | 0) {
      const sent = items[(at & (ringFrames - 1)) * position.size + position.low];
      this.#free[this.#freeCount++] = sent - (sent % frameBytes);
    }
    Atomics.store(consumer, 0, end);
  }

  /** Where the descriptor stands that is `ahead` of the next. */
  #descriptorAt(ahead: number): number {
    return ((this.#received + ahead) & (ringFrames - 1)) * descriptor.size;
  }

  #giveBack(frame: number): void {
    const at = (this.#filled & (ringFrames - 1)) * position.size;
    this.#fill.items[at + position.low] = frame;
    this.#fill.items[at + position.high] = 0;
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

function ringAt(calls: SystemCalls, place: RingPlace, itemWords: number): Ring {
  const memory = calls.viewOf(place.address, place.bytes);
  return {
    producer: new Int32Array(memory, place.producer, 1),
    consumer: new Int32Array(memory, place.consumer, 1),
    flags: new Int32Array(memory, place.flags, 1),
    items: new Int32Array(memory, place.items, ringFrames * itemWords),
  };
}
