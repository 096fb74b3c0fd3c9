// Checks connections on io_uring where they change hands: no byte is lost or taken for another's, whoever has the descriptor next.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { errno } from '../../../src/net/layouts.ts';
import type { SystemCalls } from '../../../src/net/system-calls.ts';
import { explainNoUring } from '../../../src/net/uring/uring-trial.ts';
import { calls } from '../../net/fast-path.ts';
import { createContractTracker } from '../contract.ts';
import { allClosed, type HttpChanges, noUring, startEpoll } from '../http/http-tracker.ts';
import { RawHttp } from '../http/raw-http.ts';

const here = { skip: noUring ?? false };
const hash = (n: number) => String(n).padStart(20, 'h');
/** Its answer names the torrent. */
const scrape = (n: number, ...fields: string[]) =>
  `GET /scrape?info_hash=${hash(n)} HTTP/1.1\r\nHost: t\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const announce = (n: number) =>
  `GET /announce?info_hash=${hash(n)}&peer_id=-CC0100-abcdefghijkl&port=6881&left=1 HTTP/1.1\r\nHost: t\r\n\r\n`;

async function start(t: TestContext, own: SystemCalls = calls) {
  const changes: HttpChanges = { tracker: createContractTracker({ fullScrape: true }) };
  const http = await startEpoll(changes, 'kept', own);
  t.after(() => http.transport.close(0));
  return http;
}

/** A connection that has been answered once: from then on it is on the ring. */
async function keep(port: number): Promise<RawHttp> {
  const connection = await RawHttp.open(port, '127.0.0.1', undefined, 20_000);
  connection.socket.on('error', () => {});
  connection.send(announce(0));
  assert.equal((await connection.reply())?.status, 200);
  return connection;
}

/** Which torrent the next answer is about. */
async function answered(connection: RawHttp): Promise<string | undefined> {
  const reply = await connection.reply();
  return reply && /20:(h+\d+)/.exec(reply.body.toString('latin1'))?.[1];
}

/** Announces each torrent, as a scrape leaves out whom it does not know. */
async function know(port: number, count: number): Promise<void> {
  const connection = await keep(port);
  for (let n = 0; n < count; n++) connection.send(announce(n));
  for (let n = 0; n < count; n++) assert.equal((await connection.reply())?.status, 200);
  connection.close();
}

/** As kernels before 6.14 do it, which take all that has come when they are entered, and not twenty at a time. */
const greedy: SystemCalls = {
  ...calls,
  ioUringEnter: (fd, submit, flags) => {
    const count = calls.ioUringEnter(fd, submit, flags);
    for (let i = 0; flags !== 0 && i < 50; i++) calls.ioUringEnter(fd, 0, flags);
    return count;
  },
};

for (const [how, own] of [
  ['', calls],
  [', taken at once', greedy],
] as const)
  test(`more busy connections than buffers are all answered, again and again${how}`, here, (t) =>
    manyBusy(t, own),
  );

async function manyBusy(t: TestContext, own: SystemCalls): Promise<void> {
  const { port, counters, exceptions } = await start(t, own);
  const count = 600;
  await know(port, count);
  const connections = await Promise.all(Array.from({ length: count }, () => keep(port)));
  for (let round = 0; round < 3; round++) {
    for (const [n, connection] of connections.entries()) connection.send(scrape(n));
    for (const [n, connection] of connections.entries()) assert.equal(await answered(connection), hash(n));
  }
  for (const connection of connections) connection.close();
  await allClosed(counters);
  assert.deepEqual(exceptions, []);
}

test('a request in pieces of any length is put together', here, async (t) => {
  const { port } = await start(t);
  await know(port, 3);
  const connection = await keep(port);
  // Longer than one buffer.
  const bytes = scrape(1, `X: ${'x'.repeat(3000)}`) + scrape(2);
  for (let at = 0; at < bytes.length; at += 517) {
    connection.send(bytes.slice(at, at + 517));
    await pause(3);
  }
  assert.equal(await answered(connection), hash(1));
  assert.equal(await answered(connection), hash(2));
  connection.close();
});

test(
  'a client that asks without end and does not read is not read from, and loses nothing',
  here,
  async (t) => {
    const { port, counters } = await start(t);
    const torrents = 10;
    await know(port, torrents);
    const connection = await keep(port);
    connection.socket.pause();
    const before = counters.bytesIn;
    const count = 100_000;
    for (let n = 0; n < count; n++) connection.send(scrape(n % torrents));
    // Its answers fill the sockets' buffers, some megabytes.
    let taken = 0;
    for (let rest = 0; rest < 20; rest++) {
      await pause(20);
      if (counters.bytesIn > taken) rest = 0;
      taken = counters.bytesIn;
    }
    assert.ok(taken > before);
    assert.ok(connection.socket.writableLength > 0, 'it goes on reading');
    connection.socket.resume();
    for (let n = 0; n < count; n++) {
      const got = await answered(connection);
      if (got !== hash(n % torrents)) assert.equal(got, hash(n % torrents), `answer ${n}`);
    }
    connection.close();
    await allClosed(counters);
  },
);

test('one that ends its side behind its requests gets all answers', here, async (t) => {
  const { port, counters } = await start(t);
  const torrents = 10;
  await know(port, torrents);
  const connection = await keep(port);
  const count = 5000;
  connection.socket.end(Array.from({ length: count }, (_, n) => scrape(n % torrents)).join(''));
  for (let n = 0; n < count; n++) {
    const got = await answered(connection);
    if (got !== hash(n % torrents)) assert.equal(got, hash(n % torrents), `answer ${n}`);
  }
  await connection.end();
  await allClosed(counters);
});

test('whoever has a descriptor next hears nothing of who had it before', here, async (t) => {
  const { port, counters, exceptions } = await start(t);
  await know(port, 20);
  for (let round = 0; round < 100; round++) {
    const before = await keep(port);
    // The connection ends with this answer; what follows would be a bad request to whoever heard it.
    before.send(scrape(1, 'Connection: close') + 'nonsense\r\n\r\n'.repeat(round * 10));
    const after = [await keep(port), await keep(port)];
    for (const [n, connection] of after.entries()) connection.send(scrape(2 + n));
    assert.equal(await answered(before), hash(1));
    for (const [n, connection] of after.entries()) {
      assert.equal(await answered(connection), hash(2 + n));
      connection.send(scrape(10));
    }
    // These go while their answers are made.
    for (const connection of after) connection.close();
    before.close();
  }
  assert.equal(counters.badRequests, 0);
  await allClosed(counters);
  assert.deepEqual(exceptions, []);
});

test('what comes behind a request that another thread answers goes with it', here, async (t) => {
  const { port, counters } = await start(t);
  const torrents = 10;
  await know(port, torrents);
  const full = 'GET /scrape HTTP/1.1\r\nHost: t\r\n\r\n';
  for (const behind of [0, 1, 30, 400]) {
    const connection = await keep(port);
    const requests = Array.from({ length: behind }, (_, n) => scrape(n % torrents)).join('');
    connection.send(scrape(3) + full + requests);
    assert.equal(await answered(connection), hash(3));
    assert.match((await connection.reply())!.body.toString('latin1'), /^d5:files/);
    for (let n = 0; n < behind; n++) assert.equal(await answered(connection), hash(n % torrents));
    connection.close();
  }
  await allClosed(counters);
});

test('a tracker that ends answers what has come, and ends all connections', here, async (t) => {
  const { port, transport, counters } = await start(t);
  await know(port, 5);
  const idle = await keep(port);
  const asking = await keep(port);
  const half = await keep(port);
  half.send('GET /scrape?info_hash=');
  await pause(30);
  asking.send(scrape(4));
  const closed = transport.close(300);
  assert.equal(await answered(asking), hash(4));
  await Promise.all([idle.end(), asking.end(), half.end()]);
  await closed;
  assert.equal(counters.connectionsOpen, 0);
});

test('where io_uring cannot be had, epoll carries all, and why is told', here, async (t) => {
  let refusing = false;
  const refused: SystemCalls = {
    ...calls,
    ioUringSetup: () => {
      refusing = true;
      return -1;
    },
    errno: () => {
      const error = refusing ? errno.EPERM : calls.errno();
      refusing = false;
      return error;
    },
  };
  const http = await startEpoll({}, 'kept', refused);
  t.after(() => http.transport.close(0));
  assert.match(explainNoUring(http.exceptions[0]), /forbidden/);
  const connection = await keep(http.port);
  connection.send(announce(1));
  assert.equal((await connection.reply())?.status, 200);
  connection.close();
});
