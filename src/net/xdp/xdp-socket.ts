// One queue of a network interface read and written through rings that the kernel shares with us (AF_XDP, linux/if_xdp.h).
//
// Packets lie in frames of one memory (UMEM). Four rings of positions say whose a frame is: fill (ours → kernel, to be
// received into), receive (kernel → ours, received), send (ours → kernel), complete (kernel → ours, sent). In the first
// half of the frames packets are received, from the second they are sent.

import { errno, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_RAW } from '../layouts.ts';
import { PinnedMemory, type Region, writePointer } from '../pinned-memory.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';

const AF_XDP = 44;
const SOL_XDP = 283;
const option = {
  offsets: 1,
  receiveRing: 2,
  sendRing: 3,
  memory: 4,
  fillRing: 5,
  completeRing: 6,
  statistics: 7,
  options: 8,
  sendBudget: 9,
} as const;
const pageOffset = { receive: 0, send: 0x80000000, fill: 0x100000000, complete: 0x180000000 } as const;
const bindFlag = { copy: 2, zeroCopy: 4, needWakeup: 8 } as const;
const NEED_WAKEUP = 1;

export const frameBytes = 2048;
/** What the kernel leaves free before a packet, for programs that put something there. */
const kernelHeadroom = 256;
/**
 * Two bytes more, so that behind the 14 of Ethernet (and a VLAN tag's 4) everything else is aligned to 4 bytes. A packet
 * that is sent begins at the same place in its frame.
 */
const headroom = 2;
export const packetAt = kernelHeadroom + headroom;
/** As many as each ring holds; a power of two. */
const ringFrames = 2048;
const frames = 2 * ringFrames;
const pageBytes = 4096;
/** Frames that the kernel sends in one call, where it lets itself be told (Linux 6.17 and later); otherwise 32. */
const sendBudget = ringFrames;

/** How packets come into the frames. */
export type XdpCopying = 'zero-copy' | 'copy';

export interface XdpSocketOptions {
  readonly interfaceIndex: number;
  /** From 0. */
  readonly queue: number;
}

interface Ring {
  /** Counted up by whoever puts in, and by whoever takes out; never masked. */
  readonly producer: Int32Array;
  readonly consumer: Int32Array;
  readonly flags: Int32Array;
  /** 2 words an entry of fill and complete, 4 of receive and send. */
  readonly entries: Int32Array;
}

/** Of one thread; the descriptor may be watched with epoll. */
export class XdpSocket {
  readonly fd: number;
  readonly copying: XdpCopying;
  /** All frames, one behind the other. */
  readonly memory: ArrayBuffer;
  readonly #calls: SystemCalls;
  readonly #scratch: PinnedMemory;
  readonly #value: Region;
  readonly #length: Region;
  readonly #mapped: { address: number; bytes: number }[] = [];
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

