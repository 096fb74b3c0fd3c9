// What lies in the engine's row again, in another order, or not any more, changes nothing that nodes know.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Delivered } from '../../../src/cluster/engine.ts';
import { RedisEngine } from '../../../src/cluster/redis/redis-engine.ts';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { ClusterScene } from '../../faults/cluster-scene.ts';
import { pause } from '../../program.ts';

/** More than what may be under way to an engine that stands still. */
const laterMs = 11_000;

describe('a row of messages that is not what it was', { skip: withoutRedis, timeout: 280_000 }, () => {
  let server: RedisServer;
  let engine: RedisEngine;
  let scene: ClusterScene;
  let messages: Delivered[];
  let readAt = 0;

  before(async () => {
    server = await RedisServer.start();
    engine = await RedisEngine.open(server.url);
    const flags = ['--snapshot-interval', '1'];
    scene = await ClusterScene.start({
      urls: Array(3).fill(server.url),
      peers: 1000,
      stoppedPercent: 40,
      flags,
    });
  });

  after(async () => {
    await scene?.close();
    await engine?.close();
    await server?.close();
  });

  async function everythingIn(): Promise<Delivered[]> {
    const found: Delivered[] = [];
    const end = await engine.end();
    const subscription = engine.subscribe('0-0', {
      deliver: async (messages) => void found.push(...messages),
      cut: () => {},
    });
    while (!found.some(({ position }) => position === end)) await pause(20);
    await subscription.close();
    return found;
  }

  async function nothingChanges(): Promise<void> {
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
  }

  test('cut while a node was away that comes back with what it saved', async () => {
    messages = await everythingIn();
    readAt = performance.now();
    await scene.nodes[2].nextSnapshot();
    await scene.kill(2);
    await pause(1500);
    server.tell('XTRIM', '{caracal}:news', 'MAXLEN', '2');
    await scene.restart(2);
    await nothingChanges();
  });

  test('said again in any order, to nodes that have heard it and to one that was not there', async () => {
    await scene.load.stop();
    await nothingChanges();
    await scene.nodes[1].nextSnapshot();
    await pause(Math.max(0, readAt + laterMs - performance.now()));
    await scene.kill(1);
    // A signature is as good as a random number.
    for (const { bytes } of [...messages].sort((a, b) => a.bytes.at(-1)! - b.bytes.at(-1)!))
      await engine.publish(bytes, 64 << 20);
    await nothingChanges();
    await scene.restart(1);
    await nothingChanges();
    for (const { bytes } of messages) await engine.publish(bytes, 64 << 20);
    // Whatever they make of it, it is behind them when they have heard what is said after it.
    scene.load.go();
    await pause(3000);
    await nothingChanges();
  });
});
