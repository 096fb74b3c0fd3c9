// The tracker as its operator starts it with --io-uring: kept connections, a WebSocket on one of them, a takeover, its end, --check.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { whyNoUring } from '../../../src/net/uring/uring-trial.ts';
import { calls, fastPath } from '../../net/fast-path.ts';
import { startProgram } from '../../program.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import { mainScript, startTracker } from '../../tracker-program.ts';
import { RawHttp } from '../../transport/http/raw-http.ts';
import { announceOf } from '../../transport/webtorrent/signalling.ts';
import { WsClient } from '../../transport/webtorrent/ws-client.ts';

const no = fastPath.skip || (whyNoUring(calls) ?? false);
if (no !== false && process.env.CI === 'true') throw new Error(`io_uring must be tested here: ${no}`);
const here = { skip: no };
const directory = temporaryDirectory('io-uring');
after(() => rmSync(directory, { recursive: true }));

const announce = (peer: number, ...fields: string[]) =>
  `GET /announce?info_hash=${'u'.repeat(20)}&peer_id=-CC0100-${String(peer).padStart(12, '0')}&port=${1000 + peer}&left=1 HTTP/1.1\r\n` +
  `Host: t\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

test('keeps connections, opens a WebSocket on one, ends with some open', here, async () => {
  const { program, httpPort } = await startTracker(['--io-uring', '--workers', '2']);
  try {
    const connections = await Promise.all(Array.from({ length: 20 }, () => RawHttp.open(httpPort)));
    for (let round = 0; round < 5; round++) {
      for (const [n, connection] of connections.entries()) connection.send(announce(n));
      for (const connection of connections) assert.equal((await connection.reply())?.status, 200);
    }
    for (let n = 0; n < 10; n++) {
      // Both it and those beside it go on.
      const socket = await WsClient.open({ port: httpPort, first: announce(n) });
      socket.say(announceOf(`swarm ${n}`, 'a', { left: 0, event: 'started' }));
      assert.equal((await socket.hear()).complete, 1);
      connections[n].send(announce(n));
      assert.equal((await connections[n].reply())?.status, 200);
      if (n % 2 === 0) socket.end();
    }
    connections[0].send(announce(0, 'Connection: close'));
    assert.equal((await connections[0].reply())?.fields.get('connection'), 'close');
    await connections[0].end();
    program.signal('SIGTERM');
    await Promise.all(connections.map((connection) => connection.end()));
    assert.deepEqual(await program.exit(), { code: 0, signal: null });
    assert.doesNotMatch(program.stdout, /io-uring|rror/);
  } finally {
    await program.kill();
  }
});

test('a takeover answers on without a pause', here, async () => {
  const options = ['--io-uring', '--workers', '1', '--data-dir', directory];
  const first = await startTracker(options);
  const port = String(first.httpPort);
  const second = startProgram(process.execPath, [
    ...[mainScript, ...options, '--takeover', '--host', '127.0.0.1'],
    ...['--http-port', port, '--udp-port', String(first.udpPort)],
  ]);
  try {
    let taken = false;
    const done = second.printed(/Tracker running/, 30_000).then(() => {
      taken = true;
    });
    let answered = 0;
    let isNew = true;
    for (let connection = await RawHttp.open(first.httpPort); !taken; answered++) {
      connection.send(announce(1));
      const reply = await connection.reply();
      // A request may cross the end of its connection, as any client of HTTP has to expect; then the next one is answered.
      assert.ok(reply !== undefined || !isNew);
      assert.equal(reply?.status ?? 200, 200);
      isNew = false;
      if (reply !== undefined && reply.fields.get('connection') !== 'close') continue;
      isNew = true;
      connection.close();
      connection = await RawHttp.open(first.httpPort);
    }
    await done;
    assert.ok(answered > 1);
    assert.equal((await first.program.exit(20_000)).code, 0);
    second.signal('SIGTERM');
    assert.equal((await second.exit(20_000)).code, 0);
  } finally {
    await first.program.kill();
    await second.kill();
  }
});

test('--check says whether it can be had', here, async () => {
  for (const [workers, said] of [
    ['1', /# ok +--io-uring: kept HTTP connections go through io_uring/],
    ['0', /# warning +--io-uring: kept HTTP connections go over epoll: it needs socket workers/],
  ] as const) {
    const check = startProgram(process.execPath, [
      ...[mainScript, '--check', '--io-uring', '--workers', workers, '--host', '127.0.0.1'],
      ...['--http-port', 'any', '--udp-port', 'any'],
    ]);
    await check.exit(30_000);
    assert.match(check.stdout, said);
  }
});
