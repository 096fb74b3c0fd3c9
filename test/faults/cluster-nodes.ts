// Nodes of a cluster are killed in any order, and the engine between them: whoever lives knows what any of them was told.
import { RedisServer, withoutRedis } from '../cluster/redis-server.ts';
import { pause } from '../program.ts';
import { backLine, ClusterScene, goneLine } from './cluster-scene.ts';
import type { FaultSuite } from './figures.ts';

const nodes = 3;
/** Of the kills, each so manieth comes after the engine has died and come back. */
const engineEvery = 4;

export const clusterNodesSuite: FaultSuite = {
  fault: 'nodes of a cluster killed in any order, and the engine between them',
  // ghostMs has no limit: a node that comes back with an old snapshot tells of peers that have left, for up to a TTL, until the
  // others answer. Who is handed out still after two minutes is a ghost.
  limits: { lost: 0, ghost: 0, failed: 0, afterKillMs: 2500, afterEngineMs: 120_000 },
  atLeast: { kills: 2, engineRestarts: 1, acknowledged: 1000 },
  skip: withoutRedis,
  async run({ seed, long, peers = long ? 1_000_000 : 2000, restarts = long ? 20 : 2, perSecond }) {
    const pace = perSecond ?? (long ? 3000 : 200);
    const engine = await RedisServer.start();
    const size = long
      ? ['--memory-limit', '512MiB', '--snapshot-interval', '60']
      : ['--snapshot-interval', '2'];
    let scene: ClusterScene | undefined;
    const total = { lost: 0, ghost: 0, ghostMs: 0, afterKillMs: 0, afterEngineMs: 0 };
    const look = async (after: 'afterKillMs' | 'afterEngineMs', swarms?: number) => {
      const found = await scene!.balance(swarms === undefined ? {} : { swarms });
      total.lost += found.lost;
      total.ghost += found.ghost;
      total.ghostMs = Math.max(total.ghostMs, found.ghostMs);
      total[after] = Math.max(total[after], found.latestMs);
    };
    let engineRestarts = 0;
    try {
      scene = await ClusterScene.start({
        ...{ urls: Array(nodes).fill(engine.url), peers, perSecond: pace, seed },
        ...{ stoppedPercent: 5, flags: size },
      });
      for (let kill = 0; kill < restarts; kill++) {
        const engineDies = kill % engineEvery === 1;
        if (engineDies) {
          engineRestarts++;
          const before = [goneLine, backLine].map((line) => scene!.countLines(line));
          await engine.kill();
          await pause(1000);
          await engine.start();
          await Promise.all([goneLine, backLine].map((line, i) => scene!.saidAgain(line, before[i])));
        }
        // What an engine that dies has not passed on is mended by comparing, which is not to meet the next death.
        await look(engineDies ? 'afterEngineMs' : 'afterKillMs', 500);
        const node = (Math.imul(kill + seed, 0x9e3779b1) >>> 16) % nodes;
        await scene.kill(node);
        await pause(long ? 5000 : 500);
        await look('afterKillMs', 500);
        await scene.restart(node);
      }
      await look('afterKillMs');
      const { madePerSecond } = scene.load;
      await scene.load.stop();
      const { failed, diedWith, unmade } = scene.load;
      const { acknowledged } = scene.ledger;
      const residentMiB = scene.residentMiB;
      return {
        nodes,
        peers,
        perSecond: pace,
        madePerSecond,
        unmade: Math.round(unmade),
        kills: restarts,
        engineRestarts,
        ...total,
        failed,
        diedWith,
        acknowledged,
        residentMiB,
      };
    } finally {
      await scene?.close();
      await engine.close();
    }
  },
};
