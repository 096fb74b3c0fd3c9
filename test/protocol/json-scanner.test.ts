// Checks the JSON scanner against JSON.parse: the same documents are accepted, the same strings and numbers read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScanner, maxJsonDepth } from '../../src/protocol/json-scanner.ts';

const scanner = new JsonScanner();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether the scanner takes the bytes as a document; they lie among others. */
function accepts(bytes: Uint8Array): boolean {
  const memory = Buffer.concat([Buffer.from('"}]1'), bytes, Buffer.from('"}]1')]);
  scanner.start(memory, 4, 4 + bytes.length);
  return scanner.skip(0) && scanner.finish();
}

function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(utf8.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Builds the value again out of what the scanner reads. */
function build(depth = 0): unknown {
  if (scanner.isString()) {
    scanner.readString();
    return lastString();
  }
  if (scanner.isNumber()) {
    scanner.readNumber();
    return scanner.number;
  }
  if (scanner.isArray()) {
    const items: unknown[] = [];
    for (let more = scanner.firstItem(); more; more = scanner.nextItem()) items.push(build(depth + 1));
    return items;
  }
  if (scanner.isObject()) {
    const object: Record<string, unknown> = {};
    for (let more = scanner.firstKey(); more; more = scanner.nextKey()) {
      const key = lastString();
      const value = build(depth + 1);
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return object;
  }
  const isNull = scanner.isNull();
  scanner.skip(depth);
  return isNull ? null : 'true or false';
}

const lastString = () =>
  JSON.parse(`"${utf8.decode(scanner.bytes.subarray(scanner.stringAt, scanner.stringEnd))}"`) as string;

function read(bytes: Uint8Array): unknown {
  scanner.start(bytes, 0, bytes.length);
  const value = build();
  assert.ok(scanner.finish());
  return value;
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, inner) => (typeof inner === 'boolean' ? 'true or false' : inner));

/** JSON as somebody else might spell it: spaces, escapes in place of characters, exponents. */
const spelled = fc
  .tuple(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), fc.boolean())
  .map(([value, indent, escaped]) => {
    const text = JSON.stringify(value, null, indent);
    return escaped ? text.replace(/[^\n\t\x20-\x7e]/g, spellOut) : text;
  });
const spellOut = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

test('what JSON.parse reads is read alike', () => {
  fc.assert(
    fc.property(spelled, (text) => {
      assert.deepEqual(read(Buffer.from(text)), plain(JSON.parse(text)));
    }),
    { numRuns: 2000 },
  );
});

test('documents with something changed are accepted exactly when JSON.parse accepts them', () => {
  const pieces = [
    '"',
    '\\',
    '\\u',
    '\\ud800',
    '\\ude00',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '-',
    '1e',
    '.',
    'E+',
    'null',
  ];
  const bytes = [0x00, 0x08, 0x1f, 0x7f, 0x80, 0xc3, 0xe2, 0xed, 0xf4, 0xff].map((byte) =>
    Buffer.from([byte]),
  );
  const insert = fc.constantFrom(
    ...pieces.map((piece) => Buffer.from(piece)),
    ...bytes,
    Buffer.from('\ufeff'),
  );
  const change = fc.tuple(fc.nat(), fc.nat(3), fc.option(insert));
  let good = 0;
  let bad = 0;
  fc.assert(
    fc.property(spelled, fc.array(change, { maxLength: 3 }), (text, changes) => {
      let document = Buffer.from(text);
      for (const [place, removed, added] of changes) {
        const at = place % (document.length + 1);
        const rest = document.subarray(Math.min(document.length, at + removed));
        document = Buffer.concat([document.subarray(0, at), added ?? Buffer.alloc(0), rest]);
      }
      const expected = parses(document);
      if (expected) good++;
      else bad++;
      assert.equal(accepts(document), expected, document.toString('latin1'));
    }),
    { numRuns: 4000 },
  );
  assert.ok(good > 500 && bad > 500, `${good} good and ${bad} bad documents`);
});

