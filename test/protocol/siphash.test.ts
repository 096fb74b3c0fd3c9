// Checks SipHash-2-4 against the authors' vectors and against a plain implementation in 64-bit integers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SipHash } from '../../src/protocol/siphash.ts';

const mask = (1n << 64n) - 1n;
const turn = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask;

/** As the paper describes it, for reading rather than for speed. */
function slowSipHash(key: Uint8Array, message: Uint8Array): bigint {
  const word = (bytes: Uint8Array, at: number) => Buffer.from(bytes).readBigUInt64LE(at);
  const [k0, k1] = [word(key, 0), word(key, 8)];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = (v0 + v1) & mask;
    v2 = (v2 + v3) & mask;
    v1 = turn(v1, 13n) ^ v0;
    v3 = turn(v3, 16n) ^ v2;
    v0 = turn(v0, 32n);
    v2 = (v2 + v1) & mask;
    v0 = (v0 + v3) & mask;
    v1 = turn(v1, 17n) ^ v2;
    v3 = turn(v3, 21n) ^ v0;
    v2 = turn(v2, 32n);
  };
  const padded = new Uint8Array((message.length & ~7) + 8);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  for (let at = 0; at < padded.length; at += 8) {
    const block = word(padded, at);
    v3 ^= block;
    round();
    round();
    v0 ^= block;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

function fastSipHash(key: Uint8Array, message: Uint8Array, at = 0, filler = 0): bigint {
  const words = new Int32Array(at + 40).fill(filler);
  const rest = message.length & 7;
  const blocks = message.length >> 3;
  new Uint8Array(words.buffer).set(message.subarray(0, blocks * 8), at * 4);
  const last = new Int32Array(2);
  new Uint8Array(last.buffer).set(message.subarray(blocks * 8));
  const hash = new SipHash(key);
  hash.hash(words, at, blocks, last[0], last[1], rest);
  return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
}

const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i);
const vectors: [number, string][] = [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [2, '5a4fa9d909806c0d'],
  [3, '2d7efbd796666785'],
  [4, 'b7877127e09427cf'],
  [5, '8da699cd64557618'],
  [6, 'cee3fe586e46c9cb'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [9, 'b0e4a90bdf82009e'],
  [10, 'f3b9dd94c5bb5d7a'],
  [11, 'a7ad6b22462fb3f4'],
  [12, 'fbe50e86bc8f1e75'],
  [13, '903d84c02756ea14'],
  [14, 'eef27a8e90ca23f7'],
  [15, 'e545be4961ca29a1'],
  [63, '724506eb4c328a95'],
];
for (const [length, hex] of vectors) {
  test(`the authors' vector of ${length} bytes is met`, () => {
    const expected = Buffer.from(hex, 'hex').readBigUInt64LE();
    assert.equal(slowSipHash(counting(16), counting(length)), expected);
    assert.equal(fastSipHash(counting(16), counting(length)), expected);
  });
}

test('every key, message and length gives what the plain implementation gives, whatever lies around it', () => {
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const message = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(key, message, fc.nat(5), fc.integer(), (k, m, at, filler) => {
      assert.equal(fastSipHash(k, m, at, filler), slowSipHash(k, m));
    }),
    { numRuns: 1000 },
  );
});

test('a key of another length is refused', () => {
  for (const length of [0, 15, 17]) assert.throws(() => new SipHash(new Uint8Array(length)), RangeError);
});
