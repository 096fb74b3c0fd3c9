// Checks what a tracker reads of WebTorrent clients' messages, what it refuses and why, and that what it writes is what they read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/protocol/byte-writer.ts';
import { Event } from '../../src/protocol/event.ts';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';
import { decodeWebTorrent, WebTorrentMessage } from '../../src/protocol/webtorrent-message.ts';
import {
  encodeDescription,
  encodeWebTorrentFailure,
  encodeWebTorrentReply,
  encodeWebTorrentScrapeHead,
  encodeWebTorrentScrapeItem,
  encodeWebTorrentScrapeTail,
} from '../../src/protocol/webtorrent-replies.ts';

const hash = '\u00124Vx\u009a\u00bc\u00de\u00f1#Eg\u0089\u00ab\u00cd\u00ef\u00124Vx\u009a';
const otherHash = 'h'.repeat(20);
const peerId = '-WW0100-abcdefghijk\u00ff';
const offerId = (n: number) => `offer-${n}`.padEnd(20, '"\\\u0000\u0080');
const sdp = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\na="\\é😀\r\n';
const offers = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ offer: { type: 'offer', sdp: sdp + n }, offer_id: offerId(n) }));
const announce = {
  action: 'announce',
  info_hash: hash,
  peer_id: peerId,
  left: 5,
  numwant: 5,
  uploaded: 0,
  downloaded: 0,
};
const answer = {
  action: 'announce',
  info_hash: hash,
  peer_id: peerId,
  to_peer_id: otherHash,
  answer: { type: 'answer', sdp },
  offer_id: offerId(7),
};

const message = new WebTorrentMessage(10, 50);

interface Read {
  bytes: Uint8Array;
  failure: string | undefined;
  message: WebTorrentMessage;
}

function decode(document: unknown): Read {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const bytes = Buffer.concat([Buffer.from('{"'), Buffer.from(text), Buffer.from('}"')]);
  const failure = decodeWebTorrent(bytes, 2, bytes.length - 2, message);
  return { bytes, failure: failure?.message, message };
}

function good(document: unknown): Read {
  const result = decode(document);
  assert.equal(result.failure, undefined, JSON.stringify(document).slice(0, 300));
  return result;
}

const failure = (document: unknown) => decode(document).failure;
const hashOf = (n: number) => formatLatin1(message.infoHashes, n * 20, n * 20 + 20);
/** The SDP that lies at a range of the message, as a reader would get it. */
const sdpOf = (bytes: Uint8Array, at: number, end: number) =>
  JSON.parse(`"${Buffer.from(bytes.subarray(at, end)).toString()}"`) as string;

test('an announce with offers is read as a browser writes it', () => {
  const { bytes } = good({
    ...announce,
    event: 'started',
    offers: offers(5),
    trackerid: 'x',
    custom: { a: [1, null] },
  });
  assert.equal(message.kind, 'announce');
  assert.deepEqual([message.hashCount, hashOf(0), formatLatin1(message.peerId)], [1, hash, peerId]);
  assert.deepEqual([message.event, message.seeding, message.numwant], [Event.started, false, 5]);
  assert.equal(message.offerCount, 5);
  for (let n = 0; n < 5; n++) {
    assert.equal(formatLatin1(message.offerIds, n * 20, n * 20 + 20), offerId(n));
    assert.equal(sdpOf(bytes, message.sdpAt[n], message.sdpEnd[n]), sdp + n);
  }
});

test('of more offers the first ten are taken, and what is not relayed is not judged', () => {
  const { bytes } = good({ ...announce, offers: [...offers(10), { offer_id: 'short' }, 5, null] });
  assert.equal(message.offerCount, 10);
  assert.equal(sdpOf(bytes, message.sdpAt[9], message.sdpEnd[9]), `${sdp}9`);
});

test('offers may be null, missing or none', () => {
  for (const none of [null, undefined, []]) {
    good({ ...announce, offers: offers(2) });
    good({ ...announce, offers: none });
    assert.equal(message.offerCount, 0);
  }
});

test('a left that is null, missing or −1 is not a seeder’s, 0 is', () => {
  for (const left of [null, undefined, -1, 1, 16384, 0.5, 1e300]) {
    good({ ...announce, left });
    assert.equal(message.seeding, false, String(left));
  }
  for (const left of ['0', '-0', '0.0', '0e7']) {
    good(JSON.stringify(announce).replace('"left":5', `"left":${left}`));
    assert.equal(message.seeding, true, left);
  }
  for (const left of ['0', true, [], {}])
    assert.equal(failure({ ...announce, left }), 'invalid numeric parameter');
});

