// A node of a cluster as operators see it: in the API, in metrics and on a terminal, whatever other nodes say of themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { formatCluster } from '../../src/admin/command/terminal-view.ts';
import { describeCluster } from '../../src/admin/door/describe-cluster.ts';
import { registerClusterMetrics } from '../../src/admin/measures/cluster-metrics.ts';
import type { ObservedCluster, ObservedNode } from '../../src/admin/observed-tracker.ts';
import { clusterSchema } from '../../src/admin/schema.ts';

function nodeOf(node: string, changes: Partial<ObservedNode> = {}): ObservedNode {
  const report = { version: '1.0.0', ready: true, peers: 1000, bytesOut: 2048, bytesIn: 4096, mended: 3 };
  return {
    node,
    isAlive: true,
    ageMs: 500,
    report: { ...report, webTorrentPeers: 5 },
    lagMs: 120,
    ...changes,
  };
}

function clusterOf(changes: Partial<ObservedCluster> = {}): ObservedCluster {
  return {
    ...{ node: 'a', isReady: true, isReached: true, fault: undefined, waitingBytes: 0 },
    members: [nodeOf('a', { lagMs: undefined }), nodeOf('b')],
    sent: { messages: 10, bytes: 1000, records: 20 },
    received: { messages: 30, bytes: 3000, records: 60 },
    ...{ gaps: 1, rejected: 2, rounds: 4, mended: 5, stale: 6 },
    ...changes,
  };
}

test('the API tells of every node, in the form that it promises', () => {
  const told = clusterSchema.parse(describeCluster(clusterOf()))!;
  assert.deepEqual(
    told.nodes.map(({ node, lag_seconds }) => [node, lag_seconds]),
    [
      ['a', null],
      ['b', 0.12],
    ],
  );
  assert.deepEqual(told.nodes[1].byte_rate, { in: 4096, out: 2048 });
  assert.deepEqual(told.engine, { reached: true, fault: null, waiting_bytes: 0 });
  assert.deepEqual([told.comparisons, told.mended, told.gaps, told.rejected, told.stale], [4, 5, 1, 2, 6]);
});

test('what another node says that is nonsense becomes nothing', () => {
  const nonsense = {
    version: { a: 1 },
    ready: 'yes',
    peers: -1,
    bytesOut: 1e300,
    bytesIn: 'many',
    mended: null,
  };
  const report = nonsense as unknown as ObservedNode['report'];
  const told = describeCluster(clusterOf({ members: [nodeOf('b', { report, lagMs: -5 })] }));
  const [node] = clusterSchema.parse(told)!.nodes;
  assert.deepEqual(node, {
    ...{ node: 'b', alive: true, age_seconds: 0.5, version: null, ready: false, peers: 0, lag_seconds: 0 },
    ...{ byte_rate: { in: 0, out: 0 }, mended: 0, webtorrent_peers: 0 },
  });
  const [long] = describeCluster(
    clusterOf({ members: [nodeOf('b', { report: { version: 'v'.repeat(500) } })] }),
  )!.nodes;
  assert.equal(long.version?.length, 40);
});

async function seriesOf(cluster: ObservedCluster | undefined): Promise<Map<string, string>> {
  const registry = new Registry();
  registerClusterMetrics(registry, () => cluster);
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ [^ ]*$/, ''), line.replace(/^.* /, '')]));
}

test('metrics have the label of this node, and none before anything is known', async () => {
  assert.equal((await seriesOf(undefined)).size, 0);
  const members = [
    nodeOf('a', { lagMs: undefined }),
    nodeOf('b', { lagMs: 6500 }),
    nodeOf('c', { isAlive: false, lagMs: 60_000, report: { version: '0.9.0', webTorrentPeers: 100 } }),
    nodeOf('d', { report: { version: '1.1.0', webTorrentPeers: Number.NaN } }),
  ];
  const series = await seriesOf(clusterOf({ members, isReached: false }));
  assert.ok([...series.keys()].every((name) => /^tracker_cluster_\w+\{node="a"\}$/.test(name)));
  const value = (name: string) => Number(series.get(`tracker_cluster_${name}{node="a"}`));
  assert.deepEqual([value('nodes'), value('nodes_gone'), value('versions')], [3, 1, 2]);
  assert.deepEqual([value('lag_seconds'), value('engine_up'), value('ready')], [6.5, 0, 1]);
  assert.equal(value('webtorrent_peers'), 10);
  assert.equal(value('received_records_total'), 60);
});

test('a terminal shows who lives, how far each lags, and why the engine is away', () => {
  assert.match(formatCluster(null), /alone/);
  const members = [
    nodeOf('a', { lagMs: undefined }),
    nodeOf('b', { isAlive: false, ageMs: 7200_000 }),
    nodeOf('c', { report: { version: '2.0.0' } }),
  ];
  const away = { isReached: false, fault: 'connect ECONNREFUSED', waitingBytes: 5000, isReady: false };
  const text = formatCluster(describeCluster(clusterOf({ members, ...away })));
  assert.match(text, /^node a, not ready/);
  assert.match(text, /engine +away: connect ECONNREFUSED, 4\.9 KiB wait for it/);
  assert.match(text, /^b +gone for 2 h +1\.0\.0 +1,000 +3$/m, 'what it sent long ago is not what it sends');
  assert.match(text, /^c +joining +2\.0\.0 +0 +120 ms/m);
});
