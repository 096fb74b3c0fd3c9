// A tracker within a program: what it answers by each door, what it tells the program, and that it leaves nothing behind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createClient } from '../../src/library/client.ts';
import { type AnnounceEvent, createTracker, Failure, type LogLine } from '../../src/library/index.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { announce, infoHash, otherHash, startServer, startTracker, urlOf } from './scene.ts';

const library = new URL('../../src/library/index.js', import.meta.url).href;
const peerId = '-XX0000-000000000000';

test('without options it listens for UDP, HTTP and WebTorrent on free ports, and peers of all meet', async (test) => {
  const tracker = await startTracker(test);
  assert.deepEqual(tracker.addresses.map(({ protocol }) => protocol).sort(), ['HTTP', 'UDP']);
  for (const { port } of tracker.addresses) assert.ok(port > 0);
  await announce(urlOf(tracker, 'http'), { port: 7001, left: 1 });
  const answer = await announce(urlOf(tracker, 'udp'), { port: 7002, left: 1 });
  assert.deepEqual(
    answer.peers.map(({ ip, port }) => `${ip}:${port}`),
    ['127.0.0.1:7001'],
  );
  const webTorrent = createClient(urlOf(tracker, 'ws'));
  await webTorrent.announce({ infoHash, event: 'started' });
  assert.equal(tracker.stats().peers, 3);
  assert.equal(tracker.stats().webrtcPeers, 1);
  assert.deepEqual(tracker.scrape([infoHash, otherHash]), [
    { infoHash, complete: 1, incomplete: 2, downloaded: 0 },
    { infoHash: otherHash, complete: 0, incomplete: 0, downloaded: 0 },
  ]);
  webTorrent.close();
});

test('it announces without a socket, and knows the swarm', async (test) => {
  const tracker = await startTracker(test, { interval: 120, udp: false, http: false });
  assert.deepEqual(tracker.addresses, []);
  assert.equal(tracker.swarm(infoHash), undefined);
  const first = { infoHash, peerId, ip: '192.0.2.1', port: 1001, left: 0 };
  assert.deepEqual(await tracker.announce(first), {
    ...{ interval: 120, minInterval: 60, complete: 1, incomplete: 0, downloaded: 0, peers: [] },
  });
  const bytes = Buffer.from(infoHash, 'hex');
  const second = {
    infoHash: bytes,
    peerId: Buffer.from('-YY0000-000000000000'),
    ip: '192.0.2.2',
    port: 1002,
  };
  const { peers, complete, incomplete } = await tracker.announce(second);
  assert.deepEqual(peers, [{ ip: '192.0.2.1', port: 1001, peerId: new Uint8Array(Buffer.from(peerId)) }]);
  assert.deepEqual([complete, incomplete], [1, 1]);
  await tracker.announce({ infoHash, peerId, ip: '2001:db8::1', port: 1003, event: 'started' });
  const { peers: all, ...counts } = tracker.swarm(bytes)!;
  assert.deepEqual(counts, { infoHash, complete: 1, incomplete: 2, downloaded: 0 });
  assert.deepEqual(all.map(({ ip, port, seeder }) => `${ip} ${port} ${seeder}`).sort(), [
    '192.0.2.1 1001 true',
    '192.0.2.2 1002 false',
    '2001:db8::1 1003 false',
  ]);
  await assert.rejects(tracker.announce({ ...first, port: 22 }), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.message, 'missing or invalid port');
    return true;
  });
  for (const wrong of [
    { infoHash: 'abc' },
    { peerId: 'short' },
    { ip: 'here' },
    { port: 0 },
    { left: -1 },
    { event: 'gone' },
  ]) {
    const [name] = Object.keys(wrong);
    await assert.rejects(tracker.announce({ ...first, ...wrong } as typeof first), (error) => {
      assert.ok(error instanceof TypeError);
      assert.ok(error.message.startsWith(name), error.message);
      return true;
    });
  }
});

