// No datagram, forged or not, makes a tracker talk for ever: with itself, with another of its kind, or with others' trackers.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { ConnectionIds } from '../../../src/protocol/connection-id.ts';
import { maxReplyBytes, packetBuffer, UdpAnswers } from '../../../src/transport/udp/udp-answers.ts';
import { createUdpCounters } from '../../../src/transport/udp/udp-counters.ts';
import { createContractStore, createContractTracker } from '../contract.ts';
import { udpTransports } from './udp-trackers.ts';

/** A tracker without a socket, that counts every sender as the same address: its own, or another tracker's. */
class Answerer {
  readonly #request = packetBuffer(new ArrayBuffer(2048), 0, 2048);
  readonly #reply = packetBuffer(new ArrayBuffer(maxReplyBytes), 0, maxReplyBytes);
  readonly #answers: UdpAnswers;
  readonly #address = Int32Array.of(0x0100005a, 0, 0, 1);
  readonly #ids: ConnectionIds;
  readonly #family: 4 | 6;
  #now = 1000;

  constructor(key: number, family: 4 | 6) {
    this.#family = family;
    this.#ids = new ConnectionIds(new Uint8Array(16).fill(key));
    this.#answers = new UdpAnswers(
      createContractTracker(),
      this.#ids,
      createUdpCounters(),
      family,
      this.#request,
      this.#reply,
    );
  }

  /** Writes a good connection_id into the packet. */
  prove(packet: Uint8Array): Uint8Array {
    if (packet.length < 8) return packet;
    this.#ids.issue(this.#family, this.#address, 0, this.#now);
    const view = new DataView(packet.buffer, packet.byteOffset);
    view.setInt32(0, this.#ids.high);
    view.setInt32(4, this.#ids.low);
    return packet;
  }

  answer(packet: Uint8Array): Uint8Array {
    // A second for each packet, so that no limit hides an answer.
    if (this.#now++ > 1100) this.#now = 1000;
    const bytes = new Uint8Array(this.#request.view.buffer);
    bytes.set(packet);
    const length = this.#answers.answer(0, packet.length, this.#address, 0, 0, this.#now);
    return new Uint8Array(this.#reply.view.buffer).slice(0, length);
  }
}

const connect = Buffer.from('00000417271019800000000000000007', 'hex');
const withWords = (packet: Uint8Array, ...words: [at: number, word: number][]) => {
  const view = new DataView(packet.buffer, packet.byteOffset);
  for (const [at, word] of words) if (at + 4 <= packet.length) view.setInt32(at, word);
  return packet;
};
const noise = fc.oneof(
  fc.uint8Array({ minLength: 0, maxLength: 40 }),
  fc.uint8Array({ minLength: 90, maxLength: 140 }),
  fc.uint8Array({ minLength: 0, maxLength: 1500 }),
);
const smallWord = fc.oneof(fc.integer({ min: -2, max: 5 }), fc.integer());
/** Noise, with one or another field as it stands in requests or in replies. */
const packets = fc.oneof(
  noise,
  fc.tuple(noise, smallWord).map(([packet, word]) => withWords(packet, [0, word])),
  fc.tuple(noise, smallWord).map(([packet, word]) => withWords(packet, [8, word])),
  fc.tuple(noise, smallWord, smallWord).map(([packet, a, b]) => withWords(packet, [0, a], [8, b])),
  noise.map((rest) => Uint8Array.from(Buffer.concat([connect, rest]))),
);

for (const family of [4, 6] as const) {
  test(`whatever is answered, the answer is answered with silence, by this tracker and another (IPv${family})`, () => {
    const one = new Answerer(1, family);
    const other = new Answerer(2, family);
    let answered = 0;
    fc.assert(
      fc.property(packets, fc.boolean(), (packet, proven) => {
        const answer = one.answer(proven ? one.prove(packet) : packet);
        if (answer.length > 0) answered++;
        if (!proven) assert.ok(answer.length <= packet.length);
        assert.equal(one.answer(answer).length, 0, 'by itself');
        assert.equal(other.answer(answer).length, 0, 'by another');
      }),
      { numRuns: 5000 },
    );
    assert.ok(answered > 500, `${answered} packets were answered at all`);
  });
}

test('an error to an unproven sender is shorter than the question', () => {
  const tracker = new Answerer(1, 4);
  for (let length = 0; length < 200; length++) {
    const packet = withWords(new Uint8Array(length).fill(0xff), [8, 1]);
    const answer = tracker.answer(packet);
    assert.ok(answer.length < length || length === 0, `${answer.length} bytes for ${length}`);
  }
});

const text = (message: string) => Buffer.from(message).toString('hex');
/** What other trackers send, as they would stand in a datagram whose sender they seem to be. */
const othersReplies: [name: string, hex: string][] = [
  ['a connect reply', '00000000 01020304 5566778899aabbcc'],
  ['a connect reply whose connection_id looks like an announce', '00000000 01020304 0000000101020304'],
  ['an announce reply without peers', '00000001 01020304 00000708 00000001 00000002'],
  [
    'an announce reply with 50 peers',
    `00000001 01020304 00000708 00000001 00000002 ${'5a0000011ae1'.repeat(50)}`,
  ],
  [
    'an announce reply with an interval that looks like an announce',
    `00000001 01020304 00000001 ${'00'.repeat(90)}`,
  ],
  ['a scrape reply', `00000002 01020304 ${'000000010000000200000003'.repeat(8)}`],
  ['a scrape reply that looks like a scrape', `00000002 01020304 ${'00000002'.repeat(15)}`],
  ...[
    'Connection ID missmatch.',
    'bad connection ID',
    'unknown action ID',
    'malformed packet',
    'connection id mismatch',
    'Requested download is not authorized for use with this tracker.',
    'Info_hash not found',
    'Cookie value is from future',
    'invalid action',
    'connection ID not recognized',
  ].map((message): [string, string] => [`the error "${message}"`, `00000003 01020304 ${text(message)}`]),
];

test("other trackers' replies are met with silence", () => {
  const tracker = new Answerer(1, 4);
  for (const [name, packet] of othersReplies) {
    assert.equal(tracker.answer(Buffer.from(packet.replaceAll(' ', ''), 'hex')).length, 0, name);
  }
});

test('an issued connection_id never makes a request look like a reply', () => {
  const ids = new ConnectionIds(new Uint8Array(16).fill(3));
  for (let i = 0; i < 100_000; i++) {
    ids.issue(4, Int32Array.of(i), 0, 1000);
    assert.ok(ids.high >>> 2 !== 0);
  }
});

for (const [name, start] of udpTransports) {
  describe(name, () => {
    test('who sends every answer back is answered once', async () => {
      const store = createContractStore();
      const started = await start('127.0.0.1', createContractTracker({}, store), store);
      const mirror = createSocket('udp4');
      mirror.bind(0, '127.0.0.1');
      await once(mirror, 'listening');
      let answers = 0;
      mirror.on('message', (packet) => {
        answers++;
        mirror.send(packet, started.port, '127.0.0.1');
      });
      const forged = [
        new Uint8Array(36).fill(0xff),
        new Uint8Array(98).fill(0xee),
        connect,
        ...othersReplies.map(([, packet]) => Buffer.from(packet.replaceAll(' ', ''), 'hex')),
      ];
      for (const packet of forged) mirror.send(packet, started.port, '127.0.0.1');
      // The connect, the longer of the two with wrong ids, and the answers to these sent back.
      const received = forged.length + 2;
      while (started.counters().received < received) await setTimeout(5);
      await setTimeout(50);
      assert.equal(answers, 2);
      assert.equal(started.counters().received, received);
      mirror.close();
      await started.close();
    });
  });
}
