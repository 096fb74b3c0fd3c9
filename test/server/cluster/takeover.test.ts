// A node of a cluster is taken over under load: nobody is lost, and it goes on under its name where the other process was.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { backLine, ClusterScene } from '../../faults/cluster-scene.ts';
import { openUnixReceiver, type UnixReceiver } from '../../net/unix-receiver.ts';
import { pause, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const skip = withoutRedis || (process.platform === 'linux' ? false : 'sockets are passed on Linux only');

describe('a node that is taken over', { skip, timeout: 280_000 }, () => {
  let engine: RedisServer;
  let scene: ClusterScene;
  let systemd: UnixReceiver;
  let successor: number | undefined;

  const endings: (() => unknown)[] = [];
  let startedAt = 0;

  before(async () => {
    startedAt = performance.now();
    engine = await RedisServer.start();
    systemd = openUnixReceiver({ after: (end) => void endings.push(end as () => unknown) });
    const env = { NOTIFY_SOCKET: systemd.path };
    scene = await ClusterScene.start({ urls: Array(3).fill(engine.url), peers: 1000, perSecond: 200, env });
  });

  after(async () => {
    if (successor !== undefined) process.kill(successor, 'SIGKILL');
    await scene?.close();
    await engine?.close();
    for (const end of endings) await end();
  });

  interface Told {
    nodes: { node: string; alive: boolean }[];
    comparisons: number;
    gaps: number;
  }

  async function cluster(node: number): Promise<Told> {
    const words = ['cluster', '--json', '--data-dir', scene.nodes[node].dataDir];
    const program = startProgram(process.execPath, [mainScript, ...words]);
    await program.exit(30_000);
    return JSON.parse(program.stdout) as Told;
  }

  async function nobodyIsLost(): Promise<void> {
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    const { nodes } = await cluster(0);
    assert.deepEqual(
      nodes.map(({ node, alive }) => `${node} ${alive}`),
      ['node-0 true', 'node-1 true', 'node-2 true'],
    );
  }

  async function takeOver(node: number): Promise<void> {
    const old = scene.nodes[node].program;
    await scene.nodes[node].start(['--takeover']);
    assert.equal((await old.exit(30_000)).code, 0, old.describe('ended'));
  }

  test('by --takeover, each in its turn, goes on in the row without comparing anything', async () => {
    for (const node of [0, 1, 2]) {
      await takeOver(node);
      await scene.nodes[node].program.printed(
        /Cluster: node node-\d is ready, with node-\d, node-\d/,
        60_000,
      );
      assert.ok(!existsSync(join(scene.nodes[node].dataDir, 'cluster.handed-over')));
      const { comparisons, gaps } = await cluster(node);
      assert.equal(gaps, 0);
      // Once a minute all compare in any case.
      if (performance.now() - startedAt < 50_000) assert.equal(comparisons, 0);
    }
    await nobodyIsLost();
  });

  test('while the engine is away, compares when it is back', async () => {
    await engine.kill();
    await pause(1000);
    await takeOver(2);
    await engine.start();
    for (const node of [0, 1]) await scene.nodes[node].program.printed(backLine, 60_000);
    await scene.nodes[2].program.printed(/Cluster: node node-2 is ready/, 60_000);
    await nobodyIsLost();
  });

  test('by SIGUSR2', async () => {
    const { program } = scene.nodes[1];
    // What was said of the takeovers before.
    systemd.received();
    program.signal('SIGUSR2');
    for (let tries = 0; successor === undefined; tries++) {
      assert.ok(tries < 1500, program.describe('was not taken over'));
      await pause(20);
      for (const said of systemd.received()) {
        const main = /^MAINPID=(\d+)$/.exec(said);
        if (main) successor = Number(main[1]);
      }
    }
    // Both print to the same place.
    await program.printed(/Took the other tracker's place[\s\S]*Cluster: node node-1 is ready/, 60_000);
    await nobodyIsLost();
  });
});
