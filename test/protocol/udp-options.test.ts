// Checks the options after a UDP announce (BEP 41): joined, skipped, cut short, and noise.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';
import { decodeUrlData, encodeUrlData } from '../../src/protocol/udp-options.ts';

function urlData(...options: (number | string)[]): string {
  const raw = options.flatMap((part) => (typeof part === 'string' ? [...parseLatin1(part)] : [part]));
  const out = new Uint8Array(64);
  return formatLatin1(out, 0, decodeUrlData(new Uint8Array(raw), 0, raw.length, out));
}

test('URL data is joined in the order it came', () => {
  assert.equal(urlData(2, 4, '/ann', 2, 5, 'ounce', 0), '/announce');
});

test('an announce without options has no URL data', () => {
  assert.equal(urlData(), '');
  assert.equal(urlData(0), '');
  assert.equal(urlData(2, 0, 0), '');
});

test('nothing counts after the end of options', () => {
  assert.equal(urlData(2, 1, '/', 0, 2, 1, 'x'), '/');
});

test('the end of the packet ends the options as well', () => {
  assert.equal(urlData(2, 1, '/'), '/');
});

test('a nop has no length byte and an unknown option has one', () => {
  assert.equal(urlData(1, 1, 2, 1, '/', 1, 99, 3, 'abc', 255, 0, 2, 1, 'x', 0), '/x');
});

test('an option that runs past the end does not count', () => {
  assert.equal(urlData(2, 1, '/', 2, 5, 'ab'), '/');
  assert.equal(urlData(2, 1, '/', 2), '/');
  assert.equal(urlData(2, 1, '/', 77), '/');
  assert.equal(urlData(2, 1, '/', 77, 200, 'x'), '/');
});

test('a piece that finds no room does not count', () => {
  assert.equal(urlData(2, 60, 'a'.repeat(60), 2, 5, 'bbbbb', 0), 'a'.repeat(60));
});

test('a path longer than 255 bytes is split', () => {
  const encoded = encodeUrlData(new Uint8Array(300).fill(0x61));
  assert.deepEqual([encoded[0], encoded[1], encoded[257], encoded[258]], [2, 255, 2, 45]);
  assert.equal(encoded.at(-1), 0);
  assert.equal(encoded.length, 300 + 2 + 2 + 1);
});

test('the empty path needs no options', () => {
  assert.equal(encodeUrlData(new Uint8Array(0)).length, 0);
});

test('what is encoded is decoded as it was', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), fc.nat(20), (path, at) => {
      const encoded = encodeUrlData(path);
      const packet = new Uint8Array(at + encoded.length);
      packet.set(encoded, at);
      const out = new Uint8Array(1000);
      assert.deepEqual(out.subarray(0, decodeUrlData(packet, at, packet.length, out)), path);
    }),
  );
});

test('noise is walked to its end and no further', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      assert.ok(decodeUrlData(noise, 0, noise.length, new Uint8Array(512)) <= noise.length);
    }),
  );
});
