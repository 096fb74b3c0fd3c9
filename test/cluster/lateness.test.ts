// What the engine takes long after it was sent is believed by nobody, and its sender knows that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterParts } from '../../src/cluster/cluster-parts.ts';
import type { Engine, Taken } from '../../src/cluster/engine.ts';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { Merge } from '../../src/cluster/merge.ts';
import { Publisher } from '../../src/cluster/publisher.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { ClusterSubscriber } from '../../src/cluster/subscriber.ts';
import { Event } from '../../src/protocol/event.ts';
import { createStore, Visit } from '../swarm/visit.ts';

/** A node with a store of its own; all times are the test's. */
class Node {
  readonly store = createStore(64 * 1024 ** 2);
  readonly publisher: Publisher;
  readonly subscriber: ClusterSubscriber;
  readonly #visit = new Visit();

  constructor(node: string, engine: Engine, now: () => number) {
    const parts: ClusterParts = {
      ...{ engine, store: this.store, now, signature: createSignature('') },
      ...{ sender: { node, incarnation: 1n }, log: { info: () => {}, warn: assert.fail } },
    };
    const merge = new Merge(this.store.createRemotePeers(), () => {});
    this.publisher = new Publisher(parts, merge, 1200, 1);
    this.publisher.open();
    this.subscriber = new ClusterSubscriber(parts, merge, '0', {
      ...{ beforeNews() {}, note() {}, news() {}, counts() {}, gap() {} },
    });
  }

  announce(peer: number, event: Event, seconds: number): void {
    const visit = this.#visit.setSwarm(peer >> 8).setPeer(4, peer);
    visit.event = event;
    this.store.announce(visit, 0, seconds);
  }

  get peers(): number {
    return this.store.totals().leechers4;
  }

  async hear(row: MemoryRow): Promise<void> {
    for (const { number, at, bytes } of row.messages)
      await this.subscriber.deliver([{ position: `${number}`, takenAt: at, bytes, ageMs: row.now() - at }]);
  }
}

test('a message that is put in again later does not bring back who has left, not even to who has not heard it', async () => {
  let now = 1_000_000;
  const row = new MemoryRow(() => now);
  const a = new Node('a', new MemoryEngine(row), () => now);
  a.announce(1, Event.started, now / 1000);
  a.publisher.collect();
  await a.publisher.send();
  const [old] = row.messages.splice(0);
  now += 60_000;
  row.add(old.bytes, 1 << 20);
  const b = new Node('b', new MemoryEngine(row), () => now);
  await b.hear(row);
  assert.equal(b.peers, 0);
  assert.equal(b.subscriber.counts.replayed, 1);
});

test('one that the engine took some seconds late tells of what is as much older', async () => {
  let now = 1_000_000;
  const row = new MemoryRow(() => now);
  const a = new Node('a', new MemoryEngine(row), () => now);
  const b = new Node('b', new MemoryEngine(row), () => now);
  a.announce(1, Event.started, now / 1000);
  a.publisher.collect();
  await a.publisher.send();
  const [late] = row.messages.splice(0);
  now += 6000;
  b.announce(1, Event.started, now / 1000);
  b.announce(1, Event.stopped, now / 1000);
  b.publisher.collect();
  now += 1000;
  row.add(late.bytes, 1 << 20);
  await b.hear(row);
  assert.equal(b.peers, 0);
});

test('what is said while the clock of the engine is set forward or back is heard', async () => {
  for (const step of [3_600_000, -3_600_000]) {
    let now = 1_000_000;
    let isAhead = 0;
    // As Redis does: it never gives a message an earlier time than the one before.
    const row = new MemoryRow(() => 10_000_000 + now + Math.max(0, isAhead));
    class Stepping extends MemoryEngine {
      #last = 0;

      override async timeMs(): Promise<number> {
        return 10_000_000 + now + Math.min(0, isAhead);
      }

      override async publish(bytes: Uint8Array, keptBytes: number): Promise<Taken> {
        const { position, takenAt } = await super.publish(bytes, keptBytes);
        this.#last = Math.max(this.#last, takenAt);
        return { position, takenAt: this.#last };
      }
    }
    const [a, b] = ['a', 'b'].map((name) => new Node(name, new Stepping(row), () => now));
    for (let peer = 1; peer <= 3; peer++) {
      if (peer === 2) isAhead = step;
      now += 1000;
      a.announce(peer, Event.started, now / 1000);
      a.publisher.collect();
      await a.publisher.send();
      assert.equal(a.publisher.failure, undefined);
      await b.hear(row);
    }
    assert.equal(b.peers, 3, `a step of ${step} ms`);
  }
});

test('what waits for an engine that is away is bounded, and what is dropped is known to be lost', async () => {
  let now = 1_000_000;
  const row = new MemoryRow(() => now);
  const engine = new MemoryEngine(row);
  const a = new Node('a', engine, () => now);
  engine.isUp = false;
  const mostBytes = 32 << 20;
  let most = 0;
  for (let peer = 1; peer <= 1_400_000; peer++) {
    a.announce(peer, Event.started, now / 1000);
    // Each leaves again, so that the store does not fill, and is told of all the same.
    if (peer % 2 === 0) a.announce(peer, Event.stopped, now / 1000);
    if (peer % 5000 !== 0) continue;
    now += 75;
    a.publisher.collect();
    await a.publisher.send();
    most = Math.max(most, a.publisher.waitingBytes);
  }
  assert.ok(most > mostBytes - (1 << 20) && most <= mostBytes, `${most}`);
  assert.ok(a.publisher.hasLost);
  engine.isUp = true;
  now += 1000;
  await a.publisher.send();
  assert.equal(a.publisher.waitingBytes, 0);
  assert.equal(a.publisher.failure, undefined);
});