  /** Opens and binds it. Throws SystemCallError. */
  constructor(calls: SystemCalls, { interfaceIndex, queue }: XdpSocketOptions) {
    this.#calls = calls;
    this.#scratch = new PinnedMemory(calls, 256);
    this.#value = this.#scratch.take(128);
    this.#length = this.#scratch.take(4);
    const value = this.#value;
    const fd = calls.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SystemCallError('socket', calls.errno(), 'AF_XDP');
    this.fd = fd;
    try {
      const bytes = frames * frameBytes;
      const address = calls.mapAnonymous(bytes);
      if (address < 0) throw new SystemCallError('mmap', calls.errno(), 'frames');
      this.#mapped.push({ address, bytes });
      this.memory = calls.viewOf(address, bytes);
      this.#register(value, address, bytes);
      for (const ring of [option.fillRing, option.completeRing, option.receiveRing, option.sendRing]) {
        value.words[0] = ringFrames;
        this.#set(ring, value, 4, 'a ring');
      }
      value.words[0] = sendBudget;
      calls.setsockopt(fd, SOL_XDP, option.sendBudget, value.address, 4);
      const offsets = this.#readOffsets();
      this.#receive = this.#map(offsets, 0, pageOffset.receive, 4);
      this.#send = this.#map(offsets, 1, pageOffset.send, 4);
      this.#fill = this.#map(offsets, 2, pageOffset.fill, 2);
      this.#complete = this.#map(offsets, 3, pageOffset.complete, 2);
      this.copying = this.#bind(interfaceIndex, queue);
    } catch (error) {
      this.close();
      throw error;
    }
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
    if (this.#unsaid === 0) return;
    this.#unsaid = 0;
    Atomics.store(this.#send.producer, 0, this.#sent);
    this.#wakeSender();
    this.reclaim();
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

  /** What the kernel counts: packets dropped for whatever reason, for a full receive ring, for an empty fill ring. */
  statistics(): { dropped: number; ringFull: number; noFrame: number } {
    const value = this.#value;
    const length = this.#length;
    length.words[0] = 48;
    if (this.#calls.getsockopt(this.fd, SOL_XDP, option.statistics, value.address, length.address) !== 0)
      return { dropped: 0, ringFull: 0, noFrame: 0 };
    const numbers = new BigUint64Array(value.bytes.buffer, value.bytes.byteOffset, 6);
    return { dropped: Number(numbers[0]), ringFull: Number(numbers[3]), noFrame: Number(numbers[4]) };
  }

  close(): void {
    this.#calls.close(this.fd);
    for (const { address, bytes } of this.#mapped.splice(0)) this.#calls.unmap(address, bytes);
    this.#scratch.release();
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

  #register(value: Region, address: number, bytes: number): void {
    value.bytes.fill(0);
    writePointer(value.words, 0, address);
    writePointer(value.words, 2, bytes);
    value.words[4] = frameBytes;
    value.words[5] = headroom;
    this.#set(option.memory, value, 32, 'frames (their memory is locked: see LimitMEMLOCK)');
  }

  #set(name: number, value: Region, length: number, what: string): void {
    if (this.#calls.setsockopt(this.fd, SOL_XDP, name, value.address, length) !== 0)
      throw new SystemCallError('setsockopt', this.#calls.errno(), what);
  }

  /** For receive, send, fill and complete where producer, consumer, entries and flags lie in their mapping. */
  #readOffsets(): number[] {
    const value = this.#value;
    const length = this.#length;
    length.words[0] = 128;
    if (this.#calls.getsockopt(this.fd, SOL_XDP, option.offsets, value.address, length.address) !== 0)
      throw new SystemCallError('getsockopt', this.#calls.errno(), 'offsets of the rings');
    return Array.from(new BigUint64Array(value.bytes.buffer, value.bytes.byteOffset, 16), Number);
  }

  #map(offsets: readonly number[], index: number, offset: number, entryWords: number): Ring {
    const [producer, consumer, entries, flags] = offsets.slice(index * 4, index * 4 + 4);
    const bytes = Math.ceil((entries + ringFrames * entryWords * 4) / pageBytes) * pageBytes;
    const address = this.#calls.mapShared(this.fd, bytes, offset);
    if (address < 0) throw new SystemCallError('mmap', this.#calls.errno(), 'a ring');
    this.#mapped.push({ address, bytes });
    const memory = this.#calls.viewOf(address, bytes);
    return {
      producer: new Int32Array(memory, producer, 1),
      consumer: new Int32Array(memory, consumer, 1),
      flags: new Int32Array(memory, flags, 1),
      entries: new Int32Array(memory, entries, ringFrames * entryWords),
    };
  }

  /** Without copies where the driver can, and otherwise with them. */
  #bind(interfaceIndex: number, queue: number): XdpCopying {
    const name = this.#value;
    for (const [copying, flag] of [
      ['zero-copy', bindFlag.zeroCopy],
      ['copy', bindFlag.copy],
    ] as const) {
      name.units[0] = AF_XDP;
      name.units[1] = flag | bindFlag.needWakeup;
      name.words[1] = interfaceIndex;
      name.words[2] = queue;
      name.words[3] = 0;
      if (this.#calls.bind(this.fd, name.address, 16) === 0) return copying;
    }
    throw new SystemCallError('bind', this.#calls.errno(), `queue ${queue} of interface ${interfaceIndex}`);
  }
}
