// The tracker on sockets from systemd: they are used as what they are, they outlive it, and systemd hears how it is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { readInheritedSockets } from '../../../src/server/listening/inherited-sockets.ts';
import { TestAuthority } from '../../certificates.ts';
import { fastPath, nextMessage, openClient, send } from '../../net/fast-path.ts';
import { openUnixReceiver } from '../../net/unix-receiver.ts';
import { pause } from '../../program.ts';
import { openSocketUnit, type SocketUnit, startActivated } from './socket-activation.ts';

const udp4: SocketUnit = { name: 'udp', kind: 'datagram', address: '127.0.0.1' };
const udp6: SocketUnit = { name: 'udp', kind: 'datagram', address: '::1' };
const http4: SocketUnit = { name: 'http', kind: 'stream', address: '127.0.0.1' };
const http6: SocketUnit = { name: 'http', kind: 'stream', address: '::1' };

function askHttp(host: string, port: number): Promise<string> {
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=1`;
  return new Promise((resolve, reject) => {
    get({ host, port, path: `/announce?${query}`, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    }).once('error', reject);
  });
}

const connectRequest = Buffer.from('0000041727101980000000000badcafe', 'hex');

for (const workers of ['0', '2']) {
  const path = workers === '0' ? 'on the main thread' : 'with socket workers';
  test(`every socket that systemd passes is served, and no other (${path})`, fastPath, async (test) => {
    const receiver = openUnixReceiver(test);
    const sockets = [udp4, udp6, http4, http6].map((unit) => openSocketUnit(test, unit));
    const words = ['--workers', workers];
    const tracker = startActivated(test, sockets, words, { NOTIFY_SOCKET: receiver.path });
    await tracker.printed(/Tracker running/);
    const lines = [...tracker.output().matchAll(/(UDP|HTTP) tracker listening on (\S+)/g)];
    const [u4, u6, h4, h6] = sockets.map(({ port }) => port);
    assert.deepEqual(lines.map(([, protocol, where]) => `${protocol} ${where}`).sort(), [
      `HTTP 127.0.0.1:${h4}/announce`,
      `HTTP [::1]:${h6}/announce`,
      `UDP 127.0.0.1:${u4}`,
      `UDP [::1]:${u6}`,
    ]);
    for (const [family, address, port] of [
      [4, '127.0.0.1', u4],
      [6, '::1', u6],
    ] as const) {
      // Several clients, so that several workers have a chance to be the one that answers.
      for (let i = 0; i < 8; i++) {
        const client = await openClient(test, family);
        await send(client, connectRequest, port, address);
        const { payload } = await nextMessage(client);
        assert.equal(payload.subarray(0, 8).toString('hex'), '000000000badcafe');
      }
    }
    for (const [host, port] of [
      ['127.0.0.1', h4],
      ['::1', h6],
    ] as const) {
      assert.match(await askHttp(host, port), /^d8:complete/);
    }
    assert.doesNotMatch(tracker.output(), /does not answer/);
    assert.equal(await tracker.end('SIGTERM'), 0);
    const said = receiver.received();
    assert.match(said[0], /^READY=1\nSTATUS=Serving on UDP 127\.0\.0\.1:/);
    assert.match(said.at(-1)!, /^STOPPING=1/);
  });
}

test('what is asked between two trackers is answered by the second', fastPath, async (test) => {
  const sockets = [udp4, http4].map((unit) => openSocketUnit(test, unit));
  const first = startActivated(test, sockets);
  await first.printed(/Tracker running/);
  assert.equal(await first.end('SIGTERM'), 0);
  const client = await openClient(test);
  await send(client, connectRequest, sockets[0].port, '127.0.0.1');
  const http = askHttp('127.0.0.1', sockets[1].port);
  await pause(50);
  // Until the second tracker has started, which takes its time on a busy machine.
  const reply = once(client, 'message', { signal: AbortSignal.timeout(20_000) });
  const second = startActivated(test, sockets);
  await second.printed(/Tracker running/);
  assert.match(await http, /^d8:complete/);
  assert.equal((await reply)[0].length, 16);
  assert.equal(await second.end('SIGTERM'), 0);
});

test(
  'a successor takes over the sockets that systemd passed, and its own successor after it',
  fastPath,
  async (test) => {
    const receiver = openUnixReceiver(test);
    const dataDir = mkdtempSync(join(tmpdir(), 'caracal-activated-'));
    const sockets = [udp4, http4].map((unit) => openSocketUnit(test, unit));
    const environment = { NOTIFY_SOCKET: receiver.path };
    // The last one is ended first: it holds the pipe that the first one printed into.
    const pids: number[] = [];
    test.after(() => pids.forEach((pid) => void process.kill(pid, 'SIGKILL')));
    const tracker = startActivated(test, sockets, ['--data-dir', dataDir, '--workers', '2'], environment);
    await tracker.printed(/Tracker running/);
    const [udpPort, httpPort] = sockets.map(({ port }) => port);
    for (let generation = 1; generation <= 2; generation++) {
      if (generation === 1) tracker.signal('SIGUSR2');
      else process.kill(pids.pop()!, 'SIGUSR2');
      for (let tries = 0; pids.length === 0; tries++) {
        if (tries > 500) throw new Error(`nobody took over:\n${tracker.output()}`);
        await pause(20);
        for (const said of receiver.received()) {
          const main = /^MAINPID=(\d+)$/.exec(said);
          if (main) pids.push(Number(main[1]));
        }
      }
      assert.match(await askHttp('127.0.0.1', httpPort), /10:incompletei1e/);
      const client = await openClient(test);
      await send(client, connectRequest, udpPort, '127.0.0.1');
      assert.equal((await nextMessage(client)).payload.length, 16);
    }
    for (let tries = 0; tracker.output().split('Tracker running').length <= 3; tries++) {
      if (tries > 500) throw new Error(`the third never ran:\n${tracker.output()}`);
      await pause(20);
    }
    const listening = [...tracker.output().matchAll(/(?:UDP|HTTP) tracker listening on \S+/g)].map(String);
    assert.equal(listening.length, 6);
    assert.equal(new Set(listening).size, 2, 'it listens elsewhere than before');
    for (const pid of pids.splice(0)) process.kill(pid, 'SIGKILL');
    await tracker.end();
    rmSync(dataDir, { recursive: true, maxRetries: 5 });
  },
);

test('the queue of connections keeps its length', fastPath, async (test) => {
  const socket = openSocketUnit(test, http4);
  const tracker = startActivated(test, [socket]);
  await tracker.printed(/Tracker running/);
  const { stdout, error } = spawnSync('ss', ['-Hltn', `sport = :${socket.port}`], { encoding: 'utf8' });
  if (error) return test.skip('ss is not here');
  const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  assert.equal(Number(stdout.trim().split(/\s+/)[2]), Math.min(4096, most));
});

test('a reload is announced and ended', fastPath, async (test) => {
  const receiver = openUnixReceiver(test);
  const environment = { NOTIFY_SOCKET: receiver.path };
  const tracker = startActivated(test, [openSocketUnit(test, http4)], [], environment);
  await tracker.printed(/Tracker running/);
  // What it says to systemd and what it logs come by different ways.
  for (let tries = 0; receiver.received().length === 0; tries++) {
    if (tries > 250) throw new Error('it never said that it is ready');
    await pause(20);
  }
  tracker.signal('SIGHUP');
  await tracker.printed(/SIGHUP/);
  const said: string[] = [];
  for (let tries = 0; tries < 100 && said.length < 2; tries++) {
    await pause(20);
    said.push(...receiver.received());
  }
  assert.match(said[0], /^RELOADING=1\nMONOTONIC_USEC=[0-9]+$/);
  assert.match(said[1], /^READY=1\n/);
});

test('an HTTPS socket is served with the certificate of the options', fastPath, async (test) => {
  const socket = openSocketUnit(test, { ...http4, name: 'https' });
  const authority = new TestAuthority();
  test.after(() => authority.close());
  const cert = join(authority.directory, 'chain.pem');
  const key = join(authority.directory, 'key.pem');
  const issued = authority.issue();
  writeFileSync(cert, issued.chain);
  writeFileSync(key, issued.key);
  const words = ['--https-port', '443', '--cert', cert, '--key', key];
  const tracker = startActivated(test, [socket], words);
  await tracker.printed(new RegExp(`HTTPS tracker listening on 127\\.0\\.0\\.1:${socket.port}`));
  const client = connect({ host: '127.0.0.1', port: socket.port, ca: authority.root });
  await once(client, 'secureConnect');
  client.destroy();
  const without = startActivated(test, [socket]);
  assert.equal(await without.end(), 1);
  assert.match(without.output(), /--https-port, --cert and --key are needed too/);
});

test('the watchdog is pinged by a tracker that lives', fastPath, async (test) => {
  const receiver = openUnixReceiver(test);
  const tracker = startActivated(test, [openSocketUnit(test, udp4)], ['--workers', '2'], {
    NOTIFY_SOCKET: receiver.path,
    WATCHDOG_USEC: '300000',
  });
  await tracker.printed(/Tracker running/);
  let pings = 0;
  for (let tries = 0; tries < 100 && pings < 5; tries++) {
    await pause(50);
    pings += receiver.received().filter((message) => message === 'WATCHDOG=1').length;
  }
  assert.ok(pings >= 5, `${pings} pings in 5 s`);
});

test('a unit without FileDescriptorName= is served by the kind of its socket', fastPath, async (test) => {
  const units = [udp4, http4].map((unit) => ({ ...unit, name: 'tracker.socket' }));
  const tracker = startActivated(
    test,
    units.map((unit) => openSocketUnit(test, unit)),
  );
  await tracker.printed(/HTTP tracker listening/);
  await tracker.printed(/UDP tracker listening/);
});

const refusals: [string, SocketUnit, RegExp][] = [
  ['a TCP socket named udp', { ...http4, name: 'udp' }, /descriptor 3 from systemd \(udp\) is no UDP socket/],
  ['a UDP socket named http', { ...udp4, name: 'http' }, /is no TCP socket; the unit wants ListenStream=/],
  ['a TCP socket that does not listen', { ...http4, deaf: true }, /the unit wants Accept=no/],
  [
    'a UDP socket of both families',
    { ...udp6, address: '::', dualStack: true },
    /wants BindIPv6Only=ipv6-only/,
  ],
];
for (const [what, unit, line] of refusals) {
  test(`${what} is refused in one line`, fastPath, async (test) => {
    const tracker = startActivated(test, [openSocketUnit(test, unit)]);
    assert.equal(await tracker.end(), 1);
    assert.match(tracker.output(), /^tracker-server: [^\n]+\n$/);
    assert.match(tracker.output(), line);
  });
}

test("another process's sockets are left alone", () => {
  assert.deepEqual(readInheritedSockets({ LISTEN_PID: '1', LISTEN_FDS: '2' }), []);
  assert.deepEqual(readInheritedSockets({ LISTEN_FDS: '2' }), []);
});
