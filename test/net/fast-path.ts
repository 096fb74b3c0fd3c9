// What every test of net/ starts from: the system calls where they work, a bound batch, and clients made of node:dgram.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { findFastPath } from '../../src/net/availability.ts';
import { DatagramBatch } from '../../src/net/datagram-batch.ts';
import type { SystemCalls } from '../../src/net/system-calls.ts';
import { closeUdpSockets, openUdpSockets, type UdpSocketOptions } from '../../src/net/udp-socket.ts';

const found = findFastPath();

/** Where there is no fast path its tests are skipped, with the reason; there the program uses node:dgram. */
export const fastPath = { skip: found.reason ?? false };
export const calls = found.calls as SystemCalls;

export function openBatch(test: TestContext, options: Partial<UdpSocketOptions> = {}, cells = 64) {
  const [socket] = openUdpSockets(calls, { address: '127.0.0.1', port: 0, ...options });
  const batch = new DatagramBatch(calls, socket, cells);
  test.after(() => {
    batch.close();
    closeUdpSockets(calls, [socket]);
  });
  return { socket: socket, batch };
}

/** A client of the other kind of sockets; `ask` sends and waits until the kernel has queued it at the receiver. */
export async function openClient(test: TestContext, family: 4 | 6 = 4, address?: string) {
  const client = createSocket(family === 4 ? 'udp4' : 'udp6');
  client.bind(0, address ?? (family === 4 ? '127.0.0.1' : '::1'));
  await once(client, 'listening');
  test.after(() => client.close());
  return client;
}

export function send(
  client: Socket,
  payload: Uint8Array | string,
  port: number,
  address: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.send(payload, port, address, (error) => (error ? reject(error) : resolve()));
  });
}

export async function nextMessage(client: Socket): Promise<{ payload: Buffer; from: RemoteInfo }> {
  const [payload, from] = (await once(client, 'message', { signal: AbortSignal.timeout(2000) })) as [
    Buffer,
    RemoteInfo,
  ];
  return { payload, from };
}

/** Answers every received datagram with its own bytes. */
export function echo(batch: DatagramBatch, cell: number): void {
  const length = batch.length(cell);
  const from = cell * 2048;
  batch.replyBytes.set(batch.bytes.subarray(from, from + length), batch.replyCell * 2048);
  batch.reply(cell, length);
}
