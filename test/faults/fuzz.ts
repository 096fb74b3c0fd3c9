// Feeds parsers with seeded mutations of well-formed inputs; what breaks one is made small and kept in test/corpus.
//
// Chosen over an engine guided by coverage: the parsers are small and their seeds well-formed, and this is 150 lines
// without a dependency.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultSuite } from './figures.ts';
import { createFuzzTargets, type FuzzTarget } from './fuzz-targets.ts';

/** In the sources, not in the build: what is found is to be committed. */
const corpus = fileURLToPath(new URL('../../../test/corpus/', import.meta.url));
/** A parser that takes this long hangs, whatever it does. */
const hangMs = 1000;

export const fuzzSuite: FaultSuite = {
  fault: 'mutated input to every parser',
  limits: { exceptions: 0, hangs: 0 },
  atLeast: { parsers: 11, inputs: 10_000 },
  async run({ seed, long }) {
    const figures = { parsers: 0, inputs: 0, refused: 0, exceptions: 0, hangs: 0, slowestMs: 0 };
    for (const target of createFuzzTargets()) {
      figures.parsers++;
      const count = Math.ceil((long ? 200_000 : 10_000) * (target.share ?? 1));
      for (const input of inputs(target, count, seed)) {
        figures.inputs++;
        const { outcome, ms } = attempt(target, input);
        figures.slowestMs = Math.max(figures.slowestMs, Math.round(ms));
        if (outcome === 'refused') figures.refused++;
        if (outcome === 'exception') figures.exceptions++;
        if (ms > hangMs) figures.hangs++;
        if (outcome === 'exception' || ms > hangMs) keep(target, input);
      }
    }
    return figures;
  },
};

type Outcome = 'read' | 'refused' | 'exception';

function attempt(target: FuzzTarget, input: Uint8Array): { outcome: Outcome; ms: number; error?: unknown } {
  const start = performance.now();
  try {
    target.parse(input);
    return { outcome: 'read', ms: performance.now() - start };
  } catch (error) {
    const outcome = target.expected?.(error) ? 'refused' : 'exception';
    return { outcome, ms: performance.now() - start, error };
  }
}

function* inputs(target: FuzzTarget, count: number, seed: number): Generator<Uint8Array> {
  const permanent = readCorpus(target);
  yield* target.seeds;
  yield* permanent;
  const below = random(seed ^ createHash('sha256').update(target.name).digest().readInt32LE(0));
  const pool = [...target.seeds, ...permanent];
  for (let i = 0; i < count; i++) {
    let input = pool[below(pool.length)];
    for (let changes = 1 + below(4); changes > 0; changes--) input = mutate(input, pool, below);
    yield input;
  }
}

type Below = (limit: number) => number;

const interesting = [
  0, 1, 0x7f, 0x80, 0xff, 0x25, 0x26, 0x2d, 0x30, 0x39, 0x3a, 0x64, 0x65, 0x69, 0x6c, 0x0a, 0x0d,
];

function mutate(input: Uint8Array, pool: readonly Uint8Array[], below: Below): Uint8Array {
  const bytes = Buffer.from(input);
  const at = below(bytes.length + 1);
  const length = Math.min(1 + below(below(4) === 0 ? 2000 : 8), bytes.length - at);
  switch (below(8)) {
    case 0:
      if (at < bytes.length) bytes[at] ^= 1 << below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = interesting[below(interesting.length)];
      return bytes;
    case 2: // cut out
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3: // cut off
      return bytes.subarray(0, at);
    case 4: // repeat
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 5: // fill
      return bytes.fill(interesting[below(interesting.length)], at, at + length);
    case 6: {
      const other = pool[below(pool.length)];
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length + 1))]);
    }
    default:
      if (at + 4 <= bytes.length) bytes.writeInt32LE([-1, 0x7fffffff, -0x80000000, 0x10000, 1][below(5)], at);
      return bytes;
  }
}

function random(seed: number): Below {
  let state = seed | 1;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}

function folderOf(target: FuzzTarget): string {
  return join(corpus, target.name.replaceAll(' ', '-').toLowerCase());
}

function readCorpus(target: FuzzTarget): Uint8Array[] {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Takes pieces out as long as it still breaks, smaller and smaller ones, and writes down what is left. */
function keep(target: FuzzTarget, input: Uint8Array): void {
  let smallest = Buffer.from(input);
  const deadline = performance.now() + 3000;
  for (let piece = smallest.length >> 1; piece >= 1; piece >>= 1) {
    for (let at = 0; at + piece <= smallest.length && performance.now() < deadline; ) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + piece)]);
      if (attempt(target, shorter).outcome === 'exception') smallest = shorter;
      else at += piece;
    }
  }
  const name = createHash('sha256').update(smallest).digest('hex').slice(0, 16);
  mkdirSync(folderOf(target), { recursive: true });
  writeFileSync(join(folderOf(target), name), smallest);
  console.error(
    `fuzz: ${target.name} broke on ${smallest.toString('hex').slice(0, 200)}`,
    attempt(target, smallest).error,
  );
}
