// systemd's part in socket activation, for tests: opens sockets and starts the tracker with them as descriptors 3 and up.
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_CLOEXEC } from '../../../src/net/layouts.ts';
import { PinnedMemory } from '../../../src/net/pinned-memory.ts';
import { decodePort, encodeSocketAddress } from '../../../src/net/socket-address.ts';
import { SocketOptions } from '../../../src/net/socket-options.ts';
import { calls } from '../../net/fast-path.ts';
import { mainScript } from '../../tracker-program.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

/** Ends what was begun in it. */
type Scene = Pick<TestContext, 'after'>;

export interface PassedSocket {
  fd: number;
  /** FileDescriptorName= of the unit. */
  name: string;
  port: number;
}

export interface SocketUnit {
  name: string;
  kind: 'datagram' | 'stream';
  address: string;
  dualStack?: boolean;
  /** A stream socket that does not listen. */
  deaf?: boolean;
}

/** Opens a socket unit's socket on a free port; it lives as long as the test, longer than the tracker. */
export function openSocketUnit(test: Scene, unit: SocketUnit): PassedSocket {
  const ipv6 = unit.address.includes(':');
  const type = unit.kind === 'stream' ? SOCK_STREAM : SOCK_DGRAM;
  const fd = calls.socket(ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
  test.after(() => calls.close(fd));
  const memory = new PinnedMemory(calls, 128);
  const options = new SocketOptions(calls);
  if (ipv6) options.set(fd, IPPROTO_IPV6, IPV6_V6ONLY, unit.dualStack ? 0 : 1, 'IPV6_V6ONLY');
  const name = memory.take(28);
  const length = memory.take(4);
  if (calls.bind(fd, name.address, encodeSocketAddress(name.bytes, unit.address, 0)) !== 0) {
    throw new Error(`bind: errno ${calls.errno()}`);
  }
  if (unit.kind === 'stream' && !unit.deaf) calls.listen(fd, 4096);
  length.words[0] = 28;
  calls.getsockname(fd, name.address, length.address);
  const port = decodePort(name.bytes);
  options.close();
  memory.release();
  return { fd, name: unit.name, port };
}

export interface ActivatedTracker {
  output(): string;
  /** Resolves with the first match in its output; rejects when it ends or after 10 s. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** Sends the signal and resolves with the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts the built tracker with the sockets, named as their units name them. It ends with the test. */
export function startActivated(
  test: Scene,
  sockets: readonly PassedSocket[],
  words: readonly string[] = [],
  environment: Record<string, string> = {},
): ActivatedTracker {
  // Only the process itself knows its number, so the shell that it replaces writes it down.
  const script = 'LISTEN_PID=$$ exec "$0" "$@"';
  const child: ChildProcess = spawn('/bin/sh', ['-c', script, process.execPath, mainScript, ...words], {
    env: {
      ...process.env,
      LISTEN_FDS: String(sockets.length),
      LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', ...sockets.map(({ fd }) => fd)],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  test.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    output: () => output,
    printed: async (pattern) => {
      for (let tries = 0; tries < 500; tries++) {
        const match = pattern.exec(output);
        if (match) return match;
        if (child.exitCode !== null) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`did not print ${pattern}:\n${output}`);
    },
    signal: (name) => void child.kill(name),
    end: async (signal) => {
      if (signal !== undefined) child.kill(signal);
      const late = AbortSignal.timeout(10_000);
      return await new Promise((resolve, reject) => {
        late.onabort = () => reject(new Error(`still runs after 10 s:\n${output}`));
        void ended.then(resolve);
      });
    },
  };
}
