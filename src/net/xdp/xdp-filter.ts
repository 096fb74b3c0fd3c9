// The filter of one network interface, seen by whoever owns it: attached, told of addresses and rings, read, and gone when it closes.
import { readFileSync } from 'node:fs';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';
import { AttachMode, Bpf, MapType } from './bpf.ts';
import {
  FilterCount,
  type FilterMaps,
  filterCounts,
  filterProgram,
  type KnownIds,
} from './filter-program.ts';
import { kernelHasOurClock } from './kernel-clock.ts';
import { keyCount, keyElement } from './proof-program.ts';
import { mostSources, type SourceLimit } from './source-limit.ts';
import { unprovenKinds } from './unproven-limit.ts';

/** How the filter is attached: in the driver, or in the kernel's generic code, after it has made its own buffer. */
export type XdpAttachment = 'driver' | 'generic';

export interface XdpFilterOptions {
  readonly interfaceName: string;
  readonly ports: readonly number[];
  /** 16 bytes each, IPv4 as ::ffff:a.b.c.d. */
  readonly addresses: readonly Uint8Array[];
  /** Whether what no client sends is dropped. */
  readonly shield: boolean;
  /** With a shield: by what it knows who proves an address, and answers connects that are too many. */
  readonly ids?: ShieldIds | undefined;
  /** Another filter's place on this interface, its descriptor this one's own from now on: that one's program gives way. */
  readonly before?: { readonly attachment: XdpAttachment; readonly descriptor: number } | undefined;
}

export interface ShieldIds {
  /** Of connection_ids, 16 secret bytes each; of `aheadSeconds` see Proof. */
  readonly keys: {
    readonly current: Uint8Array;
    readonly previous?: Uint8Array;
    readonly aheadSeconds?: number;
  };
  /** Above how much a source's packets are dropped, if it proves its address. */
  readonly limit?: Pick<SourceLimit, 'rate' | 'burst'> | undefined;
}

const mostQueues = 64;
const mostAddresses = 1024;

/** What the filter has counted since it was attached. */
export type FilterCounts = Readonly<Record<keyof typeof FilterCount, number>>;

export class XdpFilter {
  readonly attachment: XdpAttachment;
  readonly interfaceIndex: number;
  readonly #calls: SystemCalls;
  readonly #bpf: Bpf;
  readonly #descriptors: number[] = [];
  readonly #maps: FilterMaps;
  readonly #ports: readonly number[];
  readonly #shield: boolean;
  readonly #processors: number;
  /** The program in force, and the maps that are its alone. */
  #own: readonly number[] = [];
  #link = -1;

