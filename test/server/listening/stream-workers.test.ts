// HTTPS on stream workers as the whole tracker serves it: every thread, what the main thread does for them, and what is
// left when one fails.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { findFastPath } from '../../../src/net/availability.ts';
import { monotonicSeconds } from '../../../src/server/clock.ts';
import { StreamWorkers } from '../../../src/server/listening/stream-workers.ts';
import { Log } from '../../../src/server/log/log.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import type { RunningTracker } from '../../../src/server/running-tracker.ts';
import { StartError } from '../../../src/server/start-error.ts';
import { createTicketKeys } from '../../../src/server/storage/ticket-keys.ts';
import { startTrackerServer } from '../../../src/server/tracker-server.ts';
import { Announce } from '../../../src/tracker/announce.ts';
import { Tracker } from '../../../src/tracker/tracker.ts';
import { ConnectionTable } from '../../../src/transport/http/connection-table.ts';
import { FullScrapes } from '../../../src/transport/http/full-scrapes.ts';
import { defaultHttpLimits } from '../../../src/transport/http/http-limits.ts';
import { TestAuthority, type TestCertificate } from '../../certificates.ts';
import { contractSettings, createContractStore } from '../../transport/contract.ts';

const { calls, reason } = findFastPath();
const skip = reason ?? false;
const hash = 'a'.repeat(20);
const announce = (port: number) =>
  `/announce?info_hash=${hash}&peer_id=-CC0100-abcdefghijkl&port=${port}&left=1`;

let authority: TestAuthority;
let first: TestCertificate;
let second: TestCertificate;
before(() => {
  authority = new TestAuthority();
  first = authority.issue();
  second = authority.issue();
});
after(() => authority.close());

function put(name: string, text: string): string {
  const path = join(authority.directory, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function start(
  t: { after(f: () => unknown): void },
  changes: Parameters<typeof defaultConfiguration>[0] = {},
): Promise<{ server: RunningTracker; port: number; lines: string[] }> {
  const lines: string[] = [];
  const configuration = defaultConfiguration({
    ...{ host: '127.0.0.1', httpPort: 0, udpPort: 0, httpsPort: 'any', memoryLimit: 16 * 2 ** 20 },
    ...{ cert: put('cert.pem', first.chain), key: put('key.pem', first.key) },
    ...{ workers: 1, streamWorkers: 2 },
    ...changes,
  });
  const log = new Log(
    { write: (line) => void lines.push(line) },
    { format: 'text', verbose: configuration.verbose, style: plainStyle },
  );
  const server = await startTrackerServer(configuration, log);
  t.after(() => server.close());
  return { server, port: server.addresses[0].port, lines };
}

/** On a busy machine nobody is late. */
const patient = {
  ...defaultHttpLimits,
  headMs: 60_000,
  requestMs: 60_000,
  keepAliveMs: 60_000,
  stallMs: 60_000,
};

/** Two threads without the rest of the tracker. */
async function startThreads(t: { after(f: () => unknown): void }, program?: URL) {
  const store = createContractStore();
  const settings = { ...contractSettings, fullScrape: true };
  const tracker = new Tracker(store, settings);
  const failures: Error[] = [];
  const table = ConnectionTable.create(2, 4096, new Int32Array([1, 2]));
  const threads: StreamWorkers = new StreamWorkers(calls!, {
    ...{ workers: 2, store, settings, certificate: first, ticketKeys: createTicketKeys() },
    failed: (error) => failures.push(error as Error),
    https: {
      settings: {
        names: { announceUrls: { domain: '', doors: [] }, redirectTo: undefined },
        ...{
          trustedProxies: [],
          proxyProtocol: false,
          acme: false,
          webTorrent: undefined,
        },
        ...{ maxConnections: 100, maxPerAddress: 100, limits: patient, maxScrapeReaders: 100 },
        handshakes: { deadlineMs: 60_000, max: 100 },
      },
      ...{ table, firstThread: 0 },
      fullScrapes: new FullScrapes(tracker),
      hear: () => {},
    },
    ...(program && { program }),
  });
  const port = threads.listen('127.0.0.1', 0);
  await threads.start();
  threads.serve();
  t.after(() => threads.close(0));
  const counted = () => threads.counters().map(({ announces }) => announces);
  return { threads, port, failures, table, tracker, counted };
}

function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, ca: authority.root, agent: false, headers } as const;
    get(options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject);
      response.once('end', () => resolve(Buffer.concat(pieces)));
    }).once('error', reject);
  });
}

