// Knows how to send one raw packet to a UDP tracker and see everything that comes back, from wherever it comes.
import { createSocket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import type { Endpoint } from '../network/name-lookup.ts';

export interface Seen {
  packet: Buffer;
  address: string;
  port: number;
}

export interface ProbeOptions {
  /** The socket's own address; undefined: any. */
  localAddress?: string;
  /** How long to listen; with `first`, at most so long. */
  waitMs: number;
  /** End at the first packet. */
  first?: boolean;
}

// Whatever a tracker does, no more than this is kept.
const mostPackets = 64;

/** Sends `packet` once from an unconnected socket. Errors of the network are silence. */
export async function probe(endpoint: Endpoint, packet: Uint8Array, options: ProbeOptions): Promise<Seen[]> {
  const socket = createSocket(endpoint.family === 6 ? 'udp6' : 'udp4');
  const seen: Seen[] = [];
  const enough = new AbortController();
  socket.on('error', () => enough.abort());
  socket.on('message', (bytes, { address, port }) => {
    if (seen.length < mostPackets) seen.push({ packet: bytes, address, port });
    if (options.first) enough.abort();
  });
  try {
    await new Promise<void>((resolve) =>
      socket.bind(0, options.localAddress, resolve).once('error', () => resolve()),
    );
    if (!enough.signal.aborted) {
      socket.send(packet, endpoint.port, endpoint.address, () => {});
      await pause(options.waitMs, undefined, { signal: enough.signal }).catch(() => {});
    }
    return seen;
  } finally {
    socket.close();
  }
}

/** The first answer to `packet`, if there is one. */
export async function probeFirst(
  endpoint: Endpoint,
  packet: Uint8Array,
  waitMs: number,
  localAddress?: string,
): Promise<Seen | undefined> {
  const options = localAddress === undefined ? {} : { localAddress };
  const [reply] = await probe(endpoint, packet, { waitMs, first: true, ...options });
  return reply;
}
