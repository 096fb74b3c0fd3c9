// Checks bencoding against BEP 3's examples, by property, and with input that means harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bencoded, BencodeError, decodeBencode, encodeBencode } from '../../src/protocol/bencode.ts';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';

const bytes = (text: string) => parseLatin1(text);
const text = (raw: Uint8Array) => formatLatin1(raw);
const decode = (input: string) => decodeBencode(bytes(input)).value;

test('the examples of BEP 3 are encoded as there', () => {
  assert.equal(text(encodeBencode('spam')), '4:spam');
  assert.equal(text(encodeBencode('')), '0:');
  assert.equal(text(encodeBencode(3)), 'i3e');
  assert.equal(text(encodeBencode(-3)), 'i-3e');
  assert.equal(text(encodeBencode(-0)), 'i0e');
  assert.equal(text(encodeBencode(2n ** 63n)), 'i9223372036854775808e');
  assert.equal(text(encodeBencode(['spam', 'eggs'])), 'l4:spam4:eggse');
  assert.equal(text(encodeBencode({ spam: 'eggs', cow: 'moo' })), 'd3:cow3:moo4:spam4:eggse');
  assert.equal(text(encodeBencode({ spam: ['a', 'b'], none: undefined })), 'd4:spaml1:a1:bee');
});

test('text is encoded as UTF-8 and its length counted in bytes', () => {
  assert.equal(text(encodeBencode('é')), '2:\u00c3\u00a9');
});

test('keys are sorted as raw bytes', () => {
  const value = new Map([
    ['\u00ff', 1],
    ['a', 2],
    ['Z', 3],
    ['aa', 4],
  ]);
  assert.equal(text(encodeBencode(value)), 'd1:Zi3e1:ai2e2:aai4e1:\u00ffi1ee');
});

test('a number that is no integer is not encoded', () => {
  for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => encodeBencode(value), RangeError);
  }
});

test('the examples of BEP 3 are decoded', () => {
  assert.deepEqual(decode('4:spam'), bytes('spam'));
  assert.equal(decode('i0e'), 0);
  assert.equal(decode('i-3e'), -3);
  assert.equal(decode('i18446744073709551615e'), 2n ** 64n - 1n);
  assert.deepEqual(decode('l4:spami7ee'), [bytes('spam'), 7]);
  assert.deepEqual(
    decode('d3:cow3:moo4:spaml1:aee'),
    new Map<string, Bencoded>([
      ['cow', bytes('moo')],
      ['spam', [bytes('a')]],
    ]),
  );
  assert.deepEqual(decode('de'), new Map());
  assert.deepEqual(decode('le'), []);
});

const refused: [string, string][] = [
  ['', 'input ends too early at byte 0'],
  ['i', 'not an integer at byte 0'],
  ['ie', 'not an integer at byte 0'],
  ['i-e', 'not an integer at byte 0'],
  ['i-0e', 'integer with a leading zero at byte 0'],
  ['i03e', 'integer with a leading zero at byte 0'],
  ['i-03e', 'integer with a leading zero at byte 0'],
  ['i+3e', 'not an integer at byte 0'],
  ['i 3e', 'not an integer at byte 0'],
  ['i1.5e', 'not an integer at byte 0'],
  ['i1e3e', 'data after the value at byte 3'],
  [`i${'1'.repeat(21)}e`, 'not an integer at byte 0'],
  ['-1:a', 'not a string at byte 0'],
  ['01:a', 'length with a leading zero at byte 0'],
  ['00:', 'length with a leading zero at byte 0'],
  ['2:a', 'string runs past the end at byte 0'],
  ['9999999999:a', 'string runs past the end at byte 0'],
  ['99999999999999999999:a', 'not a string at byte 0'],
  ['4', 'not a string at byte 0'],
  [':', 'not a string at byte 0'],
  ['e', 'not a string at byte 0'],
  ['x', 'not a string at byte 0'],
  ['l', 'input ends too early at byte 1'],
  ['d3:cowe', 'key without a value at byte 6'],
  ['d3:cow', 'input ends too early at byte 6'],
  ['di1e3:cowe', 'not a string at byte 1'],
  ['dle3:cowe', 'not a string at byte 1'],
  ['d1:bi1e1:ai1ee', 'keys out of order at byte 7'],
  ['d1:ai1e1:ai1ee', 'repeated key at byte 7'],
  ['i1ei2e', 'data after the value at byte 3'],
];
for (const [input, message] of refused) {
  test(`${JSON.stringify(input)} is refused: ${message}`, () => {
    assert.throws(() => decode(input), { name: 'BencodeError', message });
  });
}