test('numbers are read as JSON.parse reads them, and refused where it refuses', () => {
  for (const text of [
    ...[
      '0',
      '-0',
      '1',
      '-1',
      '16384',
      '9007199254740991',
      '9007199254740993',
      '18446744073709551615',
      '1e3',
      '1E+3',
    ],
    ...['1.5', '-0.0', '0e5', '1e-400', '1e400', '123456789012345', '1234567890123456', `${'9'.repeat(400)}`],
    ...[
      '01',
      '-01',
      '-',
      '+1',
      '.5',
      '1.',
      '1.e3',
      '1e',
      '1e+',
      '0x1',
      '1 2',
      'Infinity',
      'NaN',
      '-Infinity',
      '',
    ],
  ]) {
    const bytes = Buffer.from(text);
    assert.equal(accepts(bytes), parses(bytes), text);
    if (parses(bytes)) assert.ok(Object.is(read(bytes), JSON.parse(text)), text);
  }
});

test('every document cut short is refused, and never read beyond its end', () => {
  const text = '{"a":[1.5e3,true,false,null,"\\u00e9é\\ud83d\\ude00😀\\n"],"b":{"c":-0}}';
  const bytes = Buffer.from(text);
  for (let end = 0; end < bytes.length; end++)
    assert.equal(accepts(bytes.subarray(0, end)), false, `${end} bytes`);
  assert.ok(accepts(bytes));
});

test('a document nested deeper than any client nests is refused, however deep', () => {
  const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
  assert.ok(accepts(nested(maxJsonDepth)));
  assert.ok(!accepts(nested(maxJsonDepth + 1)));
  assert.ok(!accepts(Buffer.from('[{"a":'.repeat(30_000))));
});

test('strings are compared and copied by their characters, however they are spelled', () => {
  const latin1 = fc.array(fc.nat(255), { maxLength: 24 });
  fc.assert(
    fc.property(latin1, fc.array(fc.nat(3), { minLength: 24, maxLength: 24 }), (bytes, ways) => {
      const text = bytes.map((byte, i) => {
        const character = String.fromCharCode(byte);
        const usual = JSON.stringify(character).slice(1, -1);
        return ways[i] === 0
          ? spellOut(character)
          : ways[i] === 1
            ? spellOut(character).toUpperCase().replace('U', 'u')
            : usual;
      });
      const document = Buffer.from(`"${text.join('')}"`);
      scanner.start(document, 0, document.length);
      assert.ok(scanner.readString());
      const into = new Uint8Array(30);
      assert.ok(scanner.copyLatin1(into, 3, bytes.length));
      assert.deepEqual([...into.subarray(3, 3 + bytes.length)], bytes);
      assert.ok(!scanner.copyLatin1(into, 0, bytes.length + 1), 'one more is wanted');
      assert.ok(bytes.length === 0 || !scanner.copyLatin1(into, 0, bytes.length - 1), 'one less is wanted');
      if (bytes.every((byte) => byte < 0x80)) {
        assert.ok(scanner.stringIs(Uint8Array.from(bytes)));
        assert.ok(!scanner.stringIs(Uint8Array.from([...bytes, 0x61])));
        if (bytes.length > 0) assert.ok(!scanner.stringIs(Uint8Array.from(bytes.slice(1))));
      }
    }),
    { numRuns: 1000 },
  );
  for (const wide of ['Ā', '€', '😀', '\\u0100', '\\ud83d\\ude00']) {
    const document = Buffer.from(`"${wide}"`);
    scanner.start(document, 0, document.length);
    assert.ok(scanner.readString());
    assert.ok(!scanner.copyLatin1(new Uint8Array(9), 0, 1), wide);
  }
});

test('a string says whether its surrogates are in pairs', () => {
  const paired = (text: string) => {
    const document = Buffer.from(`"${text}"`);
    scanner.start(document, 0, document.length);
    assert.ok(scanner.readString(), text);
    return scanner.paired;
  };
  for (const text of ['', 'a😀', '\\ud83d\\ude00', '\\uD83D\\uDE00\\ud7ff\\ue000'])
    assert.ok(paired(text), text);
  for (const text of [
    '\\ud83d',
    '\\ude00',
    '\\ude00\\ud83d',
    '\\ud83dx',
    '\\ud83d\\n',
    '\\ud83d\\ud83d\\ude00',
  ]) {
    assert.ok(!paired(text), text);
  }
});