test('numwant is a number of any size, or the tracker’s own', () => {
  const cases: [unknown, number][] = [
    [0, 0],
    [5, 5],
    [5.9, 5],
    [1e300, 0x7fffffff],
    [-1, -1],
    [null, -1],
    [undefined, -1],
  ];
  for (const [numwant, expected] of cases) {
    good({ ...announce, numwant });
    assert.equal(message.numwant, expected, String(numwant));
  }
  assert.equal(failure({ ...announce, numwant: '5' }), 'invalid numeric parameter');
});

test('events are known words; anything else is none', () => {
  for (const [word, event] of Object.entries(Event)) {
    good({ ...announce, event: word });
    assert.equal(message.event, event, word);
  }
  for (const event of ['', 'update', 'Started', null, 1, {}, undefined]) {
    good({ ...announce, event: 'started' });
    good({ ...announce, event });
    assert.equal(message.event, Event.none, JSON.stringify(event));
  }
});

test('an answer is read with whom it goes to', () => {
  const { bytes } = good(answer);
  assert.equal(message.kind, 'answer');
  assert.equal(formatLatin1(message.toPeerId), otherHash);
  assert.equal(formatLatin1(message.offerId), offerId(7));
  assert.equal(sdpOf(bytes, message.answerSdpAt, message.answerSdpEnd), sdp);
  good({ ...answer, answer: null });
  assert.equal(message.kind, 'announce');
});

test('a scrape asks for one, for several, or for everything', () => {
  good({ action: 'scrape', info_hash: hash });
  assert.deepEqual([message.kind, message.hashCount, hashOf(0)], ['scrape', 1, hash]);
  good({ action: 'scrape', info_hash: [hash, otherHash] });
  assert.deepEqual([message.hashCount, hashOf(0), hashOf(1)], [2, hash, otherHash]);
  for (const everything of [undefined, null]) {
    good({ action: 'scrape', info_hash: everything });
    assert.equal(message.hashCount, 0);
  }
  good({ action: 'scrape', info_hash: Array.from({ length: 60 }, () => otherHash) });
  assert.equal(message.hashCount, 50);
  for (const wrong of [[], 'short', [hash, 'short'], [hash, null], 5, {}, [[hash]]]) {
    assert.equal(
      failure({ action: 'scrape', info_hash: wrong }),
      'missing or invalid info_hash',
      JSON.stringify(wrong),
    );
  }
});

test('ids are exactly 20 characters up to U+00FF', () => {
  const wrong = [
    '',
    'h'.repeat(19),
    'h'.repeat(21),
    `${'h'.repeat(19)}Ā`,
    `${'h'.repeat(18)}😀`,
    null,
    5,
    ['h'.repeat(20)],
    undefined,
  ];
  for (const id of wrong) {
    const shown = JSON.stringify(id);
    assert.equal(failure({ ...announce, info_hash: id }), 'missing or invalid info_hash', shown);
    assert.equal(failure({ ...announce, peer_id: id }), 'missing or invalid peer_id', shown);
    assert.equal(failure({ ...answer, to_peer_id: id }), 'missing or invalid to_peer_id', shown);
    assert.equal(failure({ ...answer, offer_id: id }), 'missing or invalid offer_id', shown);
    const [offer, ...more] = offers(3);
    const last = { ...announce, offers: [...more, { ...offer, offer_id: id }] };
    assert.equal(failure(last), 'missing or invalid offer_id', shown);
  }
});

const wrongDescriptions: [unknown, string][] = [
  [undefined, 'nothing'],
  [5, 'a number'],
  ['text', 'a text'],
  [[], 'a list'],
  [{}, 'an empty object'],
  [{ type: 'offer' }, 'no sdp'],
  [{ type: 'answer' }, 'no sdp'],
  [{ sdp }, 'no type'],
  [{ type: 'pranswer', sdp }, 'another type'],
  [{ type: ['offer'], sdp }, 'a type that is no text'],
  [{ type: 'offer', sdp: 5 }, 'an sdp that is no text'],
  [{ type: 'offer', sdp: null }, 'an sdp that is null'],
  [{ type: 'offer', sdp: '' }, 'an empty sdp'],
  [{ type: 'answer', sdp: '' }, 'an empty sdp'],
  [{ type: 'offer', sdp: 'v=0\ud800' }, 'half a surrogate pair'],
  [{ type: 'answer', sdp: 'v=0\ud800' }, 'half a surrogate pair'],
];

