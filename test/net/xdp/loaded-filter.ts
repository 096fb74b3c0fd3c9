// A filter program in the kernel with maps of its own, to be run on packets; and whether this process may load one.
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadSystemCalls } from '../../../src/net/system-calls.ts';
import { Bpf, MapType } from '../../../src/net/xdp/bpf.ts';
import { type FilterMaps, filterCounts, filterProgram } from '../../../src/net/xdp/filter-program.ts';
import { keyCount, keyElement } from '../../../src/net/xdp/proof-program.ts';
import { type Unproven, unprovenKinds } from '../../../src/net/xdp/unproven-limit.ts';
import { keyValue, possibleProcessors } from '../../../src/net/xdp/xdp-filter.ts';
import { monotonicSeconds } from '../../../src/server/clock.ts';
import { ourIpv4, ourIpv6 } from './packets.ts';

const { calls } = loadSystemCalls();
const loaded = calls && new Bpf(calls);

/** Only where `skip` is false. */
export const bpf = loaded!;
export const skip = whyNot();

function whyNot(): string | false {
  if (!calls || !loaded) return 'there are no system calls here';
  try {
    calls.close(loaded.createMap(MapType.hash, 16, 4, 8));
    calls.close(loaded.createMap(MapType.lruHash, 16, 8, 64));
    return false;
  } catch (error) {
    return `the kernel lets this process load no program: ${(error as Error).message}`;
  }
}

const descriptors: number[] = [];
after(() => {
  for (const fd of descriptors) calls?.close(fd);
  loaded?.close();
});

/** What is to be closed when the tests of this file are over. */
export function closeAfterwards(...fds: number[]): void {
  descriptors.push(...fds);
}

export const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
/** An IPv4 address as a map holds it. */
export const mapped = (address: readonly number[]) => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...address];

/** Loads the program that `write` makes for new maps, which know our two addresses and no ring. */
export function loadFilter(write: (maps: FilterMaps) => Uint8Array<ArrayBuffer>): {
  readonly program: number;
  /** By `FilterCount`. */
  counted(which: number): number;
} {
  const maps = {
    rings: bpf.createMap(MapType.rings, 4, 4, 64),
    addresses: bpf.createMap(MapType.hash, 16, 4, 16),
    counts: bpf.createMap(MapType.perCpuArray, 4, 8, filterCounts),
  };
  for (const ours of [mapped(ourIpv4), ourIpv6])
    bpf.update(maps.addresses, Uint8Array.from(ours), Uint8Array.of(1, 0, 0, 0));
  const program = bpf.loadProgram(write(maps));
  closeAfterwards(...Object.values(maps), program);
  return {
    program,
    counted(which) {
      const bytes = bpf.lookUp(maps.counts, word(which), 8 * 64)!;
      return Number(new BigUint64Array(bytes.buffer).reduce((sum, number) => sum + number, 0n));
    },
  };
}

export interface IdOptions {
  keys: readonly (Uint8Array | undefined)[];
  aheadSeconds?: number | undefined;
  limit?: { rate: number; burst: number } | undefined;
}

/** The program with a shield that knows ids. */
export function loadWithIds({ keys, aheadSeconds, limit }: IdOptions) {
  const keyMap = bpf.createMap(MapType.array, 4, keyElement.bytes, keyCount);
  const unproven = bpf.createMap(MapType.perCpuArray, 4, 8, unprovenKinds);
  const sources = bpf.createMap(MapType.lruHash, 16, 8, 1024);
  closeAfterwards(keyMap, unproven, sources);
  const setKeys = (...both: (Uint8Array | undefined)[]) => {
    for (const key of [0, 1]) bpf.update(keyMap, word(key), keyValue(both[key]));
  };
  setKeys(...keys);
  const ids = { proof: { keys: keyMap, aheadSeconds }, unproven, limit: limit && { ...limit, sources } };
  return {
    ...loadFilter((maps) => filterProgram(maps, [6969], { ids })),
    sources,
    setKeys,
    /** Leaves no allowance of that kind on any processor for a minute. */
    useUp(kind: Unproven) {
      const until = process.hrtime.bigint() + 60_000_000_000n;
      bpf.update(
        unproven,
        word(kind),
        new Uint8Array(new BigUint64Array(possibleProcessors()).fill(until).buffer),
      );
    },
  };
}

export const epochSeconds = 64;

/** Waits so that what is of this epoch now is so for the seconds that a test takes. */
export async function beginInOneEpoch(testSeconds = 3): Promise<void> {
  const left = epochSeconds - (monotonicSeconds() % epochSeconds);
  if (left <= testSeconds) await pause(left * 1000);
}
