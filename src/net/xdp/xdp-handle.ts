// Opens a queue of a network interface for reading and writing through rings that the kernel shares with us (AF_XDP,
// linux/if_xdp.h), for whichever thread uses it then.
//
// Packets lie in frames of one memory (UMEM). Four rings of positions say whose a frame is: fill (ours → kernel, to be
// received into), receive (kernel → ours, received), send (ours → kernel), complete (kernel → ours, sent). In the first
// half of the frames packets are received, from the second they are sent.
import { SOCK_CLOEXEC, SOCK_RAW } from '../layouts.ts';
import { PinnedMemory, type Region, writePointer } from '../pinned-memory.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';

export const AF_XDP = 44;
const SOL_XDP = 283;
const xdpOption = {
  offsets: 1,
  receiveRing: 2,
  sendRing: 3,
  memory: 4,
  fillRing: 5,
  completeRing: 6,
  statistics: 7,
  sendBudget: 9,
} as const;
const bindFlag = { copy: 2, zeroCopy: 4, needWakeup: 8 } as const;

// Structs of linux/if_xdp.h: offsets in words (of which an address or a size takes two), in units of 16 bits, or in numbers of 64.
const memoryWord = { address: 0, bytes: 2, frameBytes: 4, headroom: 5, size: 8 } as const;
const boundUnit = { family: 0, flags: 1 } as const;
const boundWord = { interfaceIndex: 1, queue: 2, sharedWith: 3, size: 4 } as const;
const lossNumber = { dropped: 0, ringFull: 3, noFrame: 4, size: 6 } as const;

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
export const ringFrames = 2048;
export const frames = 2 * ringFrames;
const pageBytes = 4096;
/** Frames that the kernel sends in one call, where it lets itself be told; otherwise 32. */
const sendBudget = ringFrames;

if ((frameBytes & (frameBytes - 1)) !== 0 || pageBytes % frameBytes !== 0 || packetAt >= frameBytes)
  throw new RangeError('a frame is no part of a page that is a power of two, or has no room for a packet');
if ((ringFrames & (ringFrames - 1)) !== 0 || frames * frameBytes > 2 ** 31)
  throw new RangeError('a ring is no power of two, or a position of a frame needs two words');

/** How packets come into the frames. */
export type XdpCopying = 'zero-copy' | 'copy';

export interface XdpQueue {
  readonly interfaceIndex: number;
  /** From 0. */
  readonly queue: number;
}

/** In the order in which the kernel tells their offsets. */
export const ringKinds = [
  { name: 'receive', option: xdpOption.receiveRing, pageOffset: 0, itemWords: 4 },
  { name: 'send', option: xdpOption.sendRing, pageOffset: 0x80000000, itemWords: 4 },
  { name: 'fill', option: xdpOption.fillRing, pageOffset: 0x100000000, itemWords: 2 },
  { name: 'complete', option: xdpOption.completeRing, pageOffset: 0x180000000, itemWords: 2 },
] as const;

export type XdpRing = (typeof ringKinds)[number]['name'];

/** Where a ring lies: all in bytes. */
export interface RingPlace {
  readonly address: number;
  readonly bytes: number;
  readonly producer: number;
  readonly consumer: number;
  readonly items: number;
  readonly flags: number;
}

/** Plain data: another thread makes an XdpSocket of it. */
export interface XdpHandle {
  readonly fd: number;
  readonly copying: XdpCopying;
  readonly memory: number;
  /** By `ringKinds`. */
  readonly rings: readonly RingPlace[];
}

/** Opens and binds it, without copies where the driver can. Throws SystemCallError; then nothing is left open. */
export function openXdpSocket(calls: SystemCalls, queue: XdpQueue): XdpHandle {
  const fd = calls.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError('socket', calls.errno(), 'AF_XDP');
  const opening = new Opening(calls, fd);
  try {
    const memory = opening.takeMemory();
    const rings = opening.makeRings();
    return { fd, copying: opening.bind(queue), memory, rings };
  } catch (error) {
    calls.close(fd);
    opening.unmapAll();
    throw error;
  } finally {
    opening.release();
  }
}

/** Closes what no thread uses any more. */
export function closeXdpSocket(calls: SystemCalls, { fd, memory, rings }: XdpHandle): void {
  calls.close(fd);
  for (const { address, bytes } of rings) calls.unmap(address, bytes);
  calls.unmap(memory, frames * frameBytes);
}

/** Packets that the kernel has not put into the receive ring: for whatever reason, as it was full, as there was no frame. */
export interface XdpLosses {
  readonly dropped: number;
  readonly ringFull: number;
  readonly noFrame: number;
}

