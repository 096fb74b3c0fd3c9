// Checks that a message grows as needed and starts anew in the same memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/protocol/byte-writer.ts';
import { formatLatin1 } from '../../src/protocol/latin1.ts';

test('digits are decimal for every whole number', () => {
  const writer = new ByteWriter(1);
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger().map(Math.abs), fc.nat(1000)), (value) => {
      writer.clear();
      writer.byte(0x69);
      writer.digits(value);
      assert.equal(formatLatin1(writer.view()), `i${value}`);
    }),
    { examples: [[0], [9], [10], [99], [100], [Number.MAX_SAFE_INTEGER]] },
  );
});

test('a message outgrows its memory without losing its beginning', () => {
  const writer = new ByteWriter(4);
  const piece = new Uint8Array(100).fill(0x61);
  writer.latin1('abc');
  writer.raw(piece, 10, 2);
  writer.text('é');
  writer.raw(piece);
  assert.equal(formatLatin1(writer.copy()), `abcaa\u00c3\u00a9${'a'.repeat(100)}`);
});

test('a copy outlives the next message and a view does not', () => {
  const writer = new ByteWriter(8);
  writer.latin1('one');
  const [copy, view] = [writer.copy(), writer.view()];
  writer.clear();
  writer.latin1('two');
  assert.deepEqual([formatLatin1(copy), formatLatin1(view)], ['one', 'two']);
});
