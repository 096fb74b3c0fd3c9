// What an engine can do to its nodes: it dies, stands still, is slow, loses its connections, or is full. They go on answering,
// say it once, and know the same again when it is over.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { TcpProxy } from '../../cluster/tcp-proxy.ts';
import { backLine, ClusterScene, goneLine } from '../../faults/cluster-scene.ts';
import { pause } from '../../program.ts';

describe('an engine that fails', { skip: withoutRedis, timeout: 280_000 }, () => {
  let engine: RedisServer;
  let proxies: TcpProxy[];
  let scene: ClusterScene;
  /** How often each node has said so far that the engine is gone, and that it is back. */
  let outages = 0;

  before(async () => {
    engine = await RedisServer.start();
    proxies = await Promise.all([0, 1, 2].map(() => TcpProxy.start(engine.port)));
    scene = await ClusterScene.start({ urls: proxies.map(({ url }) => url), peers: 1000 });
  });

  after(async () => {
    await scene?.close();
    for (const proxy of proxies ?? []) await proxy.close();
    await engine?.close();
  });

  /** Every announce was answered, all know the same, and each has said once that the engine was gone, and once that it is back. */
  async function survived(saidOnce: boolean): Promise<void> {
    if (saidOnce) outages++;
    await scene.said(backLine, outages);
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    assert.deepEqual(scene.countLines(goneLine), [outages, outages, outages]);
    assert.deepEqual(scene.countLines(backLine), [outages, outages, outages]);
  }

  test('killed, and there again with nothing', async () => {
    const resident = scene.residentMiB;
    await engine.kill();
    await scene.said(goneLine, 1);
    await engine.start();
    await survived(true);
    assert.ok(scene.residentMiB < resident + 100, `${scene.residentMiB} MiB after ${resident}`);
  });

  test('stopped for longer than anybody waits, and going on', async () => {
    engine.stall();
    await scene.said(goneLine, outages + 1);
    engine.goOn();
    await survived(true);
  });

  test('slow', async () => {
    for (const proxy of proxies) proxy.delayMs = 400;
    await pause(2000);
    for (const proxy of proxies) proxy.delayMs = 0;
    await survived(false);
  });

  test('behind connections that are dead without a word', async () => {
    for (const proxy of proxies) proxy.forget();
    await scene.said(goneLine, outages + 1);
    await survived(true);
  });

  test('full of what the nodes themselves have said, which makes room', async () => {
    const used = Number(/used_memory:(\d+)/.exec(engine.tell('INFO', 'memory'))![1]);
    engine.tell('CONFIG', 'SET', 'maxmemory', `${used + 20_000}`);
    const length = () => Number(engine.tell('XLEN', '{caracal}:news'));
    for (let before = length(); length() >= before; before = Math.max(before, length())) await pause(100);
    await survived(false);
    engine.tell('CONFIG', 'SET', 'maxmemory', '0');
  });

  test('full of what others have put there, until it has room again', async () => {
    engine.tell('CONFIG', 'SET', 'maxmemory', '1');
    await scene.said(goneLine, outages + 1);
    assert.match(scene.nodes[0].program.stdout, /takes nothing \(OOM command not allowed/);
    await pause(1000);
    engine.tell('CONFIG', 'SET', 'maxmemory', '0');
    await survived(true);
  });
});