async function open(port: number, more: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.root, servername: 'localhost', ...more });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return socket.on('error', () => {});
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 1000, what);
    await pause(10);
  }
}

test('connections are spread over the threads and meet in one swarm', { skip }, async (t) => {
  const { port, counted } = await startThreads(t);
  let peers = 0;
  for (let tries = 0; Math.min(...counted()) === 0 && tries < 100; tries++)
    await Promise.all(Array.from({ length: 20 }, () => ask(port, announce(1000 + peers++))));
  assert.ok(Math.min(...counted()) > 0, `both answered: ${counted()}`);
  const reply = (await ask(port, announce(9999))).toString('latin1');
  assert.ok(reply.includes(`10:incompletei${peers + 1}e`), reply);
});

test('a long full scrape is collected once for all threads, with gzip and without', { skip }, async (t) => {
  const { port, tracker, threads } = await startThreads(t);
  let collected = 0;
  const scrapeAll = tracker.scrapeAll.bind(tracker);
  tracker.scrapeAll = function* () {
    collected++;
    yield* scrapeAll();
  };
  const one = new Announce();
  one.port = 6881;
  one.seeding = true;
  for (let i = 0; i < 1500; i++) {
    one.infoHash[0] = i;
    assert.equal(tracker.announce(one, monotonicSeconds()), undefined);
  }
  const wholes = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const gzip = i % 2 === 0;
      const body = await ask(port, '/scrape', gzip ? { 'Accept-Encoding': 'gzip' } : {});
      return (gzip ? gunzipSync(body) : body).toString('latin1');
    }),
  );
  assert.equal(new Set(wholes).size, 1);
  assert.equal(wholes[0].match(/8:complete/g)!.length, 1500);
  assert.equal(collected, 1);
  const scrapes = threads.counters().map(({ fullScrapes }) => fullScrapes);
  assert.equal(scrapes[0] + scrapes[1], 12);
});

test('a new certificate is shown by every thread once that is said', { skip }, async (t) => {
  const { port, threads } = await startThreads(t);
  for (const [certificate, serial] of [
    [second, '03EA'],
    [first, '03E9'],
  ] as const) {
    await threads.setCertificate(certificate);
    const sockets = await Promise.all(Array.from({ length: 30 }, () => open(port)));
    const serials = new Set(sockets.map((socket) => socket.getPeerCertificate().serialNumber));
    for (const socket of sockets) socket.destroy();
    assert.deepEqual([...serials], [serial]);
  }
});

test('a thread that fails is started anew, its connections are counted out, and the other goes on', {
  skip,
}, async (t) => {
  const program = new URL('./dying-stream-worker.js', import.meta.url);
  const { port, threads, failures, table, counted } = await startThreads(t, program);
  const sockets = await Promise.all(Array.from({ length: 24 }, () => open(port)));
  const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  const [dying, other] = threads.counters().map(({ connectionsOpen }) => connectionsOpen);
  assert.equal(dying + other, 24);
  threads.counters()[0].notFound = -1;
  await until(() => failures.length === 1, 'the thread fails');
  assert.match(failures[0].message, /^stream worker 0 failed and is started again: a dying thread$/);
  // While there is one thread only, and while the failed one begins.
  for (let peer = 0; peer < 20; peer++) await ask(port, announce(1000 + peer));
  await until(() => table.open === other, `${table.open} connections are open, not ${other}`);
  assert.equal(threads.counters()[0].exceptions, 1);
  for (const socket of sockets) socket.destroy();
  await Promise.all(ended);
  const before = counted()[0];
  for (let tries = 0; counted()[0] === before; tries++) {
    assert.ok(tries < 500, 'the thread that was started anew answers');
    await ask(port, announce(1000));
  }
  await until(() => table.open === 0, 'everything is counted out');
});

