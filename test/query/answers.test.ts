// Answers as trackers really give them, recorded or written after their sources, and answers that nobody should give.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readAnnounceAnswer, readScrapeAnswer } from '../../src/query/asking/http-answer.ts';
import { readUdpAnnounce, readUdpScrape } from '../../src/query/asking/udp-answer.ts';
import { TrackerError } from '../../src/query/network/tracker-error.ts';

const bytes = (latin1: string) => new Uint8Array(Buffer.from(latin1, 'latin1'));
const read = (latin1: string, family: 4 | 6 = 4) => readAnnounceAnswer(bytes(latin1), family);

// Recorded from Debian's opentracker and from bittorrent-tracker 11.2.3 on loopback.
const opentracker =
  'd8:completei0e10:downloadedi0e10:incompletei2e8:intervali1936e12:min intervali968e5:peers12:\x7f\0\0\x01\0\0\x7f\0\0\x01\x1bYe';
const opentrackerRefusal =
  'd14:failure reason63:Requested download is not authorized for use with this tracker.e';
const bittorrentDictionaries =
  'd8:completei0e10:incompletei1e8:intervali600e5:peersld2:ip9:127.0.0.17:peer id20:-qB5140-abcdefghijkl4:porti7001eeee';
const bittorrentCompact =
  'd8:completei0e10:incompletei1e8:intervali600e5:peers6:\x7f\0\0\x01\x1bY6:peers60:e';
const bittorrentScrape =
  'd5:filesd28:\x01#Eg\xc2\x89\xc2\xab\xc3\x8d\xc3\xaf\x01#Eg\xc2\x89\xc2\xab\xc3\x8d\xc3\xaf\x01#Egd8:completei0e10:downloadedi0e10:incompletei1eee5:flagsd20:min_request_intervali600eee';

describe('a recorded answer', () => {
  test('of opentracker is read whole and without a complaint', () => {
    const answer = read(opentracker);
    assert.deepEqual(
      [answer.complete, answer.incomplete, answer.downloaded, answer.interval, answer.minInterval],
      [0, 2, 0, 1936, 968],
    );
    assert.deepEqual(
      answer.peers.map(({ ip, port, type }) => [ip, port, type]),
      [
        ['127.0.0.1', 0, 'ipv4'],
        ['127.0.0.1', 7001, 'ipv4'],
      ],
    );
    assert.deepEqual(answer.compliance, []);
    assert.equal(answer.trackerId, null);
  });

  test('that refuses is a failure reason and nothing is missed in it', () => {
    const answer = read(opentrackerRefusal);
    assert.match(answer.failureReason!, /not authorized/);
    assert.deepEqual(answer.compliance, []);
  });

  test('with peers as dictionaries keeps their ids', () => {
    const answer = read(bittorrentDictionaries);
    assert.deepEqual(answer.peers, [
      { ip: '127.0.0.1', port: 7001, type: 'dict', peerId: '-qB5140-abcdefghijkl', hostname: null },
    ]);
    assert.deepEqual([answer.ipv4Peers, answer.ipv4Bytes], [1, 0]);
  });

  test('with an empty peers6 beside peers is in order over either family', () => {
    for (const family of [4, 6] as const) assert.deepEqual(read(bittorrentCompact, family).compliance, []);
  });

  test('of a scrape whose key is no info_hash is shown and reported', () => {
    const answer = readScrapeAnswer(bytes(bittorrentScrape));
    assert.equal(answer.minRequestInterval, 600);
    assert.equal(answer.torrents[0]?.incomplete, 1);
    assert.match(answer.compliance.join(), /20 bytes/);
  });
});

describe('an answer', () => {
  test('with peers6 only counts IPv6 peers, mapped ones too', () => {
    const native = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01\x1a\xe1`;
    const mapped = `${'\0'.repeat(10)}\xff\xff\x01\x02\x03\x04\x1a\xe1`;
    const answer = read(`d8:intervali1800e6:peers636:${native}${mapped}e`, 6);
    assert.deepEqual([answer.ipv4Peers, answer.ipv6Peers, answer.ipv6Bytes], [0, 2, 36]);
    assert.deepEqual(
      answer.peers.map(({ ip, type }) => [ip, type]),
      [
        ['2001:db8::1', 'ipv6'],
        ['::ffff:1.2.3.4', 'ipv4-mapped'],
      ],
    );
    assert.deepEqual(answer.compliance, []);
  });

  test('with hardly a key is read, and what is missing reported', () => {
    const answer = read('de');
    assert.equal(answer.interval, null);
    assert.deepEqual(answer.compliance, ['no interval', 'neither peers nor peers6']);
  });

  test('with lengths that do not divide counts whole peers and reports it', () => {
    const answer = read('d8:intervali1e5:peers8:abcdefgh6:peers63:abce');
    assert.deepEqual([answer.ipv4Peers, answer.ipv4Bytes, answer.ipv6Peers, answer.ipv6Bytes], [1, 8, 0, 3]);
    assert.deepEqual(answer.compliance, [
      'peers has 8 bytes, which is no multiple of 6',
      'peers6 has 3 bytes, which is no multiple of 18',
    ]);
  });

  test('with keys out of order or repeated, or bytes after it, is read and reported', () => {
    assert.equal(read('d5:peers0:8:intervali1800ee').interval, 1800);
    for (const odd of [
      'd5:peers0:8:intervali1800ee',
      'd8:intervali1e8:intervali2e5:peers0:e',
      'd8:intervali1e5:peers0:e\r\n',
    ]) {
      assert.equal(read(odd).compliance.length, 1, odd);
    }
  });

  test('with an external ip of 4 or 16 bytes shows it, anything else as text', () => {
    const answer = (ip: string) => read(`d11:external ip${ip.length}:${ip}8:intervali1e5:peers0:e`);
    assert.equal(answer('\x01\x02\x03\x04').externalIp, '1.2.3.4');
    assert.equal(answer(`\x20\x01${'\0'.repeat(13)}\x01`).externalIp, '2001::1');
    assert.equal(answer('192.0.2.1').externalIp, '192.0.2.1');
    assert.equal(answer('192.0.2.1').compliance.length, 1);
  });

  test('with values of the wrong kind leaves them out and says so', () => {
    const answer = read('d8:complete1:x8:intervalli1ee5:peersi1ee');
    assert.deepEqual([answer.complete, answer.interval, answer.ipv4Peers], [null, null, 0]);
    assert.ok(answer.compliance.length >= 3);
  });

  test('of any bytes is read or is a TrackerError', () => {
    const grammar = fc.stringMatching(/^[dlie0-9:a-z-]{0,60}$/);
    const mutated = fc
      .tuple(fc.constantFrom(opentracker, bittorrentDictionaries, bittorrentScrape), fc.nat(200), fc.nat(255))
      .map(([text, at, byte]) => text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1));
    const noise = fc.string({ unit: 'binary-ascii', maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(grammar, mutated, noise), (text) => {
        for (const reader of [(b: Uint8Array) => readAnnounceAnswer(b, 6), readScrapeAnswer]) {
          try {
            reader(bytes(text));
          } catch (error) {
            assert.ok(error instanceof TrackerError, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('over UDP of any bytes is read or is a TrackerError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 80 }), (packet) => {
        const reply = { packet, view: new DataView(packet.buffer, packet.byteOffset, packet.length) };
        readUdpScrape(reply, [new Uint8Array(20), new Uint8Array(20)]);
        try {
          readUdpAnnounce(reply, 6);
        } catch (error) {
          assert.ok(error instanceof TrackerError && packet.length < 20);
        }
      }),
    );
  });
});