describe('beside a server of the program', () => {
  test('it answers announces and scrapes, and leaves the rest', async (test) => {
    const tracker = await startTracker(test, { udp: false, http: false });
    const host = await startServer(test, (server) => {
      server.on('request', (request, response) => {
        if (!tracker.handleHttp(request, response)) response.end('mine');
      });
    });
    const answer = await announce(`http://${host}/some/announce`, { port: 7001, left: 1 });
    assert.deepEqual([answer.complete, answer.incomplete], [0, 1]);
    assert.deepEqual(tracker.swarm(infoHash)!.peers, [{ ip: '127.0.0.1', port: 7001, seeder: false }]);
    const client = createClient(`http://${host}/announce`);
    const { answer: scraped } = await client.scrape([infoHash]);
    assert.equal(scraped.torrents[0].incomplete, 1);
    assert.equal(await (await fetch(`http://${host}/`)).text(), 'mine');
    const { http } = tracker.stats().transports;
    assert.deepEqual([http.announces, http.scrapes], [1, 1]);
  });

  test('the program says whose a request is and what it asks', async (test) => {
    const tracker = await startTracker(test, { udp: false, http: false });
    const host = await startServer(test, (server) => {
      server.on('request', (request, response) => {
        if (request.url === '/wrong') {
          assert.throws(
            () => tracker.handleHttp(request, response, { ip: 'me', action: 'announce' }),
            TypeError,
          );
          response.end();
        } else tracker.handleHttp(request, response, { ip: '::ffff:192.0.2.7', action: 'announce' });
      });
    });
    await announce(`http://${host}/a/key?x=1`, { port: 7001 });
    assert.equal(tracker.swarm(infoHash)!.peers[0].ip, '192.0.2.7');
    await fetch(`http://${host}/wrong`);
    const posted = await fetch(`http://${host}/`, { method: 'POST', body: 'x' });
    assert.equal(posted.status, 405);
  });

  test('X-Forwarded-For is believed from trustedProxy, and from nobody else', async (test) => {
    for (const [trustedProxy, ip] of [
      [['127.0.0.0/8'], '192.0.2.9'],
      [[], '127.0.0.1'],
    ] as const) {
      const tracker = await startTracker(test, { udp: false, http: false, trustedProxy });
      const host = await startServer(test, (server) => {
        server.on('request', (request, response) => tracker.handleHttp(request, response));
      });
      const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=7001`;
      await fetch(`http://${host}/announce?${query}`, { headers: { 'x-forwarded-for': '192.0.2.9' } });
      assert.equal(tracker.swarm(Buffer.from('a'.repeat(20)))!.peers[0].ip, ip);
    }
  });

  test('WebSockets are taken over on whatever path the program gives them', async (test) => {
    const tracker = await startTracker(test, { udp: false, http: false });
    const other = await startTracker(test, { udp: false, http: false, webtorrent: false });
    const host = await startServer(test, (server) => {
      server.on('upgrade', (request, socket, head) => {
        const taker = request.url === '/tracker' ? tracker : other;
        if (!taker.handleUpgrade(request, socket, head, { ip: '192.0.2.5' }))
          socket.end('HTTP/1.1 404 No\r\n\r\n');
      });
    });
    const stopped = new Promise<AnnounceEvent>((resolve) => tracker.once('stop', resolve));
    const answer = await announce(`ws://${host}/tracker`, { event: 'started' });
    assert.equal(answer.complete, 1);
    const { ip, webrtc, port } = await stopped;
    assert.deepEqual([ip, webrtc, port], ['192.0.2.5', true, 0]);
    await assert.rejects(announce(`ws://${host}/other`), /404/);
  });
});

test('beside a server it turns announces away before it listens and when it is closed', async (test) => {
  const tracker = createTracker({ udp: false, http: false });
  const host = await startServer(test, (server) => {
    server.on('request', (request, response) => {
      if (!tracker.handleHttp(request, response)) response.end('mine');
    });
    server.on('upgrade', (request, socket, head) => tracker.handleUpgrade(request, socket, head));
  });
  const statusOf = async (path: string) => (await fetch(`http://${host}${path}`)).status;
  assert.deepEqual(
    [await statusOf('/announce?x'), await statusOf('/scrape'), await statusOf('/')],
    [503, 503, 200],
  );
  await assert.rejects(announce(`ws://${host}/`), /503/);
  await tracker.listen();
  assert.deepEqual([await statusOf('/announce?x'), await statusOf('/')], [200, 200]);
  await tracker.close();
  assert.deepEqual([await statusOf('/announce?x'), await statusOf('/')], [503, 200]);
});

test('it tells of every announce, and of peers whose WebSocket has ended', async (test) => {
  const tracker = await startTracker(test);
  const heard: string[] = [];
  for (const name of ['start', 'complete', 'update', 'pause', 'stop'] as const) {
    tracker.on(name, ({ infoHash: hash, seeder, port }) =>
      heard.push(`${name} ${hash === infoHash} ${seeder} ${port}`),
    );
  }
  const url = urlOf(tracker, 'http');
  const client = createClient(url);
  for (const [event, left] of [
    ['started', 9],
    ['completed', 0],
    ['none', 0],
    ['paused', 3],
    ['stopped', 0],
  ] as const)
    await client.announce({ infoHash, event, left, port: 7001 });
  await assert.rejects(tracker.announce({ infoHash, peerId, ip: '192.0.2.1', port: 22 }), Failure);
  assert.deepEqual(heard, [
    'start true false 7001',
    'complete true true 7001',
    'update true true 7001',
    'pause true false 7001',
    'stop true true 7001',
  ]);
});

