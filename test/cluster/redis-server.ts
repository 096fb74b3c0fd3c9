// A real Redis for tests, of their own: on a free port of loopback, with nothing on disk.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = 'redis-server';

/** Why the tests that need it are left out; false where they are not. In CI it is to be there. */
export const withoutRedis: string | false =
  process.env.CI !== 'true' && spawnSync(program, ['--version']).error
    ? `${program} is not installed`
    : false;

export class RedisServer {
  readonly port: number;
  readonly #words: readonly string[];
  readonly #directory = mkdtempSync(join(tmpdir(), 'caracal-redis-'));
  #process: ChildProcess | undefined;

  private constructor(port: number, words: readonly string[]) {
    this.port = port;
    this.#words = words;
  }

  static async start(...words: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), words);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const words = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const options = { cwd: this.#directory, stdio: 'ignore' as const };
    this.#process = spawn(program, [...words, '--dir', this.#directory, ...this.#words], options);
    for (let tries = 0; !(await accepts(this.port)); tries++) {
      if (tries > 500) throw new Error(`${program} does not answer`);
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
    return spawnSync('redis-cli', ['-p', `${this.port}`, ...words], { encoding: 'utf8' }).stdout;
  }

  async close(): Promise<void> {
    this.goOn();
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
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

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.write('PING\r\n');
      socket.once('data', (answer) => {
        socket.destroy();
        resolve(answer.toString().includes('PONG'));
      });
    });
  });
}
