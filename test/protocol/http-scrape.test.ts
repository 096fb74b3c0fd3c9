// Checks HTTP scrapes: the query string, its limits, and the answer in both directions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBencode, encodeBencode } from '../../src/protocol/bencode.ts';
import { ByteWriter } from '../../src/protocol/byte-writer.ts';
import { decodeHttpScrapeReply } from '../../src/protocol/http-client-replies.ts';
import { formatHttpScrape } from '../../src/protocol/http-client-requests.ts';
import {
  decodeHttpScrape,
  encodeHttpScrapeCounts,
  encodeHttpScrapeHead,
  encodeHttpScrapeTail,
  HttpScrapeQuestion,
} from '../../src/protocol/http-scrape.ts';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';

function decode(query: string, max = 5): string[] | string {
  const into = new HttpScrapeQuestion(max);
  const failure = decodeHttpScrape(parseLatin1(query), 0, query.length, into);
  if (failure) return failure.message;
  return Array.from({ length: into.count }, (_, i) => formatLatin1(into.infoHashes, 20 * i, 20 * i + 20));
}

const hash = (letter: string) => letter.repeat(20);

test('info_hashes are read in ascending order, each once', () => {
  assert.deepEqual(decode(['c', 'a', 'b', 'a'].map((letter) => `info_hash=${hash(letter)}`).join('&')), [
    hash('a'),
    hash('b'),
    hash('c'),
  ]);
});

test('a scrape without info_hash asks for everything', () => {
  for (const query of ['', '&', 'x=1', 'infohash=a']) assert.deepEqual(decode(query), [], query);
});

test('of more info_hashes than the limit the first ones are answered, and nothing after them is read', () => {
  const asked = (letters: string) => [...letters].map((letter) => `info_hash=${hash(letter)}`).join('&');
  const first = [...'edcba'].reverse().map(hash);
  assert.deepEqual(decode(asked('edcba')), first);
  assert.deepEqual(decode(asked('edcbagf')), first);
  assert.deepEqual(decode(asked('eeeedcbag')), first);
  assert.deepEqual(decode(`${asked('edcba')}&info_hash=short`), first);
  assert.deepEqual(decode(asked('a'.repeat(75))), [hash('a')]);
});

test('an info_hash of another length or with a broken percent sign is refused', () => {
  for (const wrong of ['', hash('a').slice(1), `${hash('a')}a`, `${hash('a')}%4`, '%zz']) {
    assert.equal(decode(`info_hash=${hash('b')}&info_hash=${wrong}`), 'missing or invalid info_hash', wrong);
  }
});

test('10,000 parameters are refused without being read', () => {
  assert.equal(decode('a=1&'.repeat(10_000)), 'too many parameters');
});

test('what a client writes a tracker reads', () => {
  const hashes = fc.uniqueArray(fc.uint8Array({ minLength: 20, maxLength: 20 }), {
    maxLength: 20,
    selector: (bytes) => formatLatin1(bytes),
  });
  fc.assert(
    fc.property(hashes, (list) => {
      assert.deepEqual(decode(formatHttpScrape(list), 20), list.map((bytes) => formatLatin1(bytes)).sort());
    }),
  );
});

test('an answer has an item for each info_hash and the flags, and is strict bencode', () => {
  const writer = new ByteWriter(8);
  const hashes = parseLatin1(hash('a') + hash('b'));
  encodeHttpScrapeHead(writer);
  encodeHttpScrapeCounts(writer, hashes, 0, { complete: 1, incomplete: 2, downloaded: 3, downloaders: 1 });
  encodeHttpScrapeCounts(writer, hashes, 20, { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 });
  encodeHttpScrapeTail(writer, 60);
  const bytes = writer.view();
  assert.equal(
    formatLatin1(bytes),
    `d5:filesd20:${hash('a')}d8:completei1e10:downloadedi3e11:downloadersi1e10:incompletei2ee` +
      `20:${hash('b')}d8:completei0e10:downloadedi0e11:downloadersi0e10:incompletei0eee` +
      '5:flagsd20:min_request_intervali60eee',
  );
  decodeBencode(bytes);
  const reply = decodeHttpScrapeReply(bytes);
  assert.equal(reply.minRequestInterval, 60);
  assert.deepEqual(reply.findings, []);
  assert.deepEqual(reply.files[0], {
    infoHash: parseLatin1(hash('a')),
    complete: 1,
    incomplete: 2,
    downloaded: 3,
    downloaders: 1,
    name: undefined,
  });
  assert.equal(reply.files.length, 2);
});

test('an answer without items is whole', () => {
  const writer = new ByteWriter();
  encodeHttpScrapeHead(writer);
  encodeHttpScrapeTail(writer, 60);
  assert.deepEqual(decodeHttpScrapeReply(writer.view()).files, []);
  decodeBencode(writer.view());
});

test('a client takes items of the wrong kind as absent and says so', () => {
  const files = { short: { complete: 1 }, [hash('a')]: 'x', [hash('b')]: { complete: 'x', name: 'n' } };
  const reply = decodeHttpScrapeReply(encodeBencode({ files, flags: [] }));
  assert.deepEqual(
    reply.files.map(({ complete, name }) => [complete, name]),
    [
      [undefined, 'n'],
      [1, undefined],
    ],
  );
  assert.deepEqual(reply.findings.toSorted(), [
    'complete is not a number of 0 or more',
    'files is not a dictionary of dictionaries',
    'files is not keyed by 20 bytes',
    'flags is not a dictionary',
  ]);
  assert.equal(decodeHttpScrapeReply(encodeBencode({ 'failure reason': 'no' })).failureReason, 'no');
});
