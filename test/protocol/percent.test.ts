// Checks percent-encoding of raw bytes: what is decoded, what is left alone, and what is broken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';
import { decodePercent, formatPercent } from '../../src/protocol/percent.ts';

function decode(text: string): string | undefined {
  const out = new Uint8Array(16);
  const length = decodePercent(parseLatin1(text), 0, text.length, out);
  return length < 0 ? undefined : formatLatin1(out, 0, length);
}

test('a plus sign is a plus sign and %20 is a space', () => {
  assert.equal(decode('a+b%20c%2B'), 'a+b c+');
});

test('hexadecimal digits are read in either case', () => {
  assert.equal(decode('%fF%Ff%00'), '\u00ff\u00ff\u0000');
});

test('a broken percent sign is refused', () => {
  for (const text of ['%', '%1', 'a%', '%g1', '%1g', '%%41', '% 1', '%-1', '%\u00b11']) {
    assert.equal(decode(text), undefined, text);
  }
});

test('digits that lie behind the end do not count', () => {
  assert.equal(decodePercent(parseLatin1('%41'), 0, 2, new Uint8Array(4)), -1);
});

test('more bytes than there is room for are refused', () => {
  assert.equal(decode('%41'.repeat(16)), 'A'.repeat(16));
  assert.equal(decode('%41'.repeat(17)), undefined);
});

test('what is encoded is decoded as it was, and as a URL it means the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = formatPercent(bytes);
      const out = new Uint8Array(100);
      assert.deepEqual(out.subarray(0, decodePercent(parseLatin1(text), 0, text.length, out)), bytes);
      assert.match(text, /^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
    }),
  );
});
