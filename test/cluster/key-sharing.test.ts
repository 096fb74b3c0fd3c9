// Keys of connection ids outlive an engine that loses them: those in force are put back, and no node's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeySharing } from '../../src/cluster/key-sharing.ts';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import type { SharedKeys } from '../../src/cluster/shared-key.ts';

const keysOf = (byte: number): SharedKeys => ({
  current: new Uint8Array(16).fill(byte),
  previous: new Uint8Array(16).fill(byte + 1),
});

test('an engine that has lost the keys is given those in force, by whichever node is first', async () => {
  const row = new MemoryRow(() => 1_000_000);
  const told: number[][] = [[], []];
  const nodes = [10, 20].map(
    (own, i) =>
      new KeySharing({
        ...{ engine: new MemoryEngine(row), now: () => 5000, log: { info: () => {}, warn: assert.fail } },
        ...{ secret: 'a secret', ownKeys: keysOf(own) },
        keys: ({ current }) => void told[i].push(current[0]),
      }),
  );
  for (const node of nodes) await node.begin();
  row.clear();
  for (const node of [...nodes].reverse()) {
    await node.beat();
    node.again();
    await node.beat();
  }
  assert.deepEqual(told, [
    [10, 10],
    [10, 10],
  ]);
});
