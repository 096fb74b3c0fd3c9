// Checks both ends of BEP 15 against packets spelled out by hand, against each other, and with packets cut short.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Event } from '../../src/protocol/event.ts';
import * as client from '../../src/protocol/udp-client-packets.ts';
import * as udp from '../../src/protocol/udp-packets.ts';

// Packets do not begin where the memory begins.
const at = 8;
const memory = new Uint8Array(4096);
const view = new DataView(memory.buffer);
const hex = (length: number) => Buffer.from(memory.subarray(at, at + length)).toString('hex');

function load(packet: string): number {
  const raw = Buffer.from(packet.replaceAll(' ', ''), 'hex');
  // What lies behind a packet is the last packet's; reading it would be a fault, so it must not look like zeros.
  memory.fill(0xa5);
  memory.set(raw, at);
  return raw.length;
}

const infoHash = new Uint8Array(20).fill(0x11);
const peerId = new Uint8Array(20).fill(0x22);
const question = (): udp.UdpAnnounceQuestion => ({ event: Event.none, seeding: false, numwant: 0, port: 0 });

test('a connect request is the magic number, action 0 and the transaction_id', () => {
  const length = client.encodeConnectRequest(view, at, 0x01020304);
  assert.equal(hex(length), '00000417271019800000000001020304');
  assert.ok(udp.isConnectRequest(view, at, length));
  assert.equal(udp.decodeTransactionId(view, at), 0x01020304);
});

test('anything but the magic number, action 0 and 16 bytes is no connect request', () => {
  const connect = '00000417 27101980 00000000 01020304';
  assert.ok(udp.isConnectRequest(view, at, load(connect)));
  assert.ok(udp.isConnectRequest(view, at, load(`${connect} ffff`)), 'more bytes do no harm');
  assert.ok(!udp.isConnectRequest(view, at, load(connect) - 1));
  assert.ok(!udp.isConnectRequest(view, at, load('00000417 27101981 00000000 01020304')));
  assert.ok(!udp.isConnectRequest(view, at, load('00000416 27101980 00000000 01020304')));
  assert.ok(!udp.isConnectRequest(view, at, load('00000417 27101980 00000001 01020304')));
});

test('a connect reply gives the connection_id', () => {
  const length = udp.encodeConnectReply(view, at, 0x01020304, 0x55667788, -0x66554434);
  assert.equal(hex(length), '00000000010203045566778899aabbcc');
  const into = { connectionIdHigh: 0, connectionIdLow: 0 };
  assert.equal(client.decodeReplyAction(view, at, length), udp.Action.connect);
  assert.equal(client.decodeReplyTransactionId(view, at), 0x01020304);
  assert.ok(client.decodeConnectReply(view, at, length, into));
  assert.deepEqual(into, { connectionIdHigh: 0x55667788, connectionIdLow: -0x66554434 });
  assert.ok(!client.decodeConnectReply(view, at, length - 1, into));
});

const announce: client.UdpAnnounceRequest = {
  connectionIdHigh: 0x55667788,
  connectionIdLow: 0x19aabbcc,
  transactionId: 7,
  infoHash,
  peerId,
  downloaded: 2 ** 40 + 1,
  left: 2n ** 63n,
  uploaded: 3,
  event: Event.started,
  key: -2,
  numwant: -1,
  port: 6881,
};
const announcePacket = [
  '5566778819aabbcc 00000001 00000007',
  '11'.repeat(20),
  '22'.repeat(20),
  '0000010000000001 8000000000000000 0000000000000003',
  '00000002 00000000 fffffffe ffffffff 1ae1',
].join(' ');

test('an announce request has every field where BEP 15 puts it', () => {
  const length = client.encodeAnnounceRequest(view, at, announce);
  assert.equal(hex(length), announcePacket.replaceAll(' ', ''));
});