  /** Throws SystemCallError, or Error when there is no such interface. */
  constructor(calls: SystemCalls, options: XdpFilterOptions) {
    const { interfaceName, ports, addresses, shield, ids, before } = options;
    this.#calls = calls;
    this.interfaceIndex = indexOf(interfaceName);
    this.#ports = ports;
    this.#shield = shield;
    this.#processors = possibleProcessors();
    this.#bpf = new Bpf(calls);
    try {
      this.#maps = {
        rings: this.#keep(this.#bpf.createMap(MapType.rings, 4, 4, mostQueues)),
        addresses: this.#keep(this.#bpf.createMap(MapType.hash, 16, 4, mostAddresses)),
        counts: this.#keep(this.#bpf.createMap(MapType.perCpuArray, 4, 8, filterCounts)),
      };
      for (const address of addresses) this.#bpf.update(this.#maps.addresses, address, present);
      const own = this.#load(ids);
      this.#own = own;
      this.attachment = this.#attach(own[0], before);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives a queue's packets to a ring (an AF_XDP descriptor). */
  setRing(queue: number, descriptor: number): void {
    this.#bpf.update(this.#maps.rings, word(queue), word(descriptor));
  }

  /** Lets a queue's packets pass to the kernel again. */
  clearRing(queue: number): void {
    this.#bpf.remove(this.#maps.rings, word(queue));
  }

  /**
   * Goes by another limit, and by other keys, from the next packet on; every source begins anew. Without a shield there is none.
   * @throws SystemCallError; then it goes on as before
   */
  changeIds(ids: ShieldIds): void {
    if (!this.#shield) return;
    const before = this.#own;
    const own = this.#load(ids);
    try {
      this.#bpf.replace(this.#link, own[0]);
    } catch (error) {
      this.#close(own);
      throw error;
    }
    this.#own = own;
    this.#close(before);
  }

  addAddress(address: Uint8Array): void {
    this.#bpf.update(this.#maps.addresses, address, present);
  }

  removeAddress(address: Uint8Array): void {
    this.#bpf.remove(this.#maps.addresses, address);
  }

  counts(): FilterCounts {
    return Object.fromEntries(
      Object.entries(FilterCount).map(([name, key]) => {
        const value = this.#bpf.lookUp(this.#maps.counts, word(key), this.#processors * 8);
        const numbers = value === undefined ? [] : [...new BigUint64Array(value.buffer)];
        return [name, Number(numbers.reduce((sum, number) => sum + number, 0n))];
      }),
    ) as FilterCounts;
  }

  /** What holds it to its interface. Another process that has it too can put its own program there. */
  get link(): number {
    return this.#link;
  }

  /** Detaches it, unless another process holds the link: all packets pass to the kernel again, as they do when the process ends. */
  close(): void {
    this.#close(this.#descriptors.splice(0).reverse());
    this.#close(this.#own);
    this.#own = [];
    this.#bpf.close();
  }

  /** A program, and the maps that it alone has. */
  #load(ids: ShieldIds | undefined): [program: number, ...maps: number[]] {
    const own: number[] = [];
    try {
      const known = ids && kernelHasOurClock() ? this.#idMaps(ids, own) : undefined;
      const code = filterProgram(this.#maps, this.#ports, this.#shield ? { ids: known } : undefined);
      return [this.#bpf.loadProgram(code), ...own];
    } catch (error) {
      this.#close(own);
      throw error;
    }
  }

  /** @param own is given what is to be closed */
  #idMaps({ keys, limit }: ShieldIds, own: number[]): KnownIds {
    const map = (fd: number) => {
      own.push(fd);
      return fd;
    };
    const proof = {
      keys: map(this.#bpf.createMap(MapType.array, 4, keyElement.bytes, keyCount)),
      aheadSeconds: keys.aheadSeconds,
    };
    for (const [number, key] of [keys.current, keys.previous].entries())
      this.#bpf.update(proof.keys, word(number), keyValue(key));
    return {
      proof,
      unproven: map(this.#bpf.createMap(MapType.perCpuArray, 4, 8, unprovenKinds)),
      limit: limit && { ...limit, sources: map(this.#bpf.createMap(MapType.lruHash, 16, 8, mostSources)) },
    };
  }

  #close(fds: readonly number[]): void {
    for (const fd of fds) this.#calls.close(fd);
  }

  #attach(program: number, before: XdpFilterOptions['before']): XdpAttachment {
    if (before !== undefined) {
      this.#link = this.#keep(before.descriptor);
      this.#bpf.replace(this.#link, program);
      return before.attachment;
    }
    try {
      this.#link = this.#keep(this.#bpf.attach(program, this.interfaceIndex, AttachMode.driver));
      return 'driver';
    } catch (error) {
      // EBUSY: another program is there, and would be in the generic place too.
      if (!(error instanceof SystemCallError) || error.code === 'EBUSY' || error.code === 'EPERM')
        throw error;
    }
    this.#link = this.#keep(this.#bpf.attach(program, this.interfaceIndex, AttachMode.generic));
    return 'generic';
  }

  #keep(fd: number): number {
    this.#descriptors.push(fd);
    return fd;
  }
}

/** An element of the map of keys. */
export function keyValue(key: Uint8Array | undefined): Uint8Array {
  const value = new Uint8Array(keyElement.bytes);
  if (key !== undefined) {
    value.set(key, keyElement.key0);
    value[keyElement.isThere] = 1;
  }
  return value;
}

const present = Uint8Array.of(1, 0, 0, 0);

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function indexOf(interfaceName: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${interfaceName}/ifindex`, 'latin1'));
  } catch {
    throw new Error(`there is no network interface ${interfaceName}`);
  }
}

/** Of a per-CPU map each possible CPU has a value, also those that are not there. */
export function possibleProcessors(): number {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim();
  return Number(text.split(/[-,]/).at(-1)) + 1;
}
