// Which rounds of comparing a node takes part in: those that it is named in, and not those of an hour ago.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Comparing } from '../../src/cluster/comparing.ts';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { Merge } from '../../src/cluster/merge.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import type { Message } from '../../src/cluster/wire.ts';
import { createStore } from '../swarm/visit.ts';

test('a node that reads on after an hour begins none of the rounds of that hour', async () => {
  const store = createStore();
  const said: unknown[] = [];
  const comparing = new Comparing({
    ...{ store, engine: new MemoryEngine(new MemoryRow(() => 0)), signature: createSignature('') },
    ...{ sender: { node: 'a', incarnation: 1n }, now: () => 1_000_000, log: { info() {}, warn() {} } },
    merge: new Merge(store.createRemotePeers(), () => {}),
    say: (note) => void said.push(note),
    others: () => ['b'],
    mostPeers: () => 0,
    refreshTicks: 1200,
  });
  const from = { node: 'b' } as Message;
  const hear = (round: string, nodes: string[], agoMs: number) =>
    comparing.hear({ is: 'sum', round, nodes }, from, agoMs);
  for (let minute = 1; minute <= 60; minute++) hear(`b.${minute}`, ['a', 'b'], (61 - minute) * 60_000);
  hear('b.61', ['b', 'c'], 50);
  assert.equal(comparing.counts.rounds, 0);
  hear('b.62', ['a', 'b'], 50);
  assert.equal(comparing.counts.rounds, 1);
  while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(said, [{ is: 'read', round: 'b.62' }]);
  comparing.close();
});