test('an offer or answer that a peer could not read is refused whole', () => {
  for (const [description, name] of wrongDescriptions) {
    const list = [...offers(2), { offer: description, offer_id: offerId(3) }];
    assert.equal(failure({ ...announce, offers: list }), 'missing or invalid offer', name);
    if (description === undefined) continue;
    assert.equal(failure({ ...answer, answer: description }), 'missing or invalid answer', name);
  }
  assert.equal(
    failure({ ...announce, offers: [{ offer: answer.answer, offer_id: offerId(1) }] }),
    'missing or invalid offer',
  );
  assert.equal(failure({ ...answer, answer: offers(1)[0].offer }), 'missing or invalid answer');
  for (const list of [5, 'text', {}, [null], [5], [[]]]) {
    assert.equal(failure({ ...announce, offers: list }), 'missing or invalid offer', JSON.stringify(list));
  }
});

test('what is no JSON object is refused, with the info_hash read so far', () => {
  for (const text of [
    '',
    ' ',
    '[]',
    '"announce"',
    '5',
    'null',
    '{',
    '{"action":"announce"',
    '{"action":}',
    '{}x',
    '{} {}',
  ]) {
    assert.equal(failure(text), 'message is not a JSON object', text);
  }
  const cut = JSON.stringify({ ...announce, more: 'x' }).slice(0, -3);
  assert.equal(failure(cut), 'message is not a JSON object');
  assert.deepEqual([message.hashCount, hashOf(0)], [1, hash]);
  assert.equal(failure('{"action":"announce"'), 'message is not a JSON object');
  assert.equal(message.hashCount, 0, 'that of the message before is forgotten');
});

test('an action is known or refused', () => {
  for (const action of ['connect', 'Announce', '', null, 1, ['announce'], undefined]) {
    assert.equal(failure({ ...announce, action }), 'unknown action', JSON.stringify(action));
  }
});

test('of equal keys the last counts, as in JSON.parse', () => {
  const twice = (first: string, last: string) => good(`{${first},${last}}`);
  const whole = JSON.stringify(announce).slice(1, -1);
  twice(
    `"info_hash":"${otherHash}","left":0,"event":"stopped","numwant":77,"offers":[5]`,
    `${whole},"offers":[],"event":null`,
  );
  assert.deepEqual(
    [hashOf(0), message.seeding, message.event, message.numwant],
    [hash, false, Event.none, 5],
  );
  twice('"info_hash":["x"],"peer_id":7,"left":"x","action":"scrape"', whole);
  assert.equal(message.kind, 'announce');
  twice('"action":"announce"', '"action":"scrape"');
  assert.equal(message.kind, 'scrape');
  assert.equal(failure(`{${whole},"peer_id":"short"}`), 'missing or invalid peer_id');
  assert.equal(failure(`{${whole},"left":0,"left":""}`), 'invalid numeric parameter');
  const nested = `{${whole},"offers":[{"offer":5,"offer":{"type":"x","type":"offer","sdp":"","sdp":"v=0"},"offer_id":"","offer_id":"${otherHash}"}]}`;
  const { bytes } = good(nested);
  assert.equal(sdpOf(bytes, message.sdpAt[0], message.sdpEnd[0]), 'v=0');
});

test('keys and words are read however they are spelled', () => {
  const spell = (text: string) =>
    text.replace(/[a-z_]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
  const text = JSON.stringify({ ...announce, event: 'completed', offers: offers(1) });
  const spelled = text.replace(/"([a-z_]+)"/g, (_, word: string) => `"${spell(word)}"`);
  assert.ok(!spelled.includes('announce'));
  const { bytes } = good(spelled);
  assert.deepEqual([message.event, message.offerCount, hashOf(0)], [Event.completed, 1, hash]);
  assert.equal(sdpOf(bytes, message.sdpAt[0], message.sdpEnd[0]), `${sdp}0`);
});

test('many offers, deep nests and long numbers are read within bounds', () => {
  good({ ...announce, offers: offers(400) });
  assert.equal(message.offerCount, 10);
  good(`{${JSON.stringify(announce).slice(1, -1)},"left":${'9'.repeat(60_000)}}`);
  assert.equal(message.seeding, false);
  assert.equal(failure(`{"a":${'['.repeat(60_000)}`), 'message is not a JSON object');
});

test('a message cut anywhere, or with any byte changed, is read or refused, never thrown at', () => {
  const whole = Buffer.from(JSON.stringify({ ...announce, offers: offers(2), event: 'started' }));
  for (let end = 0; end < whole.length; end++) {
    assert.equal(
      decodeWebTorrent(whole, 0, end, message)?.message,
      'message is not a JSON object',
      `${end} bytes`,
    );
  }
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(whole);
      changed[at] = byte;
      decodeWebTorrent(changed, 0, changed.length, message);
    }),
    { numRuns: 2000 },
  );
});

