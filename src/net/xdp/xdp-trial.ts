// What can be found out about a network interface without touching it: whether its queues could be read, and by which driver.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { SOCK_CLOEXEC, SOCK_RAW } from '../layouts.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { SystemCalls } from '../system-calls.ts';
import { Bpf, MapType } from './bpf.ts';
import { filterCounts, filterProgram } from './filter-program.ts';
import { keyCount, keyElement } from './proof-program.ts';
import { unprovenKinds } from './unproven-limit.ts';
import { AF_XDP } from './xdp-handle.ts';

export interface XdpTrial {
  readonly queues: number;
  /** Undefined for what is no device, such as a veth. */
  readonly driver: string | undefined;
}

/** The interface's receive queues, numbered from 0. Throws when there is no such interface. */
export function queuesOf(interfaceName: string): number[] {
  const directory = `/sys/class/net/${interfaceName}/queues`;
  if (!existsSync(directory)) throw new Error(`there is no network interface ${interfaceName}`);
  return readdirSync(directory)
    .filter((queue) => queue.startsWith('rx-'))
    .map((_, number) => number);
}

/**
 * Loads the filter and opens a socket, and attaches neither: some drivers begin anew when a filter is attached.
 * @throws Error with what this process may not do here, or what the kernel does not know
 */
export function tryXdp(calls: SystemCalls, interfaceName: string, port: number): XdpTrial {
  const queues = queuesOf(interfaceName).length;
  const fd = calls.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError('socket', calls.errno(), 'AF_XDP (CAP_NET_RAW)');
  calls.close(fd);
  const bpf = new Bpf(calls);
  const descriptors: number[] = [];
  const keep = (descriptor: number) => {
    descriptors.push(descriptor);
    return descriptor;
  };
  try {
    const maps = {
      rings: keep(bpf.createMap(MapType.rings, 4, 4, 1)),
      addresses: keep(bpf.createMap(MapType.hash, 16, 4, 1)),
      counts: keep(bpf.createMap(MapType.perCpuArray, 4, 8, filterCounts)),
    };
    const ids = {
      proof: { keys: keep(bpf.createMap(MapType.array, 4, keyElement.bytes, keyCount)) },
      unproven: keep(bpf.createMap(MapType.perCpuArray, 4, 8, unprovenKinds)),
      limit: { rate: 1, burst: 1, sources: keep(bpf.createMap(MapType.lruHash, 16, 8, 64)) },
    };
    keep(bpf.loadProgram(filterProgram(maps, [port], { ids })));
  } finally {
    for (const descriptor of descriptors) calls.close(descriptor);
    bpf.close();
  }
  return { queues, driver: driverOf(interfaceName) };
}

function driverOf(interfaceName: string): string | undefined {
  try {
    return basename(readlinkSync(`/sys/class/net/${interfaceName}/device/driver`));
  } catch {
    return undefined;
  }
}
