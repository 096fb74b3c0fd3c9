import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EventLoop } from '../../src/net/event-loop.ts';
import { EPOLLIN, EPOLLOUT } from '../../src/net/layouts.ts';
import { SystemCallError } from '../../src/net/system-call-error.ts';
import { Waker } from '../../src/net/waker.ts';
import { calls, echo, fastPath, nextMessage, openBatch, openClient, send } from './fast-path.ts';

const sleeper = new URL('sleeping-worker.js', import.meta.url);

test(
  'a loop calls for each descriptor that is ready, and sleeps no longer than it is told',
  fastPath,
  async (test) => {
    const first = openBatch(test);
    const second = openBatch(test);
    const loop = new EventLoop(calls);
    test.after(() => loop.close());
    const ready: string[] = [];
    loop.add(first.socket.fd, EPOLLIN, () => {
      ready.push('first');
      first.batch.receive();
    });
    loop.add(second.socket.fd, EPOLLIN, () => {
      ready.push('second');
      second.batch.receive();
    });
    assert.equal(loop.runOnce(0), 0);
    const started = performance.now();
    assert.equal(loop.runOnce(30), 0);
    assert.ok(performance.now() - started >= 29);
    const client = await openClient(test);
    await send(client, 'x', first.socket.port, '127.0.0.1');
    await send(client, 'x', second.socket.port, '127.0.0.1');
    assert.equal(loop.runOnce(1000), 2);
    assert.deepEqual(ready.sort(), ['first', 'second']);
    loop.remove(first.socket.fd);
    await send(client, 'x', first.socket.port, '127.0.0.1');
    assert.equal(loop.runOnce(0), 0);
    loop.change(second.socket.fd, EPOLLOUT);
    assert.equal(loop.runOnce(0), 1);
    assert.throws(() => loop.remove(first.socket.fd), SystemCallError);
  },
);

test('what is left unread is reported again', fastPath, async (test) => {
  const { socket, batch } = openBatch(test, {}, 2);
  const loop = new EventLoop(calls);
  test.after(() => loop.close());
  const counts: number[] = [];
  loop.add(socket.fd, EPOLLIN, () => {
    counts.push(batch.receive());
    return false;
  });
  const client = await openClient(test);
  for (let i = 0; i < 5; i++) await send(client, 'x', socket.port, '127.0.0.1');
  while (loop.runOnce(0) > 0);
  assert.deepEqual(counts, [2, 2, 1]);
});

test('a tick comes although nothing is ready, and the loop ends when it is stopped', fastPath, (test) => {
  const loop = new EventLoop(calls);
  test.after(() => loop.close());
  let ticks = 0;
  const started = performance.now();
  loop.every(10, () => {
    if (++ticks === 5) loop.stop();
  });
  loop.run();
  const elapsed = performance.now() - started;
  assert.equal(ticks, 5);
  assert.ok(elapsed >= 49 && elapsed < 500, `${elapsed} ms`);
});

test(
  'wakings in between are one call, and a stop is noticed by a loop that starts later',
  fastPath,
  (test) => {
    const waker = new Waker(calls);
    const loop = new EventLoop(calls);
    test.after(() => {
      loop.close();
      waker.close();
    });
    let wakings = 0;
    loop.listenTo(waker.handle, () => wakings++);
    waker.wake();
    waker.wake();
    assert.equal(loop.runOnce(0), 1);
    assert.equal(loop.runOnce(0), 0);
    assert.equal(wakings, 1);
    waker.stop();
    loop.run();
    assert.equal(wakings, 1);
  },
);

test(
  'a sleeping worker answers datagrams, wakes when asked, uses no processor time and stops at once',
  fastPath,
  async (test) => {
    const { socket } = openBatch(test);
    const waker = new Waker(calls);
    const worker = new Worker(sleeper, { workerData: { socket, waker: waker.handle } });
    await once(worker, 'message');

    const client = await openClient(test);
    const answer = nextMessage(client);
    await send(client, 'ping', socket.port, '127.0.0.1');
    assert.equal((await answer).payload.toString(), 'ping');

    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const used = process.cpuUsage(before);
    assert.ok((used.user + used.system) / 1000 < 100, `${(used.user + used.system) / 1000} ms in 400 ms`);

    waker.wake();
    const [message] = (await once(worker, 'message')) as [string];
    assert.equal(message, 'woken');
    const started = performance.now();
    waker.stop();
    const [code] = (await once(worker, 'exit')) as [number];
    assert.equal(code, 0);
    assert.ok(performance.now() - started < 1000);
    waker.close();
  },
);

