// UDP in between others' work: who has been asked lately looks, and a flood waits for its own turn.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { DatagramBatch } from '../../../src/net/datagram-batch.ts';
import { closeUdpSockets, openUdpSockets } from '../../../src/net/udp-socket.ts';
import { ConnectionIds } from '../../../src/protocol/connection-id.ts';
import { encodeConnectRequest } from '../../../src/protocol/udp-client-packets.ts';
import { UdpBatchTransport } from '../../../src/transport/udp/udp-batch.ts';
import { createUdpCounters, sumUdpCounters } from '../../../src/transport/udp/udp-counters.ts';
import { createContractTracker } from '../contract.ts';
import { calls, noFastPath } from './udp-trackers.ts';

test('what comes a while after other packets is answered in between, and no more of a flood than a batch', {
  skip: calls ? false : noFastPath,
}, async (t) => {
  const [socket] = openUdpSockets(calls!, { address: '127.0.0.1', port: 0 });
  const batch = new DatagramBatch(calls!, socket, 4);
  const client = createSocket('udp4');
  t.after(() => {
    client.close();
    closeUdpSockets(calls!, [socket]);
    batch.close();
  });
  const counters = createUdpCounters();
  const transport = new UdpBatchTransport(batch, {
    ...{ family: 4, tracker: createContractTracker(), ids: new ConnectionIds(new Uint8Array(16)), counters },
    ...{ clock: () => 1000, onException: (error) => assert.fail(String(error)) },
  });
  const answered = () => sumUdpCounters([counters]).connects;
  const ask = async (times: number) => {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < times; i++) {
      encodeConnectRequest(new DataView(bytes.buffer), 0, i);
      await new Promise((resolve) => client.send(bytes, socket.port, '127.0.0.1', resolve));
    }
    await pause(5);
  };

  await ask(1);
  transport.answerSome();
  assert.equal(answered(), 0, 'nothing had come before');
  transport.answerArrived();
  assert.equal(answered(), 1);
  await ask(3);
  transport.answerSome();
  assert.equal(answered(), 4);
  await ask(10);
  for (let look = 0; look < 3; look++) transport.answerSome();
  assert.equal(answered(), 8);
  transport.answerArrived();
  assert.equal(answered(), 14);
});
