// What operators refuse reaches every node at last, whoever was away, in whatever order, and whatever the engine loses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ListAction } from '../../src/cluster/list-news.ts';
import { ListRecord, mostSaid } from '../../src/cluster/list-record.ts';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { SharedLists } from '../../src/cluster/shared-lists.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import type { Note } from '../../src/cluster/subscriber.ts';

const hash = (n: number) => n.toString(16).padStart(40, '0');

/** A node that has what it is told, as a process has it that has just started and reads its files. */
class Node {
  readonly engine: MemoryEngine;
  readonly lists: SharedLists;
  readonly refused: Set<string>;
  readonly notes: Note[] = [];
  applied = 0;
  kept: string | undefined;

  constructor(row: MemoryRow, name: string, { kept, refused = new Set() }: Partial<Node> = {}, secret = 's') {
    this.engine = new MemoryEngine(row);
    this.kept = kept;
    this.refused = refused;
    const parts = {
      engine: this.engine,
      sender: { node: name, incarnation: 1n },
      signature: createSignature(secret),
      say: (note: Note) => this.notes.push(note),
      apply: (said: readonly { action: ListAction; subject: string }[]) => {
        for (const news of said) this.#do(news);
        this.applied += said.length;
      },
      keep: (record: string) => {
        this.kept = record;
      },
    };
    this.lists = new SharedLists(parts, kept);
  }

  /** Its operator does it, and it tells of it. */
  do(action: ListAction, subject: string): void {
    this.#do({ action, subject });
    this.lists.tell({ action, subject });
  }

  #do({ action, subject }: { action: ListAction; subject: string }): void {
    if (action.startsWith('deny')) this.refused.add(subject);
    else if (action.startsWith('undeny')) this.refused.delete(subject);
  }
}

const settled = () => pause(5);

test('what is refused and allowed again while a node is away is so there when it returns', async () => {
  const row = new MemoryRow(() => 0);
  const [a, b] = [new Node(row, 'a'), new Node(row, 'b')];
  a.do('deny', hash(1));
  await settled();
  await b.lists.sync();
  assert.deepEqual([...b.refused], [hash(1)]);
  // Node b is down.
  a.do('deny', hash(2));
  a.do('undeny', hash(1));
  a.do('denyNetwork', '192.0.2.0/24');
  await settled();
  const returned = new Node(row, 'b', { kept: b.kept, refused: b.refused });
  await returned.lists.sync();
  assert.deepEqual([...returned.refused], [hash(2), '192.0.2.0/24']);
  assert.equal(returned.applied, 3, 'only what is new');
  await returned.lists.sync();
  assert.equal(returned.applied, 3, 'and once');
  const joined = new Node(row, 'c');
  await joined.lists.sync();
  assert.deepEqual([...joined.refused], [hash(2), '192.0.2.0/24']);
});

test('what is refused while the engine is away is told when it is back, to a node that hears of the version', async () => {
  const row = new MemoryRow(() => 0);
  const [a, b] = [new Node(row, 'a'), new Node(row, 'b')];
  a.engine.isUp = b.engine.isUp = false;
  a.do('deny', hash(1));
  b.do('deny', hash(2));
  await settled();
  assert.equal(row.values.size, 0);
  a.engine.isUp = b.engine.isUp = true;
  await a.lists.hear(0);
  await b.lists.hear(0);
  assert.deepEqual(b.refused, new Set([hash(2), hash(1)]));
  assert.equal(a.refused.size, 1);
  await a.lists.hear(b.notes.at(-1)!.version);
  assert.deepEqual(a.refused, b.refused);
  assert.equal(a.lists.version, b.lists.version);
});

test('two nodes that write at the same time lose nothing', async () => {
  const row = new MemoryRow(() => 0);
  const nodes = ['a', 'b', 'c'].map((name) => new Node(row, name));
  for (let n = 0; n < 30; n++) nodes[n % 3].do('deny', hash(n));
  await settled();
  for (const { lists } of nodes) await lists.sync();
  for (const { refused } of nodes) assert.equal(refused.size, 30);
});

test('an engine that comes back with nothing is told by those who know', async () => {
  const row = new MemoryRow(() => 0);
  const [a, b] = [new Node(row, 'a'), new Node(row, 'b')];
  for (const n of [1, 2, 3]) a.do('deny', hash(n));
  await settled();
  await b.lists.sync();
  row.clear();
  b.do('undeny', hash(2));
  await settled();
  await a.lists.sync();
  const late = new Node(row, 'late');
  await late.lists.sync();
  for (const node of [a, b, late]) assert.deepEqual([...node.refused].sort(), [hash(1), hash(3)]);
});

test('what somebody without the secret writes is believed by nobody, and replaced', async () => {
  const row = new MemoryRow(() => 0);
  const stranger = new Node(row, 'stranger', {}, 'another secret');
  stranger.do('deny', hash(666));
  await settled();
  const a = new Node(row, 'a');
  await a.lists.sync();
  assert.equal(a.refused.size, 0);
  a.do('deny', hash(1));
  await settled();
  const b = new Node(row, 'b');
  await b.lists.sync();
  assert.deepEqual([...b.refused], [hash(1)]);
});

test('to drop a swarm and to read files again are said once, and not kept', async () => {
  const row = new MemoryRow(() => 0);
  const a = new Node(row, 'a');
  a.do('drop', hash(1));
  a.do('reload', '');
  await settled();
  assert.deepEqual(a.notes, [
    { is: 'list', action: 'drop', subject: hash(1) },
    { is: 'list', action: 'reload', subject: '' },
  ]);
  assert.equal(row.values.size, 0);
});

test('a record forgets its oldest words beyond a bound, and reads what another version or nobody wrote', () => {
  let record = ListRecord.empty;
  const said = new Map(
    Array.from({ length: mostSaid }, (_, n) => [
      hash(n),
      { action: 'deny' as const, subject: hash(n), version: n + 1, node: 'a' },
    ]),
  );
  record = new ListRecord(mostSaid, said).with({ action: 'deny', subject: hash(99_999) }, 'a');
  assert.equal(record.said.size, mostSaid);
  assert.ok(!record.said.has(hash(0)) && record.said.has(hash(99_999)));
  assert.equal(ListRecord.decode(record.encode())?.encode(), record.encode());
  for (const text of ['', '{', '{}', '[]', '{"version":"a","said":[]}', '{"version":1,"said":[1]}'])
    assert.equal(ListRecord.decode(text), undefined, text);
  const partly = ListRecord.decode(
    JSON.stringify({
      version: 3,
      said: [
        ['deny', hash(1), 1, 'a'],
        ['invent', hash(2), 2, 'a'],
        ['drop', hash(3), 3, 'a'],
      ],
    }),
  );
  assert.deepEqual([...partly!.said.keys()], [hash(1)]);
});

test('of two words with one version the one that refuses counts, on whichever side it is', () => {
  const word = (action: ListAction) =>
    new ListRecord(1, new Map([[hash(1), { action, subject: hash(1), version: 1, node: 'a' }]]));
  for (const [one, other] of [
    [word('deny'), word('undeny')],
    [word('undeny'), word('deny')],
  ])
    assert.equal(one.mergedWith(other).said.get(hash(1))?.action, 'deny');
});
