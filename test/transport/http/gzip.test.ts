// Checks that what shrinks is compressed and what does not is left alone, without asking zlib about noise.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { gzipIfSmaller, looksCompressible } from '../../../src/transport/http/gzip.ts';

const head = 'd8:completei12e10:downloadedi3e10:incompletei40e8:intervali1800e12:min intervali60e5:peers';
const reply = (peers: Buffer) =>
  Buffer.concat([Buffer.from(`${head}${peers.length}:`), peers, Buffer.from('10:tracker id7:Wildkate')]);

function peersOf(count: number, address: () => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => Buffer.concat([address(), randomBytes(2)])));
}

test('peers on one address are compressed', () => {
  const body = reply(peersOf(30, () => Buffer.from([127, 0, 0, 1])));
  const compressed = gzipIfSmaller(body, body.length)!;
  assert.ok(compressed.length < body.length * 0.9);
  assert.deepEqual(gunzipSync(compressed), body);
});

test('mapped peers, dictionaries and scrapes are compressed', () => {
  const mapped = Buffer.concat([Buffer.alloc(10), Buffer.from([255, 255])]);
  const bodies = [
    reply(peersOf(20, () => Buffer.concat([mapped, randomBytes(4)]))),
    Buffer.from(
      `d5:peersl${Array.from({ length: 10 }, (_, i) => `d2:ip9:10.1.2.${i}44:porti688${i}ee`).join('')}ee`,
    ),
    Buffer.concat(
      Array.from({ length: 5 }, () => [
        Buffer.from('20:'),
        randomBytes(20),
        Buffer.from('d8:completei1e10:downloadedi0e11:downloadersi2e10:incompletei2ee'),
      ]).flat(),
    ),
  ];
  for (const body of bodies) {
    const compressed = gzipIfSmaller(body, body.length);
    assert.ok(compressed !== undefined && compressed.length < body.length);
    assert.deepEqual(gunzipSync(compressed), body);
  }
});

test('peers from all over the world are left alone', () => {
  for (let i = 0; i < 50; i++) {
    const body = reply(peersOf(50, () => randomBytes(4)));
    assert.ok(!looksCompressible(body, body.length));
  }
});

test('a failure is too short to shrink', () => {
  const body = Buffer.from('d14:failure reason23:missing or invalid porte');
  assert.equal(gzipIfSmaller(body, body.length), undefined);
});

test('only the answer is compressed and not what lies behind it in the buffer', () => {
  const body = Buffer.concat([Buffer.alloc(400, 'abc'), randomBytes(100)]);
  assert.deepEqual(gunzipSync(gzipIfSmaller(body, 400)!), body.subarray(0, 400));
});

test('a large answer is compressed as well as a small one', () => {
  const body = Buffer.from(Array.from({ length: 5000 }, (_, i) => `d2:ip9:10.1.2.3${i}e`).join(''));
  assert.deepEqual(gunzipSync(gzipIfSmaller(body, body.length)!), body);
});

test('what is compressed comes back as it was and is smaller, and nothing that would shrink by a tenth is missed', () => {
  const body = fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(...['complete', '10:', '\0\0\0\0'].map(Buffer.from)),
      ),
      {
        maxLength: 60,
      },
    )
    .map((pieces) => Buffer.concat(pieces));
  fc.assert(
    fc.property(body, (bytes) => {
      const compressed = gzipIfSmaller(bytes, bytes.length);
      if (compressed === undefined) {
        assert.ok(gzipSync(bytes).length > bytes.length * 0.9);
        return;
      }
      assert.ok(compressed.length < bytes.length);
      assert.deepEqual(gunzipSync(compressed), bytes);
    }),
    { numRuns: 300 },
  );
});
