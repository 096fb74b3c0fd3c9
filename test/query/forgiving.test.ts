// What libtorrent and aria2 take from a tracker is taken, and what is this machine's own lack is not laid at its door.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Deadline } from '../../src/query/network/deadline.ts';
import { nameInHosts } from '../../src/query/network/hosts-file.ts';
import { isOwnLack, staggered } from '../../src/query/network/tcp-connect.ts';
import { TrackerError } from '../../src/query/network/tracker-error.ts';
import { body, startHttp, startTcp } from './fake-trackers.ts';
import { main, runQuery } from './run-query.ts';

const answer = body({
  complete: 1,
  incomplete: 2,
  interval: 1800,
  peers: Buffer.from([192, 0, 2, 1, 0, 80]),
});

describe('a tracker is taken', () => {
  test('whose head ends its lines in a bare LF', async (t) => {
    const origin = await startTcp(t, (socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.0 200 OK\nContent-Type: text/plain\nContent-Length: ${answer.length}\n\n`);
        socket.end(answer);
      });
    });
    const { code, stdout } = await runQuery(['-t', `${origin}/announce`, '-o', 'json']);
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).ipv4_peers, 1);
  });

  for (const encoding of ['none', 'identity', 'utf-8', 'br']) {
    test(`that calls its plain answer '${encoding}'`, async (t) => {
      const origin = await startHttp(t, (_, response) => {
        response.writeHead(200, { 'Content-Encoding': encoding }).end(answer);
      });
      const { code, stdout } = await runQuery(['-t', `${origin}/announce`, '-o', 'json']);
      assert.equal(code, 0, stdout);
      assert.equal(JSON.parse(stdout).ipv4_peers, 1);
    });
  }

  test('but an encoding that nobody asked for is named', async (t) => {
    const origin = await startHttp(t, (_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'br' }).end(Buffer.from([0x8b, 1, 2]));
    });
    const { code, stdout } = await runQuery(['-t', `${origin}/announce`, '-o', 'json']);
    assert.equal(code, 1);
    assert.match(JSON.parse(stdout).error, /'br'/);
  });

  test('with a warning when it answers 404 with peers, which clients refuse', async (t) => {
    const origin = await startHttp(t, (_, response) => {
      response.writeHead(404).end(answer);
    });
    const { stdout } = await runQuery(['-t', `${origin}/announce`, '-o', 'json']);
    assert.match(JSON.parse(stdout).compliance_warnings[0], /404: clients take only 200/);
  });
});

describe('of several reasons', () => {
  const lack = (code: string) =>
    new TrackerError('lack', { cause: Object.assign(new Error(code), { code }) });
  const refused = new TrackerError('connection refused');
  const attempt = (reason: Error) => Promise.reject(reason);
  for (const code of ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']) {
    test(`the tracker's is named, not this machine's ${code}`, async () => {
      assert.ok(isOwnLack(lack(code)));
      await assert.rejects(
        staggered([lack(code), refused], attempt, 1, () => {}),
        refused,
      );
    });
  }

  test('the first is named when they are alike', async () => {
    const first = lack('ENETUNREACH');
    await assert.rejects(
      staggered([first, lack('EADDRNOTAVAIL')], attempt, 1, () => {}),
      first,
    );
  });
});

test('the hosts file names addresses, however they are spelled', () => {
  const hosts =
    '127.0.0.1 localhost\n# 192.0.2.9 no\n192.0.2.7  seven.example seven # yes\n2001:db8:0::7 six\n';
  assert.equal(nameInHosts(hosts, '192.0.2.7'), 'seven.example');
  assert.equal(nameInHosts(hosts, '2001:db8::7'), 'six');
  assert.equal(nameInHosts(hosts, '192.0.2.9'), undefined);
});

test('-l names a peer whose address stands in the hosts file', async (t) => {
  const origin = await startHttp(t, (_, response) =>
    response.end(body({ interval: 1800, peers: Buffer.from([127, 0, 0, 1, 0, 80]) })),
  );
  const { stdout } = await runQuery(['-t', `${origin}/announce`, '-p', '-l', '-o', 'json']);
  assert.equal(JSON.parse(stdout).peer_list[0].hostname, 'localhost');
});

test('32 jobs at once warn of nothing', async (t) => {
  const origin = await startHttp(t, (_, response) => {
    setTimeout(() => response.end(answer), 100);
  });
  const list = Array.from({ length: 64 }, (_, i) => `${origin}/announce?${i}`).join('\n');
  const { code, stderr } = await runQuery(['-f', '-', '--jobs', '32', '-d', '0'], { input: list });
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /Warning/);
});

for (const stream of ['stdout', 'stderr'] as const) {
  test(`a reader of ${stream} that leaves early is no stack trace`, async () => {
    const child = spawn(process.execPath, [main, '-f', '-', '-d', '0', '--timeout', '1'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const other = stream === 'stdout' ? 'stderr' : 'stdout';
    let seen = '';
    child[other].on('data', (text) => {
      seen += text;
    });
    child[stream].destroy();
    child.stdin.on('error', () => {});
    child.stdin.end('http://127.0.0.1:1/announce\n'.repeat(50));
    await once(child, 'close');
    assert.doesNotMatch(seen, /at .*\.(js|ts)|Error:/);
    assert.notEqual(child.exitCode, null);
  });
}

test('a deadline that many wait for warns of nothing', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const deadline = new Deadline(0.05);
  await Promise.allSettled(Array.from({ length: 40 }, () => deadline.race(new Promise(() => {}))));
  deadline.close();
  await new Promise(setImmediate);
  process.off('warning', warn);
  assert.deepEqual(warnings, []);
});