// ---- Writers ----

const writer = new ByteWriter();
const written = () => JSON.parse(Buffer.from(writer.view()).toString()) as Record<string, unknown>;
const ids = fc.uint8Array({ minLength: 20, maxLength: 20 });

test('ids go back exactly as they came, and no longer than they came', () => {
  fc.assert(
    fc.property(ids, ids, (infoHash, peer) => {
      const text = JSON.stringify({
        ...announce,
        info_hash: formatLatin1(infoHash),
        peer_id: formatLatin1(peer),
      });
      good(text);
      assert.deepEqual([...message.infoHashes.subarray(0, 20), ...message.peerId], [...infoHash, ...peer]);
      writer.clear();
      encodeWebTorrentReply(writer, message.infoHashes, 0, {
        interval: 120,
        complete: 1,
        incomplete: 2,
        trackerId: new Uint8Array(0),
      });
      assert.deepEqual(written(), {
        action: 'announce',
        interval: 120,
        complete: 1,
        incomplete: 2,
        info_hash: formatLatin1(infoHash),
      });
    }),
    { numRuns: 500 },
  );
});

test('a tracker id is written under the name that clients read', () => {
  writer.clear();
  const trackerId = parseLatin1('tr"1\u00e9');
  encodeWebTorrentReply(writer, parseLatin1(hash), 0, { interval: 1, complete: 0, incomplete: 0, trackerId });
  assert.equal(written()['tracker id'], 'tr"1\u00e9');
});

test('offers and answers are relayed with the SDP as it was, and no longer than they came', () => {
  const { bytes } = good({ ...announce, offers: offers(2) });
  writer.clear();
  encodeDescription(writer, {
    type: 'offer',
    infoHash: message.infoHashes,
    infoHashAt: 0,
    peerId: message.peerId,
    peerIdAt: 0,
    offerId: message.offerIds,
    offerIdAt: 20,
    sdp: bytes,
    sdpAt: message.sdpAt[1],
    sdpEnd: message.sdpEnd[1],
  });
  assert.deepEqual(written(), {
    action: 'announce',
    offer: { type: 'offer', sdp: `${sdp}1` },
    offer_id: offerId(1),
    peer_id: peerId,
    info_hash: hash,
  });
  assert.ok(writer.length < bytes.length);

  const read = good(answer);
  writer.clear();
  encodeDescription(writer, {
    type: 'answer',
    infoHash: message.infoHashes,
    infoHashAt: 0,
    peerId: message.peerId,
    peerIdAt: 0,
    offerId: message.offerId,
    offerIdAt: 0,
    sdp: read.bytes,
    sdpAt: message.answerSdpAt,
    sdpEnd: message.answerSdpEnd,
  });
  const { to_peer_id: _, ...relayed } = answer;
  assert.deepEqual(written(), relayed);
});

test('a scrape is answered with an item for each info_hash', () => {
  const hashes = parseLatin1(hash + otherHash);
  writer.clear();
  encodeWebTorrentScrapeHead(writer);
  encodeWebTorrentScrapeItem(writer, 0, hashes, 0, { complete: 1, incomplete: 2, downloaded: 3 });
  encodeWebTorrentScrapeItem(writer, 1, hashes, 20, { complete: 0, incomplete: 0, downloaded: 0 });
  encodeWebTorrentScrapeTail(writer, 900);
  assert.deepEqual(written(), {
    action: 'scrape',
    files: {
      [hash]: { complete: 1, incomplete: 2, downloaded: 3 },
      [otherHash]: { complete: 0, incomplete: 0, downloaded: 0 },
    },
    flags: { min_request_interval: 900 },
  });
  writer.clear();
  encodeWebTorrentScrapeHead(writer);
  encodeWebTorrentScrapeTail(writer, 900);
  assert.deepEqual(written().files, {});
});

test('a refusal names what was asked, as far as it is known', () => {
  writer.clear();
  encodeWebTorrentFailure(writer, 'announce', parseLatin1(hash), 1, 'not "allowed" – é', 300);
  assert.deepEqual(written(), {
    action: 'announce',
    'failure reason': 'not "allowed" – é',
    interval: 300,
    info_hash: hash,
  });
  writer.clear();
  encodeWebTorrentFailure(writer, 'scrape', parseLatin1(hash), 0, 'no', 300);
  assert.deepEqual(written(), { action: 'scrape', 'failure reason': 'no', interval: 300 });
});