test('an announce request is read with or without options after it', () => {
  for (const options of ['', '02 01 2f', '00'.repeat(500)]) {
    const length = load(`${announcePacket} ${options}`);
    const into = question();
    assert.equal(udp.decodeAction(view, at), udp.Action.announce);
    assert.ok(udp.decodeAnnounceRequest(view, at, length, into));
    assert.deepEqual(into, { event: Event.started, seeding: false, numwant: -1, port: 6881 });
    assert.deepEqual(memory.subarray(at + udp.requestAt.infoHash, at + udp.requestAt.peerId), infoHash);
    assert.deepEqual(memory.subarray(at + udp.requestAt.peerId, at + udp.requestAt.downloaded), peerId);
  }
});

test('an announce of 97 bytes is too short', () => {
  const into = question();
  assert.ok(!udp.decodeAnnounceRequest(view, at, load(announcePacket) - 1, into));
  assert.deepEqual(into, question());
});

test('a peer is a seeder only when all 64 bits of left are 0', () => {
  const lefts: [bigint, boolean][] = [
    [0n, true],
    [1n, false],
    [2n ** 31n, false],
    [2n ** 32n, false],
    [2n ** 63n, false],
    [2n ** 64n - 1n, false],
  ];
  for (const [left, seeding] of lefts) {
    const into = question();
    udp.decodeAnnounceRequest(view, at, client.encodeAnnounceRequest(view, at, { ...announce, left }), into);
    assert.equal(into.seeding, seeding, `left ${left}`);
  }
});

test('events 0 to 4 are known and any other counts as none', () => {
  const length = client.encodeAnnounceRequest(view, at, announce);
  const events = [
    [0, Event.none],
    [1, Event.completed],
    [2, Event.started],
    [3, Event.stopped],
    [4, Event.paused],
    [5, Event.none],
    [-1, Event.none],
    [-0x80000000, Event.none],
    [0x01000000, Event.none],
  ] as const;
  for (const [wire, event] of events) {
    const into = question();
    view.setInt32(at + udp.requestAt.event, wire);
    udp.decodeAnnounceRequest(view, at, length, into);
    assert.equal(into.event, event, `event ${wire}`);
  }
});

test('an announce reply is a head of 20 bytes and compact peers', () => {
  const length = udp.encodeAnnounceReplyHead(view, at, 7, 1800, 3, 0x01020304);
  assert.equal(hex(length), '0000000100000007000007080000000301020304');
  const into = { interval: 0, incomplete: 0, complete: 0 };
  assert.ok(client.decodeAnnounceReply(view, at, length, into));
  assert.deepEqual(into, { interval: 1800, incomplete: 3, complete: 0x01020304 });
  assert.ok(!client.decodeAnnounceReply(view, at, length - 1, into));
});

test('67 IPv6 peers fit a packet of 1,232 bytes and 68 do not', () => {
  const bytes = (peers: number) => udp.announceReplyHeadBytes + peers * 18;
  assert.equal(bytes(udp.maxIpv6PeersInReply), 1226);
  assert.ok(bytes(udp.maxIpv6PeersInReply + 1) > 1232);
});

test('a scrape request counts only whole info_hashes', () => {
  const id = { connectionIdHigh: 1, connectionIdLow: 2 };
  const length = client.encodeScrapeRequest(view, at, id, 9, [infoHash, peerId, infoHash]);
  assert.equal(
    hex(length),
    `0000000100000002000000020000000${9}${'11'.repeat(20)}${'22'.repeat(20)}${'11'.repeat(20)}`,
  );
  assert.equal(udp.decodeAction(view, at), udp.Action.scrape);
  assert.equal(udp.countScrapeHashes(length), 3);
  assert.equal(udp.countScrapeHashes(length - 1), 2);
  assert.equal(udp.countScrapeHashes(16), 0);
  assert.equal(udp.countScrapeHashes(35), 0);
  assert.equal(udp.countScrapeHashes(0), 0);
});

