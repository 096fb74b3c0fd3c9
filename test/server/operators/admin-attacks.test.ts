// The admin door under attack: what one client can take of it, and that the tracker answers meanwhile.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { routes } from '../../../src/admin/door/routes.ts';
import { pause } from '../../program.ts';
import { type AdminTracker, announce, askRaw, startAdminTracker } from './admin-tracker.ts';

let tracker: AdminTracker;

before(async () => {
  tracker = await startAdminTracker(['--workers', '0']);
});

after(async () => {
  await tracker?.program.kill();
});

async function pipeline(requestLine: string, times: number): Promise<string> {
  const socket = connect(tracker.adminPort, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`${requestLine} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(times));
  await closed;
  return text;
}

for (const { method, path } of routes) {
  if (path === '/api/v1/events') continue;
  test(`of 1,300 pipelined ${method} ${path} one is answered, and announces go on`, async () => {
    const target = path.replace('{info_hash}', '07'.repeat(20));
    const attack = pipeline(`${method} ${target}`, 1300);
    await announce(tracker.httpPort, 7, 1);
    const statuses = (await attack).match(/^HTTP\/1\.1 \d+/gm)!;
    // The second is told why, if that reaches it before the reset that its own unread requests bring about.
    assert.ok(statuses.length <= 2, statuses.slice(0, 5).join());
    assert.notEqual(statuses[0], 'HTTP/1.1 429');
    assert.equal(statuses[1] ?? 'HTTP/1.1 429', 'HTTP/1.1 429');
  });
}

test('a series is asked for once, and no more of them than there are', async () => {
  for (const series of ['cpu,cpu', 'cpu,'.repeat(1900), `${'a,'.repeat(3000)}`]) {
    assert.equal((await askRaw(tracker.adminPort, `/api/v1/history?series=${series}`)).status, 400);
  }
  assert.equal((await askRaw(tracker.adminPort, '/api/v1/history?series=cpu,memory')).status, 200);
});

function openStream(
  localAddress: string,
): Promise<{ status: number; isOpen: () => boolean; end: () => void }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: tracker.adminPort,
      path: '/api/v1/events',
      localAddress,
      agent: false,
    };
    const question = request(options, (response) => {
      let open = true;
      response
        .on('error', () => {})
        .on('close', () => {
          open = false;
        });
      response.resume();
      resolve({ status: response.statusCode!, isOpen: () => open, end: () => question.destroy() });
    });
    question.on('error', reject);
    question.end();
  });
}

test('one client that takes all live views makes room for another, and for nobody else’s', async () => {
  const other = await openStream('127.0.0.3');
  const greedy = [];
  for (let n = 0; n < 60; n++) greedy.push(await openStream('127.0.0.2'));
  const late = await openStream('127.0.0.4');
  await pause(200);
  assert.deepEqual([other.status, late.status], [200, 200]);
  assert.deepEqual([other.isOpen(), late.isOpen()], [true, true]);
  assert.equal(greedy.filter(({ isOpen }) => isOpen()).length, 48);
  for (const stream of [other, late, ...greedy]) stream.end();
});

test('one client that holds all connections makes room for another', async (t) => {
  const held: Socket[] = [];
  t.after(() => {
    for (const socket of held) socket.destroy();
  });
  for (let n = 0; n < 130; n++) {
    const socket = connect({ port: tracker.adminPort, host: '127.0.0.1', localAddress: '127.0.0.2' });
    held.push(socket.on('error', () => {}));
    await new Promise((resolve) => socket.once('connect', resolve));
  }
  assert.equal((await askRaw(tracker.adminPort, '/health/live')).status, 200);
});

test('empty lines do not keep a connection that asks nothing', async () => {
  const socket = connect(tracker.adminPort, '127.0.0.1').on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
  socket.resume().write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const timer = setInterval(() => socket.write('\r\n'), 2500);
  const outcome = await Promise.race([closed, pause(20_000).then(() => 'still open')]);
  clearInterval(timer);
  socket.destroy();
  assert.equal(outcome, 'closed');
});
