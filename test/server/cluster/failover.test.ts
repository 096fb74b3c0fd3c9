// A primary that Sentinel replaces by its replica, because it died or because nobody hears it any more.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RedisSentinels } from '../../cluster/redis-sentinels.ts';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { backLine, ClusterScene, goneLine } from '../../faults/cluster-scene.ts';
import { pause } from '../../program.ts';

describe('a primary that is replaced', { skip: withoutRedis, timeout: 280_000 }, () => {
  let servers: RedisServer[];
  let sentinels: RedisSentinels;
  let scene: ClusterScene;
  let failovers = 0;

  before(async () => {
    const prompt = ['--repl-diskless-sync-delay', '0'];
    const first = await RedisServer.start(...prompt);
    const second = await RedisServer.start(...prompt, '--replicaof', '127.0.0.1', `${first.port}`);
    servers = [first, second];
    await isReplica(second);
    sentinels = await RedisSentinels.start(first.port);
    scene = await ClusterScene.start({ urls: Array(3).fill(sentinels.url), peers: 1000 });
  });

  after(async () => {
    await scene?.close();
    await sentinels?.close();
    for (const server of servers ?? []) await server.close();
  });

  const primary = () => servers.find(({ port }) => port === sentinels.primary)!;

  /** Sentinel has it so too, some ten seconds later. */
  async function becomesReplica(old: RedisServer): Promise<void> {
    old.tell('REPLICAOF', '127.0.0.1', `${sentinels.primary}`);
    await isReplica(old);
  }

  async function isReplica(server: RedisServer): Promise<void> {
    for (let tries = 0; !/master_link_status:up/.test(server.tell('INFO', 'replication')); tries++) {
      if (tries > 600) throw new Error(`no replica: ${server.tell('INFO', 'replication')}`);
      await pause(50);
    }
  }

  async function survived(old: RedisServer): Promise<void> {
    failovers++;
    await scene.said(backLine, failovers);
    assert.notEqual(sentinels.primary, old.port);
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    assert.deepEqual(scene.countLines(goneLine), [failovers, failovers, failovers]);
    assert.deepEqual(scene.countLines(backLine), [failovers, failovers, failovers]);
  }

  test('because it was killed', async () => {
    const old = primary();
    await old.kill();
    await survived(old);
    await old.start();
    await becomesReplica(old);
  });

  test('because it stands still, and comes back as one that has missed what was said', async () => {
    const old = primary();
    old.stall();
    await survived(old);
    old.goOn();
    await becomesReplica(old);
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
  });
});
