// Nodes of a cluster under load, of which a test breaks one or what is between them, and a ledger of what each has to know.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../program.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { UdpClient } from './clients.ts';
import { ClusterLedger } from './cluster-ledger.ts';
import { ClusterLoad, type ClusterLoadOptions } from './cluster-load.ts';
import { askForPeers } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export interface ClusterSceneOptions extends Partial<ClusterLoadOptions> {
  /** Of the engine, as each node reaches it. */
  readonly urls: readonly string[];
  /** A multiple of 100. */
  readonly peers: number;
  readonly flags?: readonly string[];
  readonly env?: Record<string, string>;
}

export interface ClusterBalance {
  /** Peers that a node does not hand out, or should not, although it was given the time to learn of them. */
  lost: number;
  ghost: number;
  /** How many times a swarm was not right at the first look, and how old the oldest announce became that was missed. */
  late: number;
  latestMs: number;
  /** How old the oldest departure became of a peer that was handed out all the same. */
  ghostMs: number;
}

/** What was acknowledged less than that ago is nobody's business yet. */
const knownAfterMs = 2000;
const readyWithinMs = 120_000;
const lanes = 30;

export const goneLine = /cluster: the engine takes nothing/g;
export const backLine = /Cluster: the engine is back/g;

export class ClusterScene {
  readonly nodes: readonly TrackerUnderTest[];
  readonly ledger: ClusterLedger;
  readonly load: ClusterLoad;
  readonly #clients: UdpClient[];
  readonly #dead = new Set<number>();

  private constructor(nodes: readonly TrackerUnderTest[], options: ClusterSceneOptions) {
    const { peers, perSecond = 100, stoppedPercent = 20, seed = 1 } = options;
    this.nodes = nodes;
    this.ledger = new ClusterLedger(peers);
    this.#clients = nodes.map(({ udpPort }) => new UdpClient(udpPort));
    this.load = new ClusterLoad(this.ledger, this.#clients, { perSecond, stoppedPercent, seed });
  }

  /** Resolves when every peer has announced, and the load goes on. */
  static async start(options: ClusterSceneOptions): Promise<ClusterScene> {
    const secret = join(temporaryDirectory('cluster'), 'secret');
    writeFileSync(secret, 'as long as a secret has to be\n', { mode: 0o600 });
    const { urls, flags = [], env = {} } = options;
    const nodes = urls.map((url, i) => {
      const own = ['--cluster', url, '--cluster-node', `node-${i}`, '--cluster-secret-file', secret];
      const usual = ['--workers', '1', '--rate-limit', 'off', '--min-interval', '0'];
      return new TrackerUnderTest({ flags: [...usual, ...own, ...flags], env });
    });
    let scene: ClusterScene | undefined;
    try {
      await Promise.all(nodes.map((node) => startNode(node)));
      scene = new ClusterScene(nodes, options);
      await scene.load.fill();
      scene.load.go();
      return scene;
    } catch (error) {
      await scene?.close();
      for (const node of nodes) await node.close();
      throw error;
    }
  }

  /** As its machine would: nothing is said and nothing is saved. */
  async kill(node: number): Promise<void> {
    this.load.died(node);
    this.#dead.add(node);
    const { program } = this.nodes[node];
    program.signal('SIGKILL');
    const at = performance.now();
    await program.exited;
    this.ledger.forget(node, at - knownAfterMs);
  }

  /** Resolves when it is ready, and clients come again. */
  async restart(node: number, flags: readonly string[] = []): Promise<void> {
    await startNode(this.nodes[node], flags);
    this.#dead.delete(node);
    this.load.lives(node);
  }

  /**
   * Asks every living node for everybody in these swarms, and again where something is wrong, while the load goes on.
   * @param swarms how many, from all over; all of them when not given
   * @param withinMs how long what is wrong may take to be mended
   */
  async balance({ swarms = this.ledger.swarms, withinMs = 120_000 } = {}): Promise<ClusterBalance> {
    const balance: ClusterBalance = { lost: 0, ghost: 0, late: 0, latestMs: 0, ghostMs: 0 };
    const step = Math.max(1, Math.floor(this.ledger.swarms / swarms));
    for (const [node, client] of this.#clients.entries()) {
      if (this.#dead.has(node)) continue;
      let next = 0;
      const lane = async () => {
        for (let swarm = next; swarm < this.ledger.swarms; swarm = next) {
          next += step;
          await this.#ask(client, swarm, withinMs, balance);
        }
      };
      await Promise.all(Array.from({ length: lanes }, lane));
    }
    return balance;
  }

  /** How often each node has said it, since its last start. */
  countLines(pattern: RegExp): number[] {
    return this.nodes.map(({ program }) => program.stdout.match(pattern)?.length ?? 0);
  }

  /** Resolves when every node that lives has said it so often. */
  async said(pattern: RegExp, times: number): Promise<void> {
    await this.saidAgain(pattern, Array(this.nodes.length).fill(times - 1));
  }

  /** Resolves when every node that lives has said it once more than that. */
  async saidAgain(pattern: RegExp, before: readonly number[], ms = 120_000): Promise<void> {
    const isSaid = () =>
      this.countLines(pattern).every((count, node) => count > before[node] || this.#dead.has(node));
    for (const end = performance.now() + ms; !isSaid(); await pause(20)) {
      if (performance.now() < end) continue;
      throw new Error(
        this.nodes.map(({ program }) => program.describe(`has not said ${pattern}`)).join('\n'),
      );
    }
  }

  get residentMiB(): number {
    const living = this.nodes.filter((_, node) => !this.#dead.has(node));
    return Math.max(...living.map((node) => node.residentMiB));
  }

  async close(): Promise<void> {
    // Nobody waits for who does not answer any more.
    await Promise.race([this.load.stop(), pause(5000)]);
    for (const client of this.#clients) client.close();
    for (const node of this.nodes) await node.close();
  }

  async #ask(client: UdpClient, swarm: number, withinMs: number, balance: ClusterBalance): Promise<void> {
    const start = performance.now();
    for (let look = 0; ; look++) {
      const asked = performance.now();
      const given = await askForPeers(client, swarm);
      const { lost, ghost, lostSince, ghostSince } = this.ledger.compare(swarm, given, asked - knownAfterMs);
      if (lost + ghost === 0) return;
      if (look === 0) balance.late++;
      balance.latestMs = Math.max(balance.latestMs, Math.round(asked - lostSince));
      balance.ghostMs = Math.max(balance.ghostMs, Math.round(asked - ghostSince));
      if (asked - start > withinMs) {
        balance.lost += lost;
        balance.ghost += ghost;
        return;
      }
      await pause(200);
    }
  }
}

async function startNode(node: TrackerUnderTest, flags: readonly string[] = []): Promise<void> {
  await node.start(flags);
  await node.program.printed(/Cluster: node \S+ is ready/, readyWithinMs);
}
