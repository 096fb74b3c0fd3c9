// An engine that comes back and goes again, over and over, each time with nothing of what it held: the nodes answer, say
// little of it, grow by little, and know the same when it stays.
import { RedisServer, withoutRedis } from '../cluster/redis-server.ts';
import { pause } from '../program.ts';
import { ClusterScene, goneLine } from './cluster-scene.ts';
import type { FaultSuite } from './figures.ts';

const nodes = 3;
const flappingLine = /cluster: the engine comes and goes/g;

export const clusterFlappingSuite: FaultSuite = {
  fault: 'an engine that comes and goes every two seconds',
  limits: {
    ...{ lost: 0, ghost: 0, failed: 0, mendedMs: 120_000, grownMiB: 100 },
    // A node that notices each of them says so much before it says that it comes and goes, and that once.
    ...{ goneLines: 5 * nodes, flappingLines: nodes },
  },
  atLeast: { outages: 7, goneLines: nodes, acknowledged: 1000 },
  skip: withoutRedis,
  async run({ seed, long, peers = long ? 100_000 : 1000, perSecond }) {
    const engine = await RedisServer.start();
    let scene: ClusterScene | undefined;
    try {
      scene = await ClusterScene.start({
        ...{ urls: Array(nodes).fill(engine.url), peers, perSecond: perSecond ?? (long ? 1000 : 150), seed },
        stoppedPercent: 20,
      });
      const before = scene.residentMiB;
      const start = performance.now();
      let outages = 0;
      for (; outages < (long ? 150 : 7); outages++) {
        await engine.kill();
        await pause(long ? 2000 : 700);
        await engine.start();
        await pause(long ? 2000 : 1200);
      }
      const flappingSeconds = Math.round((performance.now() - start) / 1000);
      const grownMiB = scene.residentMiB - before;
      const stays = performance.now();
      const found = await scene.balance();
      const mendedMs = Math.round(performance.now() - stays);
      const lines = (pattern: RegExp) => scene!.countLines(pattern).reduce((sum, count) => sum + count, 0);
      const [goneLines, flappingLines] = [goneLine, flappingLine].map(lines);
      const { failed } = scene.load;
      const { acknowledged } = scene.ledger;
      const told = { goneLines, flappingLines, failed, acknowledged };
      return { peers, outages, flappingSeconds, ...found, mendedMs, grownMiB, ...told };
    } finally {
      await scene?.close();
      await engine.close();
    }
  },
};