/** Since it was opened; zeros where the kernel does not say. */
export function readXdpLosses(calls: SystemCalls, { fd }: XdpHandle): XdpLosses {
  const scratch = new PinnedMemory(calls, 192);
  const { bytes, address } = scratch.take(64);
  const length = scratch.take(4);
  length.words[0] = lossNumber.size * 8;
  calls.getsockopt(fd, SOL_XDP, xdpOption.statistics, address, length.address);
  const numbers = Array.from(new BigUint64Array(bytes.buffer, bytes.byteOffset, lossNumber.size), Number);
  scratch.release();
  return {
    dropped: numbers[lossNumber.dropped],
    ringFull: numbers[lossNumber.ringFull],
    noFrame: numbers[lossNumber.noFrame],
  };
}

class Opening {
  readonly #calls: SystemCalls;
  readonly #fd: number;
  readonly #scratch: PinnedMemory;
  readonly #value: Region;
  readonly #length: Region;
  readonly #mapped: { address: number; bytes: number }[] = [];

  constructor(calls: SystemCalls, fd: number) {
    this.#calls = calls;
    this.#fd = fd;
    this.#scratch = new PinnedMemory(calls, 256);
    this.#value = this.#scratch.take(128);
    this.#length = this.#scratch.take(4);
  }

  takeMemory(): number {
    const bytes = frames * frameBytes;
    const address = this.#calls.mapAnonymous(bytes);
    if (address < 0) throw new SystemCallError('mmap', this.#calls.errno(), 'frames');
    this.#mapped.push({ address, bytes });
    const { words } = this.#value;
    this.#value.bytes.fill(0);
    writePointer(words, memoryWord.address, address);
    writePointer(words, memoryWord.bytes, bytes);
    words[memoryWord.frameBytes] = frameBytes;
    words[memoryWord.headroom] = headroom;
    this.#set(xdpOption.memory, memoryWord.size * 4, 'frames, whose memory is locked (see LimitMEMLOCK)');
    return address;
  }

  makeRings(): RingPlace[] {
    for (const { option, name } of ringKinds) {
      this.#value.words[0] = ringFrames;
      this.#set(option, 4, `the ${name} ring`);
    }
    this.#value.words[0] = sendBudget;
    // An old kernel does not know it.
    this.#calls.setsockopt(this.#fd, SOL_XDP, xdpOption.sendBudget, this.#value.address, 4);
    this.#length.words[0] = 128;
    const { address: value } = this.#value;
    if (this.#calls.getsockopt(this.#fd, SOL_XDP, xdpOption.offsets, value, this.#length.address) !== 0)
      throw new SystemCallError('getsockopt', this.#calls.errno(), 'offsets of the rings');
    const { buffer, byteOffset } = this.#value.bytes;
    const offsets = Array.from(new BigUint64Array(buffer, byteOffset, 4 * ringKinds.length), Number);
    return ringKinds.map((kind, index) => {
      const [producer, consumer, items, flags] = offsets.slice(index * 4);
      const bytes = Math.ceil((items + ringFrames * kind.itemWords * 4) / pageBytes) * pageBytes;
      const address = this.#calls.mapShared(this.#fd, bytes, kind.pageOffset);
      if (address < 0) throw new SystemCallError('mmap', this.#calls.errno(), `the ${kind.name} ring`);
      this.#mapped.push({ address, bytes });
      return { address, bytes, producer, consumer, items, flags };
    });
  }

  bind({ interfaceIndex, queue }: XdpQueue): XdpCopying {
    const { units, words, address } = this.#value;
    for (const [copying, flag] of [
      ['zero-copy', bindFlag.zeroCopy],
      ['copy', bindFlag.copy],
    ] as const) {
      units[boundUnit.family] = AF_XDP;
      units[boundUnit.flags] = flag | bindFlag.needWakeup;
      words[boundWord.interfaceIndex] = interfaceIndex;
      words[boundWord.queue] = queue;
      words[boundWord.sharedWith] = 0;
      if (this.#calls.bind(this.#fd, address, boundWord.size * 4) === 0) return copying;
    }
    throw new SystemCallError('bind', this.#calls.errno(), `queue ${queue}`);
  }

  unmapAll(): void {
    for (const { address, bytes } of this.#mapped) this.#calls.unmap(address, bytes);
  }

  release(): void {
    this.#scratch.release();
  }

  #set(name: number, length: number, what: string): void {
    if (this.#calls.setsockopt(this.#fd, SOL_XDP, name, this.#value.address, length) !== 0)
      throw new SystemCallError('setsockopt', this.#calls.errno(), what);
  }
}
