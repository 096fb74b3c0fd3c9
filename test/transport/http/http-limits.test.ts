// Checks that slow, idle, stalled and too many connections end, and that times really run out (with short ones).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { maxConnections } from '../../../src/transport/http/descriptor-limit.ts';
import { defaultHttpLimits } from '../../../src/transport/http/http-limits.ts';
import { createContractTracker } from '../contract.ts';
import { startHttpFor } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const scrape = 'GET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: t\r\n\r\n';

/** Limits of which only those given are short. */
function startWith(
  t: TestContext,
  short: Partial<typeof defaultHttpLimits>,
  more: Parameters<typeof startHttpFor>[1] = {},
) {
  return startHttpFor(t, { limits: { ...defaultHttpLimits, checkEveryMs: 50, ...short }, ...more });
}

/** Milliseconds until the other end ends the connection. */
async function untilEnd(connection: RawHttp): Promise<number> {
  const started = performance.now();
  await connection.end();
  connection.close();
  return performance.now() - started;
}

test('the times and sizes are those of the specification', () => {
  assert.deepEqual(defaultHttpLimits, {
    headBytes: 8192,
    headMs: 5000,
    requestMs: 8000,
    keepAliveMs: 5000,
    checkEveryMs: 1000,
    stallMs: 5000,
    lingerMs: 500,
  });
});

test('a head that comes in drops runs out of time', async (t) => {
  const { port, counters } = await startWith(t, { headMs: 300, requestMs: 400 });
  const connection = await RawHttp.open(port);
  connection.socket.on('error', () => {});
  connection.send('GET /announce HTTP/1.1\r\n');
  const timer = setInterval(() => connection.send('X: y\r\n'), 20);
  const reply = await connection.reply();
  clearInterval(timer);
  assert.equal(reply?.status, 408);
  assert.ok((await untilEnd(connection)) < 1000);
  assert.equal(counters.timeouts, 1);
});

test('a further head on a kept connection runs out of time as well', async (t) => {
  const { port } = await startWith(t, { headMs: 300, requestMs: 400 });
  const connection = await RawHttp.open(port);
  connection.socket.on('error', () => {});
  connection.send(scrape);
  assert.equal((await connection.reply())?.status, 200);
  connection.send('GET /announce HTTP/1.1\r\n');
  const timer = setInterval(() => connection.send('X: y\r\n'), 20);
  const reply = await connection.reply();
  clearInterval(timer);
  assert.equal(reply?.status, 408);
  await untilEnd(connection);
});

test('a connection that says nothing is ended', async (t) => {
  const { port } = await startWith(t, { headMs: 200, requestMs: 300, stallMs: 300 });
  const elapsed = await untilEnd(await RawHttp.open(port));
  assert.ok(elapsed >= 150 && elapsed < 1500, `${elapsed} ms`);
});

test('a connection that is kept but not used is ended', async (t) => {
  const { port } = await startWith(t, { keepAliveMs: 200 });
  const connection = await RawHttp.open(port);
  connection.send(scrape);
  assert.equal((await connection.reply())?.status, 200);
  const elapsed = await untilEnd(connection);
  assert.ok(elapsed >= 150 && elapsed < 3000, `${elapsed} ms`);
});

for (const first of ['', scrape]) {
  const after = first === '' ? 'from the start' : 'after an answer';
  test(`empty lines ${after} do not keep a connection that asks nothing`, async (t) => {
    const limits = { keepAliveMs: 200, headMs: 300, requestMs: 400 };
    const { port, counters } = await startWith(t, limits);
    const connection = await RawHttp.open(port);
    connection.socket.on('error', () => {});
    if (first !== '') {
      connection.send(first);
      assert.equal((await connection.reply())?.status, 200);
    }
    const timer = setInterval(() => connection.send('\r\n'), 40);
    const elapsed = await untilEnd(connection).finally(() => clearInterval(timer));
    assert.ok(elapsed < 4000, `${elapsed} ms`);
    assert.equal(counters.connectionsOpened, 1);
  });
}

