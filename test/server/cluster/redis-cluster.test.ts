// A Redis Cluster as the engine: all keys are with one of its primaries, whose clock counts, and a replica takes its place.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { probeCluster } from '../../../src/server/check/probe-cluster.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { RedisCluster } from '../../cluster/redis-cluster.ts';
import { withoutRedis } from '../../cluster/redis-server.ts';
import { backLine, ClusterScene, goneLine } from '../../faults/cluster-scene.ts';

const news = '{caracal}:news';

describe('nodes over a Redis Cluster', { skip: withoutRedis, timeout: 280_000 }, () => {
  let cluster: RedisCluster;
  let scene: ClusterScene | undefined;

  before(async () => {
    cluster = await RedisCluster.start();
  });
  after(async () => {
    await scene?.close();
    await cluster?.close();
  });

  async function survived(outages: number): Promise<void> {
    const { lost, ghost } = await scene!.balance();
    assert.deepEqual({ lost, ghost, failed: scene!.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    assert.deepEqual(scene!.countLines(goneLine), Array(3).fill(outages));
    assert.deepEqual(scene!.countLines(backLine), Array(3).fill(outages));
  }

  test('it is a good one for --check', async () => {
    const settings = { cluster: cluster.url, clusterSecretFile: '/secret' };
    const [{ level, text }] = await probeCluster(defaultConfiguration(settings));
    assert.equal(level, 'ok', text);
    assert.match(text, /^--cluster redis-cluster:\/\/127\.0\.0\.1.*Redis \d+\.\d+.* takes all commands/);
  });

  test('what one is told the others know, and everything is with one primary, also the time', async () => {
    scene = await ClusterScene.start({ urls: Array(3).fill(cluster.url), peers: 1000 });
    await survived(0);
    const owner = cluster.ownerOf(news)!;
    assert.match(owner.tell('KEYS', '*'), /\{caracal\}:news/);
    for (const server of cluster.servers) {
      const keys = server.tell('KEYS', '*').split('\n').filter(Boolean);
      assert.ok(keys.every((key) => key.startsWith('{caracal}:')));
      if (server === owner || keys.length > 0) continue;
      // Another primary, with another clock.
      assert.doesNotMatch(server.tell('INFO', 'commandstats'), /cmdstat_(?:xadd|xread)/);
      assert.match(server.tell('INFO', 'commandstats'), /cmdstat_cluster/);
      assert.doesNotMatch(server.tell('INFO', 'commandstats'), /cmdstat_time:calls=(?!1,)/);
    }
  });

  test('the primary that has them dies, and its replica goes on', async () => {
    const owner = cluster.ownerOf(news)!;
    await owner.kill();
    await scene!.said(goneLine, 1);
    await scene!.said(backLine, 1);
    const next = cluster.ownerOf(news);
    assert.ok(next !== undefined && next !== owner);
    await survived(1);
  });
});