test('an announce is told of by what the client says, whatever was known of it', async (test) => {
  const tracker = await startTracker(test);
  const heard: string[] = [];
  for (const name of ['start', 'complete', 'update', 'pause', 'stop'] as const)
    tracker.on(name, () => heard.push(name));
  const said = { infoHash, peerId, ip: '192.0.2.1', port: 7001 };
  await tracker.announce({ ...said, event: 'stopped' });
  await tracker.announce(said);
  for (const event of ['started', 'started', 'completed', 'completed'] as const)
    await tracker.announce({ ...said, event, left: event === 'started' ? 1 : 0 });
  assert.deepEqual(heard, ['stop', 'update', 'start', 'start', 'complete', 'complete']);
  assert.equal(tracker.scrape([infoHash])[0].downloaded, 1);
});

test('what a listener throws is a warning, and the client is answered', async (test) => {
  const lines: LogLine[] = [];
  const tracker = await startTracker(test, { log: (line) => lines.push(line) });
  const warned = new Promise<LogLine>((resolve) => tracker.once('warning', resolve));
  tracker.on('update', () => {
    throw new Error('mine');
  });
  assert.equal((await announce(urlOf(tracker, 'http'))).complete, 1);
  const { level, message, fields } = await warned;
  assert.deepEqual([level, message, fields.error], ['warn', "a listener of 'update' has thrown", 'mine']);
  assert.ok(lines.some(({ level, message }) => level === 'info' && message.includes('listening on')));
});

test('two trackers in one process know nothing of each other', async (test) => {
  const [one, other] = [await startTracker(test), await startTracker(test)];
  await announce(urlOf(one, 'udp'), { port: 7001 });
  assert.equal(one.stats().peers, 1);
  assert.equal(other.stats().peers, 0);
  await one.close();
  assert.equal((await announce(urlOf(other, 'http'))).complete, 1);
});

test('a port that is taken is said, and it can listen later', async (test) => {
  const blocker = createServer();
  blocker.listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const tracker = createTracker({ host: '127.0.0.1', http: port, udp: false });
  test.after(() => tracker.close());
  await assert.rejects(tracker.listen(), (error: Error) => {
    assert.match(error.message, /cannot listen on 127\.0\.0\.1:\d+ \(HTTP\): the port is in use/);
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE');
    return true;
  });
  await new Promise((resolve) => blocker.close(resolve));
  assert.equal((await tracker.listen())[0].port, port);
});

test('before it listens and after it is closed it says so', async () => {
  const tracker = createTracker({ host: '127.0.0.1' });
  assert.throws(() => tracker.stats(), /does not listen yet/);
  const [first, second] = await Promise.all([tracker.listen(), tracker.listen()]);
  assert.deepEqual(first, second);
  let closed = 0;
  tracker.on('close', () => closed++);
  await Promise.all([tracker.close(), tracker.close()]);
  assert.equal(closed, 1);
  assert.deepEqual(tracker.addresses, []);
  assert.throws(() => tracker.scrape([infoHash]), /is closed/);
  await assert.rejects(tracker.listen(), /is closed/);
  for (const { port } of first.filter(({ protocol }) => protocol === 'HTTP')) {
    const socket = connect(port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  }
});

/** Runs a program of its own, which must end by itself. */
function runAlone(code: string): { stdout: string; stderr: string; status: number | null } {
  const program = `import { createTracker } from ${JSON.stringify(library)};\n${code}`;
  const path = join(temporaryDirectory('alone'), 'program.mjs');
  writeFileSync(path, program);
  return spawnSync(process.execPath, [path], { encoding: 'utf8', timeout: 60_000 });
}

test('a process in which it is closed ends by itself, and nothing was printed nor any signal heard', () => {
  const { status, stdout, stderr } = runAlone(`
    const tracker = createTracker({ host: '127.0.0.1', filter: async () => true });
    await tracker.listen();
    await fetch(tracker.announceUrls.find((url) => url.startsWith('http')) + '?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=7001');
    if (tracker.stats().peers !== 1) throw new Error('nobody was announced');
    const names = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'uncaughtException', 'unhandledRejection'];
    for (const name of names) if (process.listenerCount(name) > 0) throw new Error(name);
    await tracker.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const left = process.getActiveResourcesInfo().filter((name) => !/TTYWrap|PipeWrap|TCPSocketWrap|Immediate/.test(name));
    if (left.length > 0) throw new Error(left.join());
  `);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

test('workers end with it as well', { skip: process.platform !== 'linux' }, () => {
  const { status, stderr } = runAlone(`
    const tracker = createTracker({ host: '127.0.0.1', workers: 2, memoryLimit: '16MiB' });
    await tracker.listen();
    await fetch(tracker.announceUrls.find((url) => url.startsWith('http')) + '?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=7001');
    if (tracker.stats().peers !== 1) throw new Error('nobody was announced');
    await tracker.close();
  `);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});

test('closed trackers give their memory back', () => {
  const { status, stderr } = runAlone(`
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    for (let i = 0; i < 40; i++) {
      const tracker = createTracker({ host: '127.0.0.1', memoryLimit: '256MiB' });
      await tracker.listen();
      await tracker.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc();
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers > 3 * 2 ** 28) throw new Error(arrayBuffers + ' bytes are held');
  `);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});
