// The handshakes in flight, when a client comes again from the same port before its first connection has closed.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpCounters } from '../../../src/transport/http/http-counters.ts';
import { TlsHandshakes } from '../../../src/transport/http/tls-handshakes.ts';

class FakeSocket extends EventEmitter {
  readonly remoteAddress = '192.0.2.1';
  readonly remotePort = 40_000;
  readonly localAddress = '192.0.2.2';
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    setImmediate(() => this.emit('close'));
  }
}

test('a second connection from the port of one that was reset ends it, and each deadline ends its own', async (t) => {
  const thrown: unknown[] = [];
  const note = (error: unknown) => thrown.push(error);
  process.on('uncaughtException', note);
  t.after(() => process.off('uncaughtException', note));
  const handshakes = new TlsHandshakes({ deadlineMs: 30, max: 10 }, new HttpCounters());
  const first = new FakeSocket();
  const second = new FakeSocket();
  handshakes.begin(first as unknown as Socket);
  handshakes.begin(second as unknown as Socket);
  assert.equal(first.destroyed, true);
  assert.equal(handshakes.finish(second as unknown as Socket), second);
  await sleep(60);
  assert.equal(second.destroyed, false);
  handshakes.begin(second as unknown as Socket);
  await sleep(60);
  assert.equal(second.destroyed, true);
  assert.deepEqual(thrown, []);
});
