// How many WebTorrent peers each node has is added up on all of them, and forgotten with the node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FarCounts } from '../../src/cluster/far-counts.ts';
import { OwnCounts } from '../../src/cluster/own-counts.ts';
import { MessageKind } from '../../src/cluster/wire.ts';
import { ConnectionVisit } from '../../src/swarm/connection-visit.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { createStore, Visit } from '../swarm/visit.ts';

class Node {
  readonly store = createStore(16 * 2 ** 20, 3600);
  readonly bodies: Uint8Array[] = [];
  readonly own: OwnCounts;
  readonly far = new FarCounts(this.store.connections.counts);
  readonly #name: string;
  readonly #incarnation: bigint;

  constructor(name: string, clock: { now: number }, incarnation = 1n) {
    this.#name = name;
    this.#incarnation = incarnation;
    this.own = new OwnCounts({
      store: this.store,
      now: () => clock.now,
      send: (body) => this.bodies.push(body.slice()),
    });
  }

  join(swarm: number, peer: number, seeding = false): void {
    this.store.connections.announce(this.#visit(swarm, peer, seeding), 0, 1000);
  }

  leave(swarm: number, peer: number): void {
    this.store.connections.stop(this.#visit(swarm, peer, false));
  }

  /** Seeders and leechers. */
  scrape(swarm: number): [number, number] {
    const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
    this.store.scrape(new Visit().setSwarm(swarm).infoHash, 0, counts);
    return [counts.complete, counts.incomplete];
  }

  tellTo(others: readonly Node[], now: number): number {
    const bodies = this.bodies.splice(0);
    const head = { node: this.#name, incarnation: this.#incarnation, kind: MessageKind.counts };
    const rest = { number: 1, heldMs: 0, sentAt: 0, secondsPerTick: 1, records: 0 };
    for (const node of others) for (const body of bodies) node.far.hear({ ...head, ...rest, body }, now);
    return bodies.length;
  }

  #visit(swarm: number, peer: number, seeding: boolean): ConnectionVisit {
    const visit = new ConnectionVisit();
    visit.infoHash.set(new Visit().setSwarm(swarm).infoHash);
    visit.peerId.fill(peer);
    visit.place = peer;
    visit.generation = 1;
    visit.seeding = seeding;
    return visit;
  }
}

test('scrapes of all nodes show the sum, as peers come and go', async () => {
  const clock = { now: 1_000_000 };
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Node(name, clock));
  const spread = async () => {
    clock.now += 5000;
    for (const node of [a, b, c]) {
      await node.own.beat(true);
      node.tellTo(
        [a, b, c].filter((other) => other !== node),
        clock.now,
      );
    }
  };
  a.join(1, 1, true);
  a.join(1, 2);
  b.join(1, 3);
  c.join(2, 4);
  await spread();
  for (const node of [a, b, c]) {
    assert.deepEqual(node.scrape(1), [1, 2]);
    assert.deepEqual(node.scrape(2), [0, 1]);
  }
  a.leave(1, 2);
  c.leave(2, 4);
  await spread();
  for (const node of [a, b, c]) {
    assert.deepEqual(node.scrape(1), [1, 1]);
    assert.deepEqual(node.scrape(2), [0, 0]);
    assert.deepEqual(checkStore(node.store.buffer).faults, []);
  }
  await spread();
  assert.equal(a.tellTo([], clock.now), 0);
});

test('only what has changed is told, all of it once a minute, and nothing by a node without such peers', async () => {
  const clock = { now: 1_000_000 };
  const [a, b] = [new Node('a', clock), new Node('b', clock)];
  for (let n = 0; n < 20_000; n++) a.join(n, n);
  await a.own.beat(true);
  const all = a.bodies.splice(0);
  assert.equal(
    all.reduce((sum, { length }) => sum + length, 0),
    all.length * 4 + 20_000 * 28,
  );
  assert.ok(all.every(({ length }) => length < 1 << 18));
  a.join(7, 30_000);
  clock.now += 4000;
  await a.own.beat(true);
  assert.equal(a.bodies.length, 0, 'not at once');
  clock.now += 1000;
  await a.own.beat(true);
  assert.deepEqual(
    a.bodies.splice(0).map(({ length }) => length),
    [32],
  );
  clock.now += 60_000;
  await a.own.beat(true);
  assert.equal(a.bodies.length, all.length);
  await b.own.beat(true);
  assert.equal(b.bodies.length, 0);
});

test('a node that dies is forgotten after three minutes, one that leaves or starts anew at once', async () => {
  const clock = { now: 1_000_000 };
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Node(name, clock));
  for (const node of [a, b]) {
    node.join(1, 1);
    node.join(2, 2);
    await node.own.beat(true);
    node.tellTo([c], clock.now);
  }
  assert.deepEqual(c.scrape(1), [0, 2]);
  b.own.leave();
  b.tellTo([c], clock.now);
  assert.deepEqual(c.scrape(1), [0, 1]);
  const anew = new Node('a', clock, 2n);
  anew.join(1, 9, true);
  await anew.own.beat(true);
  anew.tellTo([c], clock.now);
  assert.deepEqual(
    [c.scrape(1), c.scrape(2)],
    [
      [1, 0],
      [0, 0],
    ],
  );
  c.far.beat(clock.now + 180_000);
  assert.deepEqual(c.scrape(1), [1, 0]);
  c.far.beat(clock.now + 181_000);
  assert.deepEqual(c.scrape(1), [0, 0]);
});

test('what was lost is made good by the next statements: more by the first, less by the second', async () => {
  const clock = { now: 1_000_000 };
  const [a, b] = [new Node('a', clock), new Node('b', clock)];
  a.join(1, 1);
  await a.own.beat(true);
  a.tellTo([b], clock.now);
  a.leave(1, 1);
  a.join(2, 2);
  clock.now += 5000;
  await a.own.beat(true);
  a.tellTo([], clock.now);
  assert.deepEqual(
    [b.scrape(1), b.scrape(2)],
    [
      [0, 1],
      [0, 0],
    ],
  );
  clock.now += 60_000;
  await a.own.beat(true);
  a.tellTo([b], clock.now);
  assert.deepEqual(b.scrape(2), [0, 1]);
  clock.now += 60_000;
  await a.own.beat(true);
  a.tellTo([b], clock.now);
  assert.deepEqual(
    [b.scrape(1), b.scrape(2)],
    [
      [0, 0],
      [0, 1],
    ],
  );
});

test('while the engine takes nothing nothing is told, and all of it afterwards', async () => {
  const clock = { now: 1_000_000 };
  const a = new Node('a', clock);
  a.join(1, 1);
  await a.own.beat(true);
  a.bodies.length = 0;
  for (let n = 0; n < 10; n++, clock.now += 2000) await a.own.beat(false);
  assert.equal(a.bodies.length, 0);
  await a.own.beat(true);
  assert.deepEqual(
    a.bodies.map(({ length }) => length),
    [32],
  );
});

test('what is no message of counts changes nothing', () => {
  const clock = { now: 0 };
  const node = new Node('a', clock);
  for (const length of [0, 3, 5, 31, 33]) {
    node.bodies.push(new Uint8Array(length).fill(1));
    node.tellTo([node], 0);
  }
  assert.equal(node.store.connections.counts.readShard(0).length, 0);
  assert.deepEqual(checkStore(node.store.buffer).faults, []);
});
