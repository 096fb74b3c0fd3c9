// Three Sentinels that watch a primary of a test and put its replica in its place.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, redisReplies } from './redis-server.ts';

const name = 'main';

export class RedisSentinels {
  readonly #directory = mkdtempSync(join(tmpdir(), 'caracal-sentinel-'));
  readonly #processes: ChildProcess[] = [];
  readonly #ports: number[] = [];

  private constructor() {}

  /** Resolves when each of them knows of the primary, of its replica and of the two others. */
  static async start(primaryPort: number): Promise<RedisSentinels> {
    const sentinels = new RedisSentinels();
    try {
      for (let i = 0; i < 3; i++) await sentinels.#start(primaryPort);
      for (const port of sentinels.#ports) await sentinels.#knowsAll(port);
    } catch (error) {
      await sentinels.close();
      throw error;
    }
    return sentinels;
  }

  async #knowsAll(port: number): Promise<void> {
    const knows = () => redisReplies(port, 'SENTINEL', 'MASTER', name);
    for (let tries = 0; !/num-slaves\n1\nnum-other-sentinels\n2\n/.test(knows()); tries++) {
      if (tries > 300) throw new Error(`a Sentinel knows too little: ${knows()}`);
      await sleep(50);
    }
  }

  get url(): string {
    return `redis-sentinel://${this.#ports.map((port) => `127.0.0.1:${port}`).join(',')}/${name}`;
  }

  /** The port of the primary that they agree on. */
  get primary(): number {
    return Number(redisReplies(this.#ports[0], 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name).split('\n')[1]);
  }

  async close(): Promise<void> {
    for (const each of this.#processes) {
      if (each.exitCode !== null) continue;
      each.kill('SIGKILL');
      await once(each, 'exit');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #start(primaryPort: number): Promise<void> {
    const port = await freePort();
    const file = join(this.#directory, `${port}.conf`);
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.#directory}`,
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 3000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    this.#processes.push(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }));
    this.#ports.push(port);
  }
}
