// Whole nodes over an engine within this process: what one is told the others know, and what they know of each other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ClusterNode } from '../../src/cluster/cluster-node.ts';
import type { ListNews } from '../../src/cluster/list-news.ts';
import { beatEveryMs } from '../../src/cluster/membership.ts';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { ConnectionVisit } from '../../src/swarm/connection-visit.ts';
import { checkStore } from '../../src/swarm/inspect/check-store.ts';
import { createStore, Visit } from '../swarm/visit.ts';

const now = () => performance.now() + 1e6;

class Node {
  readonly engine: MemoryEngine;
  readonly store = createStore(16 * 2 ** 20, 3600);
  readonly cluster: ClusterNode;
  readonly lines: string[] = [];
  readonly heard: ListNews[] = [];
  readonly keys: string[] = [];

  constructor(row: MemoryRow, name: string) {
    this.engine = new MemoryEngine(row);
    this.cluster = new ClusterNode({
      ...{ engine: this.engine, store: this.store, node: name, secret: 's', version: '1', now },
      incarnation: BigInt(name.charCodeAt(0)),
      log: { info: (line) => this.lines.push(line), warn: (line) => this.lines.push(line) },
      refreshTicks: 1200,
      ownKeys: { current: new Uint8Array(16).fill(name.charCodeAt(0)), previous: new Uint8Array(16) },
      keys: ({ current }) => this.keys.push(Buffer.from(current).toString('hex')),
      keptLists: undefined,
      keepLists: () => {},
      lists: (said) => this.heard.push(...said),
    });
    this.cluster.prepare();
    this.cluster.start(undefined);
  }

  announce(swarm: number, peer: number): void {
    this.store.announce(new Visit().setSwarm(swarm).setPeer(4, peer), 0, Math.floor(now() / 1000));
  }

  scrape(swarm: number): string {
    const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
    this.store.scrape(new Visit().setSwarm(swarm).infoHash, 0, counts);
    return `${counts.complete} ${counts.incomplete}`;
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 2000, what);
    await pause(10);
  }
}

describe('two nodes over an engine in memory', { timeout: 120_000 }, () => {
  const row = new MemoryRow(() => performance.now());
  let a: Node;
  let b: Node;

  before(async () => {
    a = new Node(row, 'a');
    await until(() => a.cluster.state.isReady, 'a is ready');
    a.announce(1, 1);
    b = new Node(row, 'b');
    await until(() => b.cluster.state.isReady, 'b is ready');
  });
  after(async () => {
    for (const node of [a, b]) await node?.cluster.close(false, 500);
  });

  test('one that joins has what was there, and both have the same keys', () => {
    assert.equal(b.scrape(1), '0 1');
    assert.equal(a.keys.at(-1), b.keys.at(-1));
  });

  test('a peer of one is known to the other, and its state tells of both', async () => {
    b.announce(2, 7);
    await until(() => a.scrape(2) === '0 1', 'the peer is known');
    await until(() => a.cluster.state.members.length === 2, 'both are known');
    const { members, sent, received, isReached, fault } = a.cluster.state;
    assert.deepEqual(
      members.map(({ node, isAlive }) => [node, isAlive]),
      [
        ['a', true],
        ['b', true],
      ],
    );
    assert.ok(isReached && fault === undefined && sent.bytes > 0 && received.records > 0);
  });

  test('WebTorrent peers of one are counted by the other', async () => {
    const visit = new ConnectionVisit();
    visit.infoHash.set(new Visit().setSwarm(3).infoHash);
    visit.seeding = true;
    b.store.connections.announce(visit, 0, Math.floor(now() / 1000));
    await until(() => a.scrape(3) === '1 0', 'they are counted');
    b.store.connections.stop(visit);
    await until(() => a.scrape(3) === '0 0', 'and no more when they are gone');
  });

  test('what an operator denies at one the other hears once', async () => {
    a.cluster.tellList({ action: 'deny', subject: '1'.repeat(40) });
    await until(() => b.heard.length > 0, 'it is heard');
    await pause(300);
    assert.deepEqual(
      b.heard.map(({ action, subject }) => `${action} ${subject}`),
      [`deny ${'1'.repeat(40)}`],
    );
    assert.equal(a.heard.length, 0);
  });

  test('whom an engine that came back with nothing does not know lives on, and is gone when it says no more', async (t) => {
    const c = new Node(row, 'c');
    t.after(() => c.cluster.close(false, 500));
    await until(() => c.cluster.state.isReady, 'c is ready');
    const names = () => a.cluster.state.members.map(({ node }) => node).join(' ');
    await until(() => names() === 'a b c', 'all are known');
    await c.cluster.close(true, 500);
    row.beats.clear();
    await pause(beatEveryMs + 500);
    assert.equal(names(), 'a b c');
    await until(() => names() === 'a b', 'it is gone');
  });

  test('one that joins an engine which came back with nothing waits for the others to say that they live', async (t) => {
    row.beats.clear();
    const d = new Node(row, 'd');
    t.after(() => d.cluster.close(false, 500));
    await until(() => d.cluster.state.isReady, 'd is ready');
    assert.equal(d.scrape(1), '0 1');
    assert.deepEqual(d.lines.at(-1)?.match(/with (.*)\./)?.[1], 'a, b');
  });

  test('one that is cut off goes on, says so once, and both have all when it is back', async () => {
    b.engine.isUp = false;
    for (let peer = 0; peer < 50; peer++) b.announce(4, peer);
    for (let peer = 50; peer < 90; peer++) a.announce(4, peer);
    await until(() => !b.cluster.state.isReached, 'it is noticed');
    a.cluster.tellList({ action: 'undeny', subject: '1'.repeat(40) });
    await pause(200);
    b.engine.isUp = true;
    await until(() => a.scrape(4) === '0 90' && b.scrape(4) === '0 90', 'all is known');
    await until(() => b.heard.at(-1)?.action === 'undeny', 'and what was said');
    assert.equal(b.lines.filter((line) => line.includes('takes nothing')).length, 1);
    assert.equal(b.lines.filter((line) => line.includes('is back')).length, 1);
    for (const { store } of [a, b]) assert.deepEqual(checkStore(store.buffer).faults, []);
  });
});