test('requests one after another are no idleness', async (t) => {
  const { port } = await startWith(t, { keepAliveMs: 1500, headMs: 500 });
  const connection = await RawHttp.open(port);
  // Longer than both together.
  for (let i = 0; i < 10; i++) {
    connection.send(scrape);
    assert.equal((await connection.reply())?.status, 200, `the ${i}th`);
    await sleep(300);
  }
  connection.close();
});

test('a client that does not read its answer is cut off', async (t) => {
  const tracker = createContractTracker({ fullScrape: true });
  tracker.scrapeAll = function* () {
    const swarm = { infoHash: new Uint8Array(20), complete: 1, incomplete: 0, downloaded: 0, downloaders: 0 };
    for (let i = 0; i < 500_000; i++) yield swarm;
  };
  const { port, counters, exceptions } = await startWith(t, { stallMs: 300 }, { tracker });
  const connection = await RawHttp.open(port);
  connection.socket.on('error', () => {});
  connection.socket.pause();
  connection.send('GET /scrape HTTP/1.1\r\nHost: t\r\n\r\n');
  const started = performance.now();
  while (counters.connectionsOpen === 0 || counters.fullScrapes === 0) await sleep(10);
  while (counters.connectionsOpen > 0) {
    await sleep(20);
    assert.ok(performance.now() - started < 4000, 'still connected');
  }
  connection.close();
  assert.deepEqual(exceptions, []);
});

test('there are never more connections than allowed, and who asks takes the place of who only waits', async (t) => {
  const { port, counters } = await startHttpFor(t, { max: 3 });
  const held = await Promise.all([1, 2, 3].map(() => RawHttp.open(port)));
  for (const dribbling of held) dribbling.send('GET /scrape HTTP/1.1\r\nX: ');
  const asking = await RawHttp.open(port);
  for (let round = 0; round < 3; round++) {
    asking.send(scrape);
    assert.equal((await asking.reply())?.status, 200);
    const another = await RawHttp.open(port);
    another.send('GET ');
  }
  // The last of the others is not the server's yet.
  while (counters.connectionsOpened < 7) await sleep(5);
  assert.deepEqual(
    [counters.connectionsOpen, counters.connectionsShed, counters.connectionsRefused],
    [3, 4, 0],
  );
  for (const connection of held) await connection.end();
  asking.close();
});

test('many connections from loopback are one machine, not one client', async (t) => {
  const { port, counters } = await startHttpFor(t, { maxPerAddress: 2 });
  const held = await Promise.all([1, 2, 3, 4].map(() => RawHttp.open(port)));
  held[3].send(scrape);
  assert.equal((await held[3].reply())?.status, 200);
  assert.equal(counters.connectionsRefused, 0);
  for (const connection of held) connection.close();
});

test('idle connections in the hundreds do not delay a good announce', async (t) => {
  // Times that do not run out here: whoever waited for an idle one would wait for ever.
  const never = 2 ** 30;
  const { port, counters } = await startWith(t, { headMs: never, requestMs: never, keepAliveMs: never });
  const idle = await Promise.all(Array.from({ length: 300 }, () => RawHttp.open(port)));
  for (const connection of idle.slice(0, 150)) connection.send('GET /announce HTTP/1.1\r\nX: ');
  const connection = await RawHttp.open(port);
  connection.send(scrape);
  assert.equal((await connection.reply())?.status, 200);
  assert.deepEqual([counters.connectionsOpen, counters.connectionsShed, counters.timeouts], [301, 0, 0]);
  for (const each of [...idle, connection]) each.close();
});

test('connections are capped below the descriptors that this process may have', () => {
  assert.ok(maxConnections() >= 16);
  if (process.platform !== 'linux') return;
  const soft = /^Max open files +([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  if (soft !== undefined) assert.ok(maxConnections() < Number(soft));
});
