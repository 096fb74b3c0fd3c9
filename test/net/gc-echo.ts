// The child of gc-pressure.test.ts: two batches talk to each other while garbage is made and collected.
import { findFastPath } from '../../src/net/availability.ts';
import { cellBytes, cellWords, DatagramBatch } from '../../src/net/datagram-batch.ts';
import { PinnedMemory } from '../../src/net/pinned-memory.ts';
import { encodeSocketAddress } from '../../src/net/socket-address.ts';
import type { SystemCalls } from '../../src/net/system-calls.ts';
import { openUdpSockets } from '../../src/net/udp-socket.ts';

const calls = findFastPath().calls as SystemCalls;
const [server] = openUdpSockets(calls, { address: '0.0.0.0', port: 0 });
const [client] = openUdpSockets(calls, { address: '127.0.0.1', port: 0 });
const requests = new DatagramBatch(calls, server);
const answers = new DatagramBatch(calls, client);
const memory = new PinnedMemory(calls, 2048);
const name = memory.take(32);
const payload = memory.take(512);
const nameLength = encodeSocketAddress(name.bytes, '127.0.0.1', server.port);

let answered = 0;
let damaged = 0;
let collections = 0;
let garbage: Uint8Array[] = [];
let sequence = 0;

for (let round = 0; round < 100; round++) {
  for (let i = 0; i < 64; i++) {
    payload.words.fill(++sequence);
    calls.sendto(client.fd, payload.address, 512, 0, name.address, nameLength);
    garbage.push(new Uint8Array(1 + ((i * 37) % 300)).fill(0xaa));
  }
  if (round % 10 === 9) garbage = [];
  globalThis.gc?.();
  collections++;
  const received = requests.receive();
  for (let cell = 0; cell < received; cell++) {
    const at = cell * cellBytes;
    requests.replyBytes.set(requests.bytes.subarray(at, at + 512), requests.replyCell * cellBytes);
    requests.reply(cell, requests.length(cell));
  }
  requests.flush();
  const count = answers.receive();
  for (let cell = 0; cell < count; cell++) {
    answered++;
    const expected = sequence - 64 + cell + 1;
    const at = cell * cellWords;
    if (
      answers.length(cell) !== 512 ||
      answers.words.subarray(at, at + 128).some((word) => word !== expected)
    ) {
      damaged++;
    }
  }
}
console.log(JSON.stringify({ answered, damaged, collections }));