/** The session of a connection, with the ticket that TLS 1.3 sends behind the handshake. */
async function sessionOf(socket: TLSSocket): Promise<Buffer> {
  if (socket.getProtocol() === 'TLSv1.2') return socket.getSession()!;
  const session = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.resume().write(`GET ${announce(6881)} HTTP/1.1\r\nHost: t\r\n\r\n`);
  return await session;
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a session is resumed at either thread, and under the key before, in ${version}`, {
    skip,
  }, async (t) => {
    const { port, threads } = await startThreads(t);
    const exact = { minVersion: version, maxVersion: version };
    const done = () => threads.counters().map(({ handshakesDone }) => handshakesDone);
    const first = await open(port, exact);
    assert.equal(first.isSessionReused(), false);
    const session = await sessionOf(first);
    first.destroy();
    const resumed = async (count: number) => {
      const sockets = await Promise.all(
        Array.from({ length: count }, () => open(port, { ...exact, session })),
      );
      const reused = sockets.filter((socket) => socket.isSessionReused()).length;
      for (const socket of sockets) socket.destroy();
      return reused;
    };
    const before = done();
    // Whichever thread comes first has a connection, and on a busy machine one comes first for a while.
    const idle = () => done().some((count, i) => count === before[i]);
    for (let tries = 0; idle() && tries < 100; tries++) assert.equal(await resumed(10), 10);
    assert.ok(!idle(), `both threads resumed: ${done()} after ${before}`);
    const [third, fourth] = [createTicketKeys().current, createTicketKeys().current];
    const { ticketKeys } = threads;
    threads.setTicketKeys({ current: third, previous: ticketKeys.current });
    // A certificate is another secure context of Node's, which has the keys all the same.
    await threads.setCertificate(second);
    assert.equal(await resumed(20), 20);
    threads.setTicketKeys({ current: fourth, previous: third });
    await threads.setCertificate({ ...second });
    assert.equal(await resumed(20), 0, 'two keys later a handshake is a full one, and succeeds');
  });
}

test('workers whose loops turn are well, and threads that wait for nothing end at once', {
  skip,
}, async (t) => {
  const { threads } = await startThreads(t);
  assert.equal(threads.isWell(), true, 'nothing is known against them');
  for (let times = 0; times < 3; times++) {
    const pulses = () => threads.isWell();
    await until(pulses, 'both loops turn');
  }
  const begin = performance.now();
  await threads.close();
  assert.ok(performance.now() - begin < 30_000, 'less than clients are given');
});

test('a second tracker cannot have the port, with stream workers or without', { skip }, async (t) => {
  const { port } = await start(t);
  await assert.rejects(start(t, { httpsPort: port }), StartError);
  await assert.rejects(start(t, { httpsPort: port, streamWorkers: 0 }), StartError);
});

for (const streamWorkers of [0, 2]) {
  const name = `with ${streamWorkers} stream workers`;
  test(`HTTPS answers, logs and is counted ${name}`, { skip }, async (t) => {
    const { port, lines } = await start(t, { streamWorkers, verbose: true, fullScrape: true });
    assert.match((await ask(port, announce(6881))).toString('latin1'), /10:incompletei1e/);
    assert.match((await ask(port, '/scrape')).toString('latin1'), /d5:filesd20:a{20}d8:complete/);
    assert.match((await ask(port, '/')).toString(), /https:\/\/[^/]+:|<!doctype html>/);
    await until(() => lines.some((line) => line.includes('info_hash=6161')), lines.join('\n'));
  });

  test(`an answer under way is not cut off when the tracker ends, ${name}`, { skip }, async (t) => {
    const { server, port } = await start(t, { streamWorkers });
    const socket = await open(port);
    const request = `GET ${announce(6881)} HTTP/1.1\r\nHost: t\r\n\r\n`;
    socket.write(request.slice(0, -2));
    await pause(50);
    const closed = server.close();
    socket.write('\r\n');
    const reply = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    assert.match(reply.toString('latin1'), /10:incompletei1e/);
    await closed;
  });
}
