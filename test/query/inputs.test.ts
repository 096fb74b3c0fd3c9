// Every way to name a torrent, and the trackers that a magnet link or a .torrent file brings.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeBencode } from '../../src/protocol/bencode.ts';
import { decodeBase32 } from '../../src/query/command/base32.ts';
import { parseInfoHash, parseMagnetLink } from '../../src/query/command/input-hash.ts';
import { decodeTorrent } from '../../src/query/command/torrent-file.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { startAnswering } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

test('hex of either case, a truncated v2 hash and base32 name the same torrent', () => {
  const wanted = '0123456789abcdef0123456789abcdef01234567';
  assert.equal(hex(parseInfoHash(wanted)), wanted);
  assert.equal(hex(parseInfoHash(wanted.toUpperCase())), wanted);
  assert.equal(hex(parseInfoHash(wanted + 'ff'.repeat(12))), wanted);
  assert.equal(hex(parseInfoHash('AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH')), wanted);
  assert.equal(hex(decodeBase32('aerukz4jvpg66ajdivtytk6n54asgrlh')), wanted);
  for (const bad of ['', 'x', wanted.slice(1), `${wanted}0`, 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRL1']) {
    assert.equal(parseInfoHash(bad), undefined, bad);
  }
});

test('a magnet link gives info_hash, name and trackers', () => {
  const link =
    'magnet:?xt=urn:btih:0123456789ABCDEF0123456789ABCDEF01234567&dn=a+b&tr=udp%3A%2F%2Fx%3A1%2Fannounce&tr=http://y/announce&tr=http://y/announce';
  const torrent = parseMagnetLink(link);
  assert.equal(hex(torrent.infoHash), '0123456789abcdef0123456789abcdef01234567');
  assert.equal(torrent.name, 'a b');
  assert.deepEqual(torrent.trackers, ['udp://x:1/announce', 'http://y/announce']);
  assert.equal(hex(parseMagnetLink(`magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}`).infoHash), 'ab'.repeat(20));
});

test('a .torrent file is known by the hash of its info as it lies there', () => {
  const info = { length: 1, name: 'x', 'piece length': 16384, pieces: new Uint8Array(20) };
  const file = encodeBencode({
    announce: 'http://a/announce',
    'announce-list': [['http://b/announce'], ['udp://c:1/announce', 'http://b/announce']],
    info,
  });
  const torrent = decodeTorrent(file)!;
  assert.equal(hex(torrent.infoHash), createHash('sha1').update(encodeBencode(info)).digest('hex'));
  assert.deepEqual(torrent.trackers, ['http://b/announce', 'udp://c:1/announce']);
  // Unsorted keys within info are hashed as they are.
  const odd = Buffer.from('d4:infod4:name1:x6:lengthi1eee', 'latin1');
  const wanted = createHash('sha1').update('d4:name1:x6:lengthi1ee').digest('hex');
  assert.equal(hex(decodeTorrent(odd)?.infoHash), wanted);
});

test('a v2 torrent is known by the first 20 bytes of its SHA-256', () => {
  const info = { 'file tree': {}, 'meta version': 2, name: 'x', 'piece length': 16384 };
  const torrent = decodeTorrent(encodeBencode({ info }))!;
  const wanted = createHash('sha256').update(encodeBencode(info)).digest('hex').slice(0, 40);
  assert.equal(hex(torrent.infoHash), wanted);
});

test('no torrent is made of other files', () => {
  for (const text of ['', 'de', 'i1e', 'd4:infoi1ee', 'l4:infoe', 'd4:infod']) {
    assert.equal(decodeTorrent(Buffer.from(text)), undefined, text);
  }
});

test('without -t the tracker of a magnet link is asked about its torrent', async (t) => {
  const { url, targets } = await startAnswering(t, { interval: 1800, peers: '' });
  const link = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&tr=${encodeURIComponent(url)}`;
  const { code, stdout } = await runQuery(['-H', link, '-o', 'json']);
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).tracker, url);
  assert.ok(targets[0].includes(`info_hash=${'%AB'.repeat(20)}`), targets[0]);
});

test('without -t all trackers of a .torrent file are asked', async (t) => {
  const first = await startAnswering(t, { interval: 1800, peers: '' });
  const second = await startAnswering(t, { interval: 900, peers: '' });
  const path = join(temporaryDirectory('torrent'), 'x.torrent');
  const file = { 'announce-list': [[first.url], [second.url]], info: { name: 'x' } };
  writeFileSync(path, encodeBencode(file));
  const { code, stdout } = await runQuery(['-H', path, '-o', 'json', '-d', '0']);
  assert.equal(code, 0);
  const results: { tracker: string; interval: number }[] = JSON.parse(stdout);
  assert.deepEqual(
    results.map(({ tracker, interval }) => [tracker, interval]),
    [
      [first.url, 1800],
      [second.url, 900],
    ],
  );
});
