// A Redis Cluster of three primaries and as many replicas, as redis-cli makes one of Debian's servers.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, RedisServer, type RedisServerOptions } from './redis-server.ts';

const members = 6;

export interface RedisClusterOptions extends RedisServerOptions {
  /** What each server is told besides. */
  readonly words?: readonly string[];
}

export class RedisCluster {
  readonly servers: RedisServer[] = [];
  readonly #options: RedisClusterOptions;

  private constructor(options: RedisClusterOptions) {
    this.#options = options;
  }

  /** Resolves when all of them agree on who has what. */
  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const cluster = new RedisCluster(options);
    try {
      for (let i = 0; i < members; i++) await cluster.#add();
      const places = cluster.servers.map(({ port }) => `127.0.0.1:${port}`);
      const words = [
        ...(options.cliWords ?? []),
        '--cluster',
        'create',
        ...places,
        '--cluster-replicas',
        '1',
        '--cluster-yes',
      ];
      const { stdout, stderr, status } = spawnSync('redis-cli', words, { encoding: 'utf8', timeout: 60_000 });
      if (status !== 0) throw new Error(`redis-cli made no cluster: ${stdout}${stderr}`);
      const isWhole = (server: RedisServer) =>
        /cluster_state:ok/.test(server.tell('CLUSTER', 'INFO')) &&
        (server.tell('CLUSTER', 'NODES').match(/slave /g)?.length ?? 0) === members / 2 &&
        /role:master|master_link_status:up/.test(server.tell('INFO', 'replication'));
      for (let tries = 0; !cluster.servers.every(isWhole); tries++) {
        if (tries > 300) throw new Error(`no cluster: ${cluster.servers[0].tell('CLUSTER', 'NODES')}`);
        await sleep(100);
      }
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Three of them, as an operator names them: the others are learnt from those. */
  get url(): string {
    return `redis-cluster://${this.placesAt('127.0.0.1')}`;
  }

  /** The first three, as a URL has them. */
  placesAt(host: string): string {
    return this.servers
      .slice(0, 3)
      .map(({ port }) => `${host}:${port}`)
      .join(',');
  }

  /** The primary that has a key; `undefined` while nobody has it. */
  ownerOf(key: string): RedisServer | undefined {
    return this.servers.find((server) => /^[01]\n$/.test(server.tell('EXISTS', key)));
  }

  async close(): Promise<void> {
    for (const server of this.servers) await server.close();
  }

  async #add(): Promise<void> {
    const words = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500'];
    const prompt = ['--repl-diskless-sync-delay', '0', '--cluster-port', `${await freePort()}`];
    const more = this.#options.words ?? [];
    this.servers.push(await RedisServer.startAs(this.#options, ...words, ...prompt, ...more));
  }
}