test('a scrape reply has complete, downloaded and incomplete for each info_hash', () => {
  const head = udp.encodeScrapeReplyHead(view, at, 9);
  const length =
    head +
    udp.encodeScrapeCounts(view, at, 0, 1, 2, 3) +
    udp.encodeScrapeCounts(view, at, 1, 4, 5, 0x7fffffff);
  assert.equal(hex(length), '000000020000000900000001000000020000000300000004000000057fffffff');
  const into = { complete: 0, downloaded: 0, incomplete: 0 };
  assert.ok(client.decodeScrapeCounts(view, at, length, 1, into));
  assert.deepEqual(into, { complete: 4, downloaded: 5, incomplete: 0x7fffffff });
  assert.ok(!client.decodeScrapeCounts(view, at, length, 2, into));
  assert.ok(!client.decodeScrapeCounts(view, at, length - 1, 1, into));
});

test('an error reply is action 3, the transaction_id and the text', () => {
  const length = udp.encodeErrorReply(view, at, 0x01020304, 'unknown action');
  assert.equal(hex(length), `0000000301020304${Buffer.from('unknown action').toString('hex')}`);
  assert.equal(client.decodeReplyAction(view, at, length), udp.Action.error);
  assert.equal(client.decodeErrorReply(memory, at, length), 'unknown action');
  assert.equal(client.decodeErrorReply(memory, at, 8), '');
});

test('a reply shorter than its head has no action, and one with any action has that', () => {
  for (let length = 0; length < 8; length++) {
    assert.equal(client.decodeReplyAction(view, at, length), undefined);
  }
  for (const action of [0, 1, 2, 3, 4, -1, -0x80000000, 0x7fffffff]) {
    view.setInt32(at, action);
    assert.equal(client.decodeReplyAction(view, at, 8), action);
  }
});

test('what begins with a number from 0 to 3 may be a reply, and a connect request is none', () => {
  for (const action of [0, 1, 2, 3]) {
    view.setInt32(at, action);
    assert.ok(udp.mayBeReply(view, at));
  }
  for (const high of [4, -1, -0x80000000, 0x417]) {
    view.setInt32(at, high);
    assert.ok(!udp.mayBeReply(view, at));
  }
});

test('what a client encodes a tracker decodes', () => {
  const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const left = fc.oneof(
    fc.constant(0),
    fc.maxSafeInteger().map(Math.abs),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  );
  const fields = fc.record({
    transactionId: int32,
    left,
    event: fc.constantFrom(...Object.values(Event)),
    numwant: int32,
    port: fc.integer({ min: 0, max: 65535 }),
  });
  fc.assert(
    fc.property(fields, (sent) => {
      const into = question();
      const length = client.encodeAnnounceRequest(view, at, { ...announce, ...sent });
      assert.ok(udp.decodeAnnounceRequest(view, at, length, into));
      assert.equal(udp.decodeTransactionId(view, at), sent.transactionId);
      const { event, numwant, port } = sent;
      assert.deepEqual(into, { event, numwant, port, seeding: BigInt(sent.left) === 0n });
    }),
  );
});

test('noise of any length is read without a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      // The view ends where the packet ends: a read beyond it would throw.
      const exact = new DataView(noise.buffer, noise.byteOffset, noise.length);
      udp.isConnectRequest(exact, 0, noise.length);
      if (noise.length >= 16) udp.decodeAction(exact, 0);
      if (noise.length >= 4) udp.mayBeReply(exact, 0);
      udp.decodeAnnounceRequest(exact, 0, noise.length, question());
      client.decodeReplyAction(exact, 0, noise.length);
      client.decodeConnectReply(exact, 0, noise.length, { connectionIdHigh: 0, connectionIdLow: 0 });
      client.decodeAnnounceReply(exact, 0, noise.length, { interval: 0, incomplete: 0, complete: 0 });
      const hashes = udp.countScrapeHashes(noise.length);
      assert.ok(hashes === 0 || 16 + hashes * 20 <= noise.length);
    }),
  );
});
