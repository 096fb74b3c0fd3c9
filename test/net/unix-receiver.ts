// A Unix datagram socket that keeps what it is sent: systemd's end of the notification socket, for tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SOCK_CLOEXEC, SOCK_DGRAM } from '../../src/net/layouts.ts';
import { PinnedMemory } from '../../src/net/pinned-memory.ts';
import { calls } from './fast-path.ts';

const AF_UNIX = 1;
const MSG_DONTWAIT = 0x40;

export interface UnixReceiver {
  readonly path: string;
  /** The datagrams that came since the last call, each as text. */
  received(): string[];
}

/** Closed after the test. `abstract`: in the abstract namespace, where a path begins with `@`. */
export function openUnixReceiver(test: Pick<TestContext, 'after'>, abstract = false): UnixReceiver {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-notify-'));
  const path = abstract ? `@caracal-test-${process.pid}-${Date.now()}` : join(directory, 'notify');
  const memory = new PinnedMemory(calls, 4096 + 256);
  const name = memory.take(128);
  const buffer = memory.take(4096);
  name.bytes[0] = AF_UNIX;
  name.bytes.set(new TextEncoder().encode(path), 2);
  if (abstract) name.bytes[2] = 0;
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (calls.bind(fd, name.address, 2 + path.length + (abstract ? 0 : 1)) !== 0)
    throw new Error(`bind: ${calls.errno()}`);
  test.after(() => {
    calls.close(fd);
    memory.release();
    rmSync(directory, { recursive: true });
  });
  const received = () => {
    const messages: string[] = [];
    for (;;) {
      const length = calls.recv(fd, buffer.address, 4096, MSG_DONTWAIT);
      if (length < 0) return messages;
      messages.push(Buffer.from(buffer.bytes.subarray(0, length)).toString());
    }
  };
  return { path, received };
}
