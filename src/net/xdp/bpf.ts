// The kernel's programs and maps (bpf(2)): made, filled, read, tried and attached, by descriptor.
import { errno } from '../layouts.ts';
import { PinnedMemory, type Region, writePointer } from '../pinned-memory.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';

/** Commands and types by their numbers in linux/bpf.h. */
const command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  programLoad: 5,
  testRun: 10,
  linkCreate: 28,
  linkUpdate: 29,
} as const;
export const MapType = { hash: 1, array: 2, perCpuArray: 6, lruHash: 9, rings: 17 } as const;
export type MapType = (typeof MapType)[keyof typeof MapType];
const XDP_PROGRAM = 6;
const XDP_ATTACH = 37;
/** How a program is attached (linux/if_link.h): in the driver, or in the kernel's generic code behind it. */
export const AttachMode = { generic: 1 << 1, driver: 1 << 2 } as const;
export type AttachMode = (typeof AttachMode)[keyof typeof AttachMode];

// union bpf_attr for each command: offsets in words, of which a pointer takes two.
const ofMap = { type: 0, keyBytes: 1, valueBytes: 2, elements: 3 } as const;
const ofElement = { map: 0, key: 2, value: 4 } as const;
const ofProgram = {
  ...{ type: 0, instructions: 1, code: 2, license: 4 },
  ...{ logLevel: 6, logBytes: 7, log: 8, attachType: 17 },
} as const;
const ofTest = {
  ...{ program: 0, action: 1, bytesIn: 2, bytesOut: 3 },
  ...{ dataIn: 4, dataOut: 6, repeat: 8, nanoseconds: 9 },
} as const;
const ofLink = { program: 0, interfaceIndex: 1, attachType: 2, flags: 3 } as const;
const ofLinkUpdate = { link: 0, program: 1 } as const;

const attributeBytes = 128;
const logBytes = 64 * 1024;
/** Larger than any packet that a program is tried on. */
const packetBytes = 2048;

