// A network that splits between a node of a cluster and the engine, and heals: both sides go on, and know the same afterwards.
import { RedisServer, withoutRedis } from '../cluster/redis-server.ts';
import { TcpProxy } from '../cluster/tcp-proxy.ts';
import { pause } from '../program.ts';
import { ClusterScene, goneLine } from './cluster-scene.ts';
import type { FaultSuite } from './figures.ts';

export const clusterSplitSuite: FaultSuite = {
  fault: 'a network that splits a cluster, and heals',
  limits: {
    lost: 0,
    ghost: 0,
    failed: 0,
    latestMs: 720_000,
    mendedMs: 120_000,
    goneLines: 1,
  },
  atLeast: { goneLines: 1, acknowledged: 1000 },
  skip: withoutRedis,
  async run({ seed, long, peers = long ? 100_000 : 1000, perSecond }) {
    const engine = await RedisServer.start();
    const proxies = await Promise.all([0, 1, 2].map(() => TcpProxy.start(engine.port)));
    let scene: ClusterScene | undefined;
    try {
      scene = await ClusterScene.start({
        ...{ urls: proxies.map(({ url }) => url), peers, perSecond: perSecond ?? (long ? 1000 : 150), seed },
        stoppedPercent: 20,
      });
      const cut = proxies[seed % 3];
      cut.cut();
      const start = performance.now();
      await pause(long ? 600_000 : 8000);
      const splitSeconds = Math.round((performance.now() - start) / 1000);
      cut.heal();
      const healed = performance.now();
      const found = await scene.balance();
      const mendedMs = Math.round(performance.now() - healed);
      const goneLines = scene.countLines(goneLine).reduce((sum, count) => sum + count, 0);
      const { failed } = scene.load;
      const { acknowledged } = scene.ledger;
      return { peers, splitSeconds, ...found, mendedMs, failed, goneLines, acknowledged };
    } finally {
      await scene?.close();
      for (const proxy of proxies) await proxy.close();
      await engine.close();
    }
  },
};