test('a process with a sleeping worker can exit, also without stopping it', fastPath, async () => {
  const program = fileURLToPath(new URL('exiting-process.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit'] });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 10_000);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(deadline);
  assert.deepEqual({ code, signal }, { code: 7, signal: null });
});

test('an echo of a full batch goes through the loop', fastPath, async (test) => {
  const { socket, batch } = openBatch(test);
  const loop = new EventLoop(calls);
  test.after(() => loop.close());
  loop.add(socket.fd, EPOLLIN, () => {
    const count = batch.receive();
    for (let cell = 0; cell < count; cell++) echo(batch, cell);
    batch.flush();
    return batch.isBusy;
  });
  const client = await openClient(test);
  let answers = 0;
  client.on('message', () => answers++);
  for (let i = 0; i < 100; i++) await send(client, `${i}`, socket.port, '127.0.0.1');
  while (loop.runOnce(0) > 0);
  while (answers < 100) await nextMessage(client);
  assert.equal(batch.counts.sent, 100);
});

test(
  'a busy descriptor is served without sleeping, the others meanwhile, and it sleeps again afterwards',
  fastPath,
  async (test) => {
    const { socket, batch } = openBatch(test, {}, 4);
    const quiet = openBatch(test);
    const slept: number[] = [];
    const counting = {
      ...calls,
      epollWait: (epoll: number, events: number, count: number, timeoutMs: number) => {
        slept.push(timeoutMs);
        return calls.epollWait(epoll, events, count, timeoutMs);
      },
    };
    const loop = new EventLoop(counting);
    test.after(() => loop.close());
    const received: number[] = [];
    let quietReceived = 0;
    loop.add(socket.fd, EPOLLIN, () => {
      received.push(batch.receive());
      return batch.isBusy;
    });
    loop.add(quiet.socket.fd, EPOLLIN, () => {
      quietReceived += quiet.batch.receive();
      return quiet.batch.isBusy;
    });
    const client = await openClient(test);
    for (let i = 0; i < 50; i++) await send(client, 'x', socket.port, '127.0.0.1');
    loop.runOnce(1000);
    await send(client, 'x', quiet.socket.port, '127.0.0.1');
    for (let round = 0; round < 12; round++) loop.runOnce(1000);
    assert.deepEqual(received, [...new Array<number>(12).fill(4), 2]);
    assert.equal(quietReceived, 1);
    assert.deepEqual(slept, [1000, 0]);
    loop.runOnce(0); // finds nothing and goes back to sleep
    assert.equal(received.at(-1), 0);
    await send(client, 'x', socket.port, '127.0.0.1');
    assert.equal(loop.runOnce(1000), 1);
    assert.equal(received.at(-1), 1);
  },
);

test('a descriptor can be removed by its own call, busy or not', fastPath, async (test) => {
  const { socket, batch } = openBatch(test, {}, 2);
  const loop = new EventLoop(calls);
  test.after(() => loop.close());
  const client = await openClient(test);
  for (const removing of [1, 3]) {
    for (let i = 0; i < 8; i++) await send(client, 'x', socket.port, '127.0.0.1');
    let called = 0;
    loop.add(socket.fd, EPOLLIN, () => {
      batch.receive();
      if (++called === removing) loop.remove(socket.fd);
      return true;
    });
    for (let round = 0; round < 5; round++) loop.runOnce(0);
    assert.equal(called, removing);
  }
});

test(
  'who is not to wait is called between pieces of others, not too often, and no more when it has ended',
  fastPath,
  async (test) => {
    const { socket, batch } = openBatch(test);
    const loop = new EventLoop(calls);
    test.after(() => loop.close());
    let looks = 0;
    const end = loop.betweenPieces(() => looks++);
    const work = (pieces: number) => {
      for (let piece = 0; piece < pieces; piece++) loop.pieceDone();
    };
    let during = 0;
    loop.add(socket.fd, EPOLLIN, () => {
      batch.receive();
      const before = looks;
      work(4);
      during = looks - before;
      return false;
    });
    await send(await openClient(test), 'x', socket.port, '127.0.0.1');
    loop.runOnce(1000);
    assert.equal(during, 1);
    await pause(1);
    // With the one that the call itself counts as.
    work(2);
    assert.equal(looks, during, 'the clock is not read after each');
    loop.pieceDone(4);
    assert.equal(looks, during + 1);
    end();
    await pause(1);
    loop.pieceDone(4);
    assert.equal(looks, during + 1);
  },
);