/** One for each user; its methods are not for the path of a packet. */
export class Bpf {
  readonly #calls: SystemCalls;
  readonly #memory: PinnedMemory;
  readonly #attributes: Region;
  readonly #key: Region;
  readonly #value: Region;
  readonly #packet: Region;
  readonly #result: Region;
  readonly #log: Region;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#memory = new PinnedMemory(calls, attributeBytes + 1024 + 8192 + 2 * packetBytes + logBytes + 1024);
    this.#attributes = this.#memory.take(attributeBytes);
    this.#key = this.#memory.take(64);
    this.#value = this.#memory.take(8192);
    this.#packet = this.#memory.take(packetBytes);
    this.#result = this.#memory.take(packetBytes);
    this.#log = this.#memory.take(logBytes);
  }

  /** Makes a map and returns its descriptor. Throws SystemCallError. */
  createMap(type: MapType, keyBytes: number, valueBytes: number, elements: number): number {
    const { words } = this.#clear();
    words[ofMap.type] = type;
    words[ofMap.keyBytes] = keyBytes;
    words[ofMap.valueBytes] = valueBytes;
    words[ofMap.elements] = elements;
    return this.#make(command.mapCreate, 'a map');
  }

  /** Sets one element. Throws SystemCallError. */
  update(map: number, key: Uint8Array, value: Uint8Array): void {
    this.#value.bytes.set(value);
    this.#element(command.mapUpdate, map, key);
  }

  /** Takes one element away; false when there was none. Throws SystemCallError. */
  remove(map: number, key: Uint8Array): boolean {
    this.#name(map, key);
    // What a command does not know has to be 0: with a value the kernel refuses it.
    if (this.#call(command.mapDelete) === 0) return true;
    const error = this.#calls.errno();
    if (error !== errno.ENOENT) throw new SystemCallError('bpf', error, 'taking away an element of a map');
    return false;
  }

  /** The value of an element, `bytes` long (of a per-CPU map 8 for each possible CPU); undefined when there is none. */
  lookUp(map: number, key: Uint8Array, bytes: number): Uint8Array | undefined {
    this.#point(map, key);
    // The kernel writes no more than there is.
    this.#value.bytes.fill(0, 0, bytes);
    return this.#call(command.mapLookup) === 0 ? this.#value.bytes.slice(0, bytes) : undefined;
  }

  /** Loads a program for XDP and returns its descriptor. Throws SystemCallError; the kernel's own words stand in its message. */
  loadProgram(instructions: Uint8Array): number {
    const code = new PinnedMemory(this.#calls, instructions.length + 128);
    const at = code.take(instructions.length);
    at.bytes.set(instructions);
    const license = code.take(4);
    license.bytes.set([0x4d, 0x49, 0x54, 0]);
    try {
      const load = (withLog: boolean): number => {
        const { words } = this.#clear();
        words[ofProgram.type] = XDP_PROGRAM;
        words[ofProgram.instructions] = instructions.length / 8;
        writePointer(words, ofProgram.code, at.address);
        writePointer(words, ofProgram.license, license.address);
        if (withLog) {
          words[ofProgram.logLevel] = 1;
          words[ofProgram.logBytes] = logBytes;
          writePointer(words, ofProgram.log, this.#log.address);
        }
        words[ofProgram.attachType] = XDP_ATTACH;
        return this.#call(command.programLoad);
      };
      const fd = load(false);
      if (fd >= 0) return fd;
      const error = this.#calls.errno();
      this.#log.bytes.fill(0);
      load(true);
      const end = this.#log.bytes.indexOf(0);
      const said = Buffer.from(this.#log.bytes.subarray(0, end)).toString('latin1').trim();
      throw new SystemCallError(
        'bpf',
        error,
        `the filter program${said && `: ${said.split('\n').slice(-4).join(' | ')}`}`,
      );
    } finally {
      code.release();
    }
  }

  /**
   * Runs a program on a packet and returns what it says of it, what it has made of it, and how long it took, in ns, as the
   * mean of `repeat` runs, each of which finds the packet as the one before has left it.
   */
  tryProgram(
    program: number,
    packet: Uint8Array,
    repeat = 1,
  ): { action: number; packet: Uint8Array; nanoseconds: number } {
    const { words } = this.#clear();
    this.#packet.bytes.set(packet);
    words[ofTest.program] = program;
    words[ofTest.bytesIn] = packet.length;
    words[ofTest.bytesOut] = packetBytes;
    writePointer(words, ofTest.dataIn, this.#packet.address);
    writePointer(words, ofTest.dataOut, this.#result.address);
    words[ofTest.repeat] = repeat;
    if (this.#call(command.testRun) !== 0)
      throw new SystemCallError('bpf', this.#calls.errno(), 'a trial of the filter program');
    return {
      action: words[ofTest.action],
      packet: this.#result.bytes.slice(0, words[ofTest.bytesOut]),
      nanoseconds: words[ofTest.nanoseconds],
    };
  }

  /** Attaches a program to a network interface, for as long as the returned descriptor is open. Throws SystemCallError. */
  attach(program: number, interfaceIndex: number, mode: AttachMode): number {
    const { words } = this.#clear();
    words[ofLink.program] = program;
    words[ofLink.interfaceIndex] = interfaceIndex;
    words[ofLink.attachType] = XDP_ATTACH;
    words[ofLink.flags] = mode;
    return this.#make(command.linkCreate, 'attaching the filter program');
  }

  /** Puts a program in the place of the one that a link holds; no packet meets neither. Throws SystemCallError. */
  replace(link: number, program: number): void {
    const { words } = this.#clear();
    words[ofLinkUpdate.link] = link;
    words[ofLinkUpdate.program] = program;
    if (this.#call(command.linkUpdate) !== 0)
      throw new SystemCallError('bpf', this.#calls.errno(), 'another filter program in the place of one');
  }

  close(): void {
    this.#memory.release();
  }

  #element(kind: number, map: number, key: Uint8Array): void {
    this.#point(map, key);
    if (this.#call(kind) !== 0) throw new SystemCallError('bpf', this.#calls.errno(), 'an element of a map');
  }

  #point(map: number, key: Uint8Array): void {
    writePointer(this.#name(map, key), ofElement.value, this.#value.address);
  }

  #name(map: number, key: Uint8Array): Int32Array {
    const { words } = this.#clear();
    this.#key.bytes.set(key);
    words[ofElement.map] = map;
    writePointer(words, ofElement.key, this.#key.address);
    return words;
  }

  #make(kind: number, what: string): number {
    const fd = this.#call(kind);
    if (fd < 0) throw new SystemCallError('bpf', this.#calls.errno(), what);
    return fd;
  }

  #clear(): Region {
    this.#attributes.bytes.fill(0);
    return this.#attributes;
  }

  #call(kind: number): number {
    return this.#calls.bpf(kind, this.#attributes.address, attributeBytes);
  }
}
