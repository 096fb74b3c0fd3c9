// A real Redis, or what speaks as it does, for tests of their own: on a free port of loopback, with nothing on disk.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const usual = 'redis-server';

/** Why the tests that need it are left out; false where they are not. In CI it is to be there. */
export const withoutRedis: string | false =
  process.env.CI !== 'true' && spawnSync(usual, ['--version']).error ? `${usual} is not installed` : false;

/** Of another server than Debian's, and of one that speaks TLS, which `tell` needs more words for. */
export interface RedisServerOptions {
  readonly program?: string;
  readonly tls?: boolean;
  /** What redis-cli has to be told besides the port. */
  readonly cliWords?: readonly string[];
}

export class RedisServer {
  readonly port: number;
  readonly #words: readonly string[];
  readonly #options: RedisServerOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'caracal-redis-'));
  #process: ChildProcess | undefined;

  private constructor(port: number, words: readonly string[], options: RedisServerOptions) {
    this.port = port;
    this.#words = options.tls
      ? ['--port', '0', '--tls-port', `${port}`, ...words]
      : ['--port', `${port}`, ...words];
    this.#options = options;
  }

  static async start(...words: string[]): Promise<RedisServer> {
    return await RedisServer.startAs({}, ...words);
  }

  static async startAs(options: RedisServerOptions, ...words: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), words, options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  async start(): Promise<void> {
    const words = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.#directory];
    const options = { cwd: this.#directory, stdio: 'ignore' as const };
    const { program = usual, tls = false } = this.#options;
    this.#process = spawn(program, [...words, ...this.#words], options);
    for (let tries = 0; !(await accepts(this.port, !tls)); tries++) {
      if (tries > 500) {
        await this.close();
        throw new Error(`${program} does not answer`);
      }
      await sleep(20);
    }
  }

  /** As the machine would end it: nothing is said and nothing is kept. */
  async kill(): Promise<void> {
    const ended = this.#process;
    this.#process = undefined;
    if (ended === undefined || ended.exitCode !== null) return;
    ended.kill('SIGKILL');
    await once(ended, 'exit');
  }

  /** It neither answers nor closes anything, until it is told to go on. */
  stall(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Of redis-cli, which comes with it: what it printed. */
  tell(...words: string[]): string {
    return redisReplies(this.port, ...(this.#options.cliWords ?? []), ...words);
  }

  async close(): Promise<void> {
    this.goOn();
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export function redisReplies(port: number, ...words: string[]): string {
  return spawnSync('redis-cli', ['-p', `${port}`, ...words], { encoding: 'utf8' }).stdout;
}

/** Of loopback; somebody may take it until it is used. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** @param speaks whether it has to answer too, and not only to be there */
function accepts(port: number, speaks: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      if (!speaks) {
        socket.destroy();
        resolve(true);
      }
      socket.write('PING\r\n');
      socket.once('data', (answer) => {
        socket.destroy();
        resolve(/PONG|NOAUTH/.test(answer.toString()));
      });
    });
  });
}
