// More sockets than the kernel passes in one message go from one tracker to the next, each with its protocol.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { duplicateDescriptor, maxDescriptors } from '../../../src/net/pass-descriptors.ts';
import { closeUdpSockets, openUdpSockets } from '../../../src/net/udp-socket.ts';
import { type OwnedSocket, takeoverVersion } from '../../../src/server/takeover/conversation.ts';
import { TakeoverDoor } from '../../../src/server/takeover/takeover-door.ts';
import { calls, fastPath } from '../../net/fast-path.ts';
import { createStore } from '../../swarm/visit.ts';
import type { Found } from './finding-worker.ts';
import { newDirectory } from './running.ts';

/** Opens a door that passes `count` sockets, of two ports and protocols in turn, and has a new tracker knock. */
async function pass(test: TestContext, count: number): Promise<{ found: Found; ports: number[] }> {
  const opened = [0, 0].map((port) => openUdpSockets(calls, { address: '127.0.0.1', port })[0]);
  const owned: OwnedSocket[] = Array.from({ length: count }, (_, i) => ({
    protocol: i % 2 === 0 ? 'UDP' : 'HTTP',
    descriptor: duplicateDescriptor(calls, opened[i % 2].fd),
  }));
  const directory = newDirectory();
  const failures: unknown[] = [];
  const door = await TakeoverDoor.open({
    ...{ calls, directory, store: createStore(8 << 20), sockets: () => owned, filters: () => [] },
    ...{ pause: async () => {}, resume: () => {}, stop: async () => {}, goesOn: () => {} },
    failed: (error) => failures.push(error),
  });
  test.after(() => {
    door.close();
    closeUdpSockets(calls, opened);
    for (const { descriptor } of owned) calls.close(descriptor);
  });
  // It blocks its thread, as a tracker does that serves nobody yet.
  const worker = new Worker(new URL('./finding-worker.js', import.meta.url), {
    workerData: directory,
    // Node knows nothing of descriptors that another process sent.
    trackUnmanagedFds: false,
  });
  const found = await new Promise<Found>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  assert.deepEqual(failures, []);
  return { found, ports: opened.map(({ port }) => port) };
}

for (const count of [0, 1, maxDescriptors, maxDescriptors + 1, 260, 2 * maxDescriptors + 7]) {
  test(`${count} sockets are passed, in order (takeover ${takeoverVersion})`, fastPath, async (test) => {
    const { found, ports } = await pass(test, count);
    const expected = Array.from(
      { length: count },
      (_, i) => `${i % 2 === 0 ? 'UDP' : 'HTTP'} ${ports[i % 2]}`,
    );
    assert.deepEqual(found, { sockets: expected });
  });
}