test('a lenient decoder takes sloppy dictionaries and trailing data, and says so', () => {
  const input = bytes('d1:bi1e1:ai2e1:bi3e1:bi4ee\r\n');
  const { value, end, findings } = decodeBencode(input, { lenient: true });
  assert.deepEqual(
    value,
    new Map([
      ['b', 1],
      ['a', 2],
    ]),
  );
  assert.equal(end, input.length - 2);
  assert.deepEqual(findings, [
    'keys out of order at byte 7',
    'repeated key at byte 19',
    'data after the value at byte 26',
  ]);
});

test('the span of a top-level value is the bytes that a hash of it is made of', () => {
  const input = bytes('d1:a1:x4:infod1:bd1:ci1eee1:zi9ee');
  const [start, end] = decodeBencode(input).spans.get('info')!;
  assert.equal(text(input.subarray(start, end)), 'd1:bd1:ci1eee');
});

test('a key named __proto__ is a key like any other', () => {
  const value = decode('d9:__proto__d8:pollutedi1eee');
  assert.ok(value instanceof Map);
  assert.ok(value.get('__proto__') instanceof Map);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('a million lists inside one another are refused at once', () => {
  for (const opening of ['l', 'd1:a']) {
    const started = performance.now();
    assert.throws(() => decode(opening.repeat(1_000_000)), /nested too deeply at byte/);
    assert.ok(performance.now() - started < 1000);
  }
});

test('depth, values and bytes have limits that can be set', () => {
  assert.deepEqual(decodeBencode(bytes('llee'), { maxDepth: 2 }).value, [[]]);
  assert.throws(() => decodeBencode(bytes('llleee'), { maxDepth: 2 }), /nested too deeply at byte 2/);
  assert.throws(() => decodeBencode(bytes('li1ei2ee'), { maxItems: 2 }), /too many values at byte 4/);
  assert.throws(() => decodeBencode(bytes('5:aaaaa'), { maxBytes: 6 }), /input too large/);
});

const value: fc.Arbitrary<Bencoded> = fc.letrec<{ node: Bencoded }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 66n }),
    fc.uint8Array({ maxLength: 30 }),
    fc.array(tie('node'), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.uint8Array({ maxLength: 8 }), tie('node')), { maxLength: 5 })
      .map((entries) => new Map(entries.map(([key, item]) => [formatLatin1(key), item]))),
  ),
})).node;

/** Maps with their keys in order, which is what comes back. */
function sorted(node: Bencoded): Bencoded {
  if (Array.isArray(node)) return node.map(sorted);
  if (!(node instanceof Map)) return node;
  return new Map([...node].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

test('what is encoded is decoded as it was', () => {
  fc.assert(
    fc.property(value, (node) => {
      const result = decodeBencode(encodeBencode(node));
      assert.deepEqual(result.value, sorted(node));
      assert.deepEqual(result.findings, []);
    }),
    { numRuns: 300 },
  );
});

test('input cut short anywhere is refused', () => {
  fc.assert(
    fc.property(value, fc.nat(), (node, cut) => {
      const whole = encodeBencode(node);
      const part = whole.subarray(0, cut % whole.length);
      assert.throws(() => decodeBencode(part), BencodeError);
    }),
    { numRuns: 300 },
  );
});

test('noise is decoded or refused, strict and lenient, and never anything else', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.constantFrom(...'dlie0123:-9a'), { maxLength: 200 }).map((parts) => bytes(parts.join(''))),
  );
  fc.assert(
    fc.property(noise, fc.boolean(), (input, lenient) => {
      try {
        const result = decodeBencode(input, { lenient });
        if (!lenient) assert.deepEqual(encodeBencode(result.value), input);
      } catch (error) {
        assert.ok(error instanceof BencodeError);
      }
    }),
    { numRuns: 2000 },
  );
});
