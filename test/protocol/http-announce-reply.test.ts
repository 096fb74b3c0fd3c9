// Checks the bencoded answer to an announce, byte for byte, and that a client reads from it what was put in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BencodeError, decodeBencode, encodeBencode } from '../../src/protocol/bencode.ts';
import { ByteWriter } from '../../src/protocol/byte-writer.ts';
import { decodeCompactPeers, encodeCompactPeers, parsePeer } from '../../src/protocol/compact-peers.ts';
import {
  encodeHttpAnnounceReply,
  encodeHttpFailure,
  type HttpAnnounceAnswer,
  type HttpAnnounceForm,
} from '../../src/protocol/http-announce-reply.ts';
import { decodeHttpAnnounceReply } from '../../src/protocol/http-client-replies.ts';
import { encodeIpWords, formatIp, parseIp } from '../../src/protocol/ip-address.ts';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';

function compact(...peers: string[]): Uint8Array {
  return Uint8Array.from(peers.flatMap((peer) => [...encodeCompactPeers([parsePeer(peer)!])]));
}

function answer(client: string, changes: Partial<HttpAnnounceAnswer> = {}): HttpAnnounceAnswer {
  const address = new Int32Array(5);
  const family = encodeIpWords(parseIp(client)!, address, 1);
  const empty = { complete: 1, incomplete: 2, downloaded: 3, peers: 0, ipv4Peers: 0 };
  return { ...empty, address, addressAt: 1, family, ...changes };
}

function form(changes: Partial<HttpAnnounceForm> = {}): HttpAnnounceForm {
  const empty = { peers: new Uint8Array(0), peerIds: new Uint8Array(0), trackerId: parseLatin1('Wildkat') };
  return { interval: 1800, minInterval: 60, compact: true, noPeerId: false, ...empty, ...changes };
}

function encode(found: HttpAnnounceAnswer, put: HttpAnnounceForm): Uint8Array {
  const writer = new ByteWriter(16);
  encodeHttpAnnounceReply(writer, found, put);
  return writer.copy();
}

const text = (found: HttpAnnounceAnswer, put = form()) => formatLatin1(encode(found, put));

test('an IPv4 client is given counts, times, its address and 6-byte peers', () => {
  const peers = compact('1.2.3.4:6881', '5.6.7.8:80');
  assert.equal(
    text(answer('192.0.2.65', { peers: 2 }), form({ peers })),
    'd8:completei1e10:downloadedi3e11:external ip4:\u00c0\u0000\u0002A10:incompletei2e8:intervali1800e' +
      `12:min intervali60e5:peers12:${formatLatin1(peers)}10:tracker id7:Wildkate`,
  );
});

test('an empty tracker id is left out', () => {
  assert.ok(!text(answer('1.2.3.4'), form({ trackerId: new Uint8Array(0) })).includes('tracker id'));
});

test('an IPv6 client is given 18-byte peers, IPv4 ones mapped at their end, and empty peers', () => {
  const peers = compact('[2001:db8::1]:6881', '1.2.3.4:6882');
  const reply = decodeHttpAnnounceReply(
    encode(answer('2001:db8::9', { peers: 1, ipv4Peers: 1 }), form({ peers })),
  );
  assert.deepEqual(reply.peers, new Uint8Array(0));
  assert.deepEqual(reply.peers6, compact('[2001:db8::1]:6881', '[::ffff:1.2.3.4]:6882'));
  assert.deepEqual(reply.externalIp, parseIp('2001:db8::9'));
  assert.deepEqual(reply.findings, []);
});

test('an IPv4 client has no peers6 and an IPv6 client has it even when it is empty', () => {
  assert.equal(decodeHttpAnnounceReply(encode(answer('1.2.3.4'), form())).peers6, undefined);
  assert.deepEqual(decodeHttpAnnounceReply(encode(answer('::1'), form())).peers6, new Uint8Array(0));
});

const ids = parseLatin1('-AA0000-aaaaaaaaaaaa-BB0000-bbbbbbbbbbbb');

test('dictionaries carry ip, peer id and port, IPv6 before IPv4 and IPv4 in its plain form', () => {
  const peers = compact('[2001:db8::1]:6881', '1.2.3.4:80');
  const found = answer('::1', { peers: 1, ipv4Peers: 1 });
  const put = form({ peers, peerIds: ids, compact: false });
  assert.ok(
    text(found, put).includes(
      '5:peersld2:ip11:2001:db8::17:peer id20:-AA0000-aaaaaaaaaaaa4:porti6881ee' +
        'd2:ip7:1.2.3.47:peer id20:-BB0000-bbbbbbbbbbbb4:porti80eee10:tracker id',
    ),
  );
  assert.ok(!text(found, put).includes('peers6'));
  assert.ok(text(found, { ...put, noPeerId: true }).includes('d2:ip7:1.2.3.44:porti80ee'));
});

test('a peer whose peer_id nobody knows is a dictionary without one, beside others that have it', () => {
  const peers = compact('1.2.3.4:80', '1.2.3.5:81');
  const found = answer('1.2.3.9', { peers: 2, ipv4Peers: 0 });
  const peerIds = new Uint8Array(40);
  peerIds.set(ids.subarray(20, 40), 20);
  const put = form({ peers, peerIds, compact: false });
  assert.ok(
    text(found, put).includes(
      '5:peersld2:ip7:1.2.3.44:porti80eed2:ip7:1.2.3.57:peer id20:-BB0000-bbbbbbbbbbbb4:porti81eee',
    ),
  );
  const { peers: read } = decodeHttpAnnounceReply(encode(found, put)) as { peers: { peerId?: Uint8Array }[] };
  assert.deepEqual(
    read.map(({ peerId }) => peerId?.length),
    [undefined, 20],
  );
});

