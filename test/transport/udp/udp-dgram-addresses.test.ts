// The portable way on all addresses: each is answered from itself, new ones are taken up, and the port is one's own.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ConnectionIds } from '../../../src/protocol/connection-id.ts';
import { createUdpCounters } from '../../../src/transport/udp/udp-counters.ts';
import { UdpDgramAddresses } from '../../../src/transport/udp/udp-dgram-addresses.ts';
import { createContractTracker } from '../contract.ts';

const connect = Buffer.from('00000417271019800000000000000007', 'hex');

function optionsFor(addresses: () => string[], port = 0) {
  const unbound: string[] = [];
  const options = {
    host: '0.0.0.0',
    port,
    tracker: createContractTracker(),
    ids: new ConnectionIds(new Uint8Array(16).fill(1)),
    counters: createUdpCounters(),
    clock: () => 1000,
    onException: (error: unknown) => assert.fail(String(error)),
    onUnbound: (address: string) => void unbound.push(address),
    addresses,
  };
  return { options, unbound };
}

/** Whether a client at 127.0.0.1 that hears `address` only is answered. */
async function isAnswered(address: string, port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.connect(port, address);
    await once(socket, 'connect');
    socket.send(connect);
    // What is refused comes as an error.
    const answer = once(socket, 'message').then(
      () => true,
      () => false,
    );
    return await Promise.race([answer, setTimeout(1000, false)]);
  } finally {
    socket.close();
  }
}

test('each address is answered from itself', async () => {
  const { options } = optionsFor(() => ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  const all = await UdpDgramAddresses.listen(options);
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
    assert.ok(await isAnswered(address, all.port), address);
  }
  assert.equal(all.descriptors().length, 3);
  await all.close();
});

test('addresses that come are answered, and those that go are left', async () => {
  let addresses = ['127.0.0.1'];
  const { options, unbound } = optionsFor(() => addresses);
  const all = await UdpDgramAddresses.listen({ ...options, checkEveryMs: 20 });
  assert.equal(await isAnswered('127.0.0.2', all.port), false);
  addresses = ['127.0.0.1', '127.0.0.2', '192.0.2.1'];
  while (all.descriptors().length < 2) await setTimeout(5);
  assert.ok(await isAnswered('127.0.0.2', all.port));
  addresses = ['127.0.0.2'];
  while (all.descriptors().length > 1) await setTimeout(5);
  assert.equal(await isAnswered('127.0.0.1', all.port), false);
  assert.ok(await isAnswered('127.0.0.2', all.port));
  assert.deepEqual(unbound, [], 'an address that is not there any more is no news');
  await all.close();
});

test('a port that another has on one address, or on all, cannot be had', async () => {
  for (const address of ['127.0.0.2', '0.0.0.0']) {
    const other = createSocket('udp4');
    other.bind(0, address);
    await once(other, 'listening');
    const { options } = optionsFor(() => ['127.0.0.1', '127.0.0.2'], other.address().port);
    await assert.rejects(UdpDgramAddresses.listen(options), { code: 'EADDRINUSE' });
    other.close();
  }
});

test('an address whose port is taken later on is named, and the others are answered', async () => {
  let addresses = ['127.0.0.1'];
  const { options, unbound } = optionsFor(() => addresses);
  const all = await UdpDgramAddresses.listen(options);
  const other = createSocket('udp4');
  other.bind(all.port, '127.0.0.2');
  await once(other, 'listening');
  addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
  await all.check();
  assert.deepEqual(unbound, ['127.0.0.2']);
  assert.ok(await isAnswered('127.0.0.3', all.port));
  other.close();
  await all.close();
});