test('without peers a list of dictionaries is an empty list', () => {
  assert.ok(text(answer('1.2.3.4'), form({ compact: false })).includes('5:peersle'));
});

test('a failure is a dictionary with its reason, and when to try again', () => {
  const writer = new ByteWriter();
  encodeHttpFailure(writer, 'missing or invalid port');
  assert.equal(formatLatin1(writer.view()), 'd14:failure reason23:missing or invalid porte');
  writer.clear();
  encodeHttpFailure(writer, 'tracker is full', 'never');
  assert.equal(formatLatin1(writer.view()), 'd14:failure reason15:tracker is full8:retry in5:nevere');
  writer.clear();
  encodeHttpFailure(writer, 'later', 5);
  assert.equal(decodeHttpAnnounceReply(writer.view()).retryIn, 5);
});

test('what a tracker writes a client reads, and it is strict bencode', () => {
  const count = fc.nat(2 ** 31 - 1);
  const peer = (bytes: number) =>
    fc.record(
      { ip: fc.uint8Array({ minLength: bytes, maxLength: bytes }), port: fc.nat(65535) },
      { noNullPrototype: true },
    );
  const found = fc.record({
    client: fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    ),
    counts: fc.tuple(count, count, count),
    ipv4: fc.array(peer(4), { maxLength: 30 }),
    ipv6: fc.array(peer(16), { maxLength: 30 }),
    dictionaries: fc.boolean(),
    interval: fc.nat(86_400),
  });
  fc.assert(
    fc.property(found, ({ client, counts, ipv4, ipv6, dictionaries, interval }) => {
      const [complete, incomplete, downloaded] = counts;
      const own = client.length === 4 ? ipv4 : ipv6;
      const fill = client.length === 4 ? [] : ipv4;
      const peers = encodeCompactPeers([...own, ...fill]);
      const peerIds = Uint8Array.from({ length: 20 * (own.length + fill.length) }, (_, i) => i & 0xff);
      const asked = answer(formatIp(client), {
        complete,
        incomplete,
        downloaded,
        peers: own.length,
        ipv4Peers: fill.length,
      });
      const bytes = encode(asked, form({ peers, peerIds, compact: !dictionaries, interval }));
      decodeBencode(bytes);
      const reply = decodeHttpAnnounceReply(bytes);
      assert.deepEqual(
        [reply.complete, reply.incomplete, reply.downloaded, reply.interval, reply.minInterval],
        [complete, incomplete, downloaded, interval, 60],
      );
      assert.deepEqual(reply.externalIp, client);
      assert.equal(formatLatin1(reply.trackerId!), 'Wildkat');
      if (dictionaries) {
        assert.deepEqual(
          reply.peers,
          [...own, ...fill].map(({ ip, port }, i) => ({
            ip: formatIp(ip),
            port,
            peerId: peerIds.subarray(20 * i, 20 * i + 20),
          })),
        );
      } else if (client.length === 4)
        assert.deepEqual(decodeCompactPeers(reply.peers as Uint8Array, 4), ipv4);
      else assert.deepEqual(decodeCompactPeers(reply.peers6!, 6)?.slice(0, ipv6.length), ipv6);
    }),
    { numRuns: 200 },
  );
});

test('a client takes values of the wrong kind as absent and says so', () => {
  const reply = decodeHttpAnnounceReply(
    encodeBencode({
      interval: 'soon',
      complete: -1,
      incomplete: 2n ** 64n,
      peers: [{ ip: '1.2.3.4', port: 80 }, { ip: '1.2.3.4', port: 65536 }, { port: 80 }, 'x'],
      peers6: 6,
      'external ip': [],
    }),
  );
  assert.deepEqual(reply.peers, [{ ip: '1.2.3.4', port: 80, peerId: undefined }]);
  assert.deepEqual(
    [reply.interval, reply.complete, reply.incomplete, reply.peers6, reply.externalIp],
    Array(5).fill(undefined),
  );
  assert.deepEqual(reply.findings.toSorted(), [
    'complete is not a number of 0 or more',
    'external ip is not a string',
    'incomplete is not a number of 0 or more',
    'interval is not a number of 0 or more',
    'peers is not a list of ip and port',
    'peers6 is not a string',
  ]);
});

test('a client reads text as UTF-8 and keys out of order', () => {
  const reply = decodeHttpAnnounceReply(
    parseLatin1('d15:warning message2:\u00c3\u00a914:failure reason1:\u00ffe\n'),
  );
  assert.equal(reply.warningMessage, 'é');
  assert.equal(reply.failureReason, '\ufffd');
  assert.deepEqual(reply.findings, ['keys out of order at byte 23', 'data after the value at byte 44']);
});

test('a reply that is no dictionary is refused', () => {
  for (const reply of ['', 'le', 'i1e', '4:spam', '<html>', 'd']) {
    assert.throws(() => decodeHttpAnnounceReply(parseLatin1(reply)), BencodeError, reply);
  }
});
