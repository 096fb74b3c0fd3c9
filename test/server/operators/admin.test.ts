// The admin door of a running tracker: what it answers, what it refuses, and that nothing leaks.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { routes } from '../../../src/admin/door/routes.ts';
import type { Stats, SwarmDetail, TopSwarms } from '../../../src/admin/schema.ts';
import { pause, startProgram } from '../../program.ts';
import { mainScript, startTracker } from '../../tracker-program.ts';
import { type AdminTracker, announce, askRaw, startAdminTracker } from './admin-tracker.ts';

const token = 'a-token-that-nobody-guesses';
const infoHash = '07'.repeat(20);

let directory: string;
let tracker: AdminTracker;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'caracal-admin-'));
  const tokenFile = join(directory, 'token');
  writeFileSync(tokenFile, `${token}\n`);
  chmodSync(tokenFile, 0o600);
  tracker = await startAdminTracker([
    '--data-dir',
    join(directory, 'data'),
    '--admin-token-file',
    tokenFile,
    '--workers',
    '1',
  ]);
  for (let peer = 0; peer < 30; peer++) {
    await announce(tracker.httpPort, 7, peer, peer < 10 ? 'left=0' : 'left=5&event=started');
  }
  await announce(tracker.httpPort, 8, 1);
});

after(async () => {
  await tracker?.program.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function ask<T>(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<T> {
  const response = await fetch(tracker.url + path, { headers, method });
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return (await response.json()) as T;
}

const withToken = { Authorization: `Bearer ${token}` };

/** Asks again until `good` says yes; the figures are of the last full second. */
async function eventually<T>(path: string, good: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask<T>(path);
    if (good(answer)) return answer;
    assert.ok(tries < 100, `${path} still says ${JSON.stringify(answer).slice(0, 1000)}`);
    await pause(100);
  }
}

describe('what the admin door answers', () => {
  test('live at once, and ready when each listener has answered an announce to itself', async () => {
    assert.deepEqual(await ask('/health/live'), { status: 'live' });
    const { listeners } = await eventually<Stats>('/api/v1/stats', ({ ready }) => ready);
    assert.deepEqual(listeners.map(({ transport }) => transport).sort(), ['http', 'udp']);
    assert.ok(listeners.every(({ answering, answer_seconds }) => answering && answer_seconds! > 0));
    assert.deepEqual(await ask('/health/ready'), { status: 'ready' });
  });

  test('counts, peers and traffic as they were announced', async () => {
    const stats = await eventually<Stats>('/api/v1/stats', ({ swarms }) => swarms === 2);
    assert.deepEqual(stats.peers.seeders, { ipv4: 11, ipv6: 0, webrtc: 0 });
    assert.deepEqual(stats.peers.leechers, { ipv4: 20, ipv6: 0, webrtc: 0 });
    const http = stats.transports.find(({ transport }) => transport === 'http')!;
    assert.equal(http.events.started, 20);
    assert.equal(http.events.none, 11);
  });

  test('nothing of what the tracker asks itself', async () => {
    const stats = await eventually<Stats>('/api/v1/stats', ({ ready }) => ready);
    assert.deepEqual(
      stats.transports.map(({ transport, announces, events, latency }) => [
        transport,
        announces.ipv4,
        events.stopped,
        transport === 'udp' ? latency : null,
      ]),
      [
        ['udp', 0, 0, null],
        ['http', 31, 0, null],
        ['webtorrent', 0, 0, null],
      ],
    );
    const metrics = await (await fetch(`${tracker.url}/metrics`)).text();
    const counted = [...metrics.matchAll(/^tracker_announces_total\{.*\} (\d+)$/gm)];
    assert.equal(
      counted.reduce((sum, [, count]) => sum + Number(count), 0),
      31,
    );
  });

  test('the largest swarms, client software, sizes and networks, once they were surveyed', async () => {
    // A first survey may have met the swarms while they were still being filled.
    const { top, swarms } = await eventually<TopSwarms>('/api/v1/swarms', (answer) => answer.peers === 31);
    assert.equal(swarms, 2);
    assert.deepEqual(top[0], { info_hash: infoHash, complete: 10, incomplete: 20, downloaded: 0 });
    const clients = await ask<{ clients: { name: string; peers: number }[] }>('/api/v1/clients');
    assert.deepEqual(
      clients.clients.map(({ name, peers: count }) => [name, count]),
      [['Transmission', 31]],
    );
  });

  test('a swarm’s counts to everybody, its peers only to who has the token, their addresses cut short', async () => {
    const counts = await ask<SwarmDetail>(`/api/v1/swarms/${infoHash}`);
    assert.deepEqual([counts.known, counts.complete, counts.incomplete, counts.peers], [true, 10, 20, null]);
    const { peers } = await ask<SwarmDetail>(`/api/v1/swarms/${infoHash.toUpperCase()}`, withToken);
    assert.equal(peers!.length, 30);
    assert.deepEqual(new Set(peers!.map(({ address }) => address)), new Set(['127.0.0.0/24']));
    const unknown = await ask<SwarmDetail>(`/api/v1/swarms/${'00'.repeat(20)}`, withToken);
    assert.deepEqual([unknown.known, unknown.peers], [false, []]);
  });

  test('networks as /16 without the token and as /24 with it', async () => {
    type Networks = { truncated: boolean; ipv4: { network: string }[] };
    const short = await eventually<Networks>('/api/v1/networks', ({ ipv4 }) => ipv4.length > 0);
    assert.deepEqual([short.truncated, short.ipv4[0].network], [true, '127.0.0.0/16']);
    const whole = await ask<Networks>('/api/v1/networks', withToken);
    assert.deepEqual([whole.truncated, whole.ipv4[0].network], [false, '127.0.0.0/24']);
  });

  test('the figures of each second as events', async () => {
    const controller = new AbortController();
    const response = await fetch(`${tracker.url}/api/v1/events`, { signal: controller.signal });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    const times: number[] = [];
    let text = '';
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const events = text.split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)![1];
        times.push((JSON.parse(data) as Stats).at);
      }
      if (times.length >= 3) break;
    }
    controller.abort();
    assert.ok(times[2] - times[1] >= 800 && times[2] - times[1] < 3000, times.join(' '));
  });

  test('nonsense in a question with 400, and what it has not with 404, 405 or 501', async () => {
    const statusOf = async (path: string, method = 'GET', headers = {}) =>
      (await fetch(tracker.url + path, { method, headers })).status;
    assert.equal(await statusOf('/api/v1/history?range=year'), 400);
    assert.equal(await statusOf('/api/v1/history?points=0'), 400);
    assert.equal(await statusOf('/api/v1/history?series=swarms,__proto__'), 400);
    assert.equal(await statusOf('/api/v1/nothing'), 404);
    assert.equal(await statusOf('/api/v1/swarms/abc'), 404);
    assert.equal(await statusOf('/api/v1/stats', 'POST'), 405);
    assert.equal(await statusOf('/', 'DELETE'), 404);
    // Without a deny list.
    assert.equal(await statusOf(`/api/v1/swarms/${infoHash}/deny`, 'POST', withToken), 501);
  });
});

describe('the OpenAPI document', () => {
  interface Description {
    openapi: string;
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  }

  test('has every route and nothing else', async () => {
    const { openapi, paths } = await ask<Description>('/api/v1/openapi.json');
    assert.equal(openapi, '3.1.0');
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(described.sort(), routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  for (const route of routes.filter(({ method, schema }) => method === 'GET' && schema !== undefined)) {
    test(`describes what GET ${route.path} answers`, async () => {
      const path = route.path.replace('{info_hash}', infoHash);
      for (const headers of route.trustedOnly ? [withToken] : [{}, withToken]) {
        // The document is made from these schemas; they are strict, so an undescribed key fails.
        route.schema!.parse(await ask(path, headers));
      }
    });
  }
});

describe('actions', () => {
  test('need the token', async () => {
    for (const { method, path } of routes.filter(({ trustedOnly }) => trustedOnly)) {
      const target = tracker.url + path.replace('{info_hash}', infoHash);
      assert.equal((await fetch(target, { method })).status, 403, path);
    }
    const { known } = await ask<SwarmDetail>(`/api/v1/swarms/${infoHash}`);
    assert.ok(known);
  });

  test('save the swarms and drop one', async () => {
    const { done } = await ask<{ done: string }>('/api/v1/snapshot', withToken, 'POST');
    assert.equal(done, 'Saved 31 peers.');
    await eventually<Stats>('/api/v1/stats', ({ snapshot }) => snapshot?.saved_at !== null);
    await announce(tracker.httpPort, 9, 1);
    await ask(`/api/v1/swarms/${'09'.repeat(20)}/drop`, withToken, 'POST');
    assert.equal((await ask<SwarmDetail>(`/api/v1/swarms/${'09'.repeat(20)}`)).known, false);
  });
});

describe('attacks', () => {
  test('2,000 ways to name a file outside the page: 404 or 400, and no file', async () => {
    const targets = traversals(2000);
    const seen = new Set<number>();
    for (let at = 0; at < targets.length; at += 50) {
      const answers = await Promise.all(
        targets.slice(at, at + 50).map((target) => askRaw(tracker.adminPort, target)),
      );
      for (const [index, { status, body }] of answers.entries()) {
        seen.add(status);
        assert.ok([400, 401, 403, 404].includes(status), `${status} for ${targets[at + index]}`);
        assert.ok(body.length < 200 && !/root:|import |"name"|<html/.test(body), targets[at + index]);
      }
    }
    assert.ok(seen.has(404));
  });

  test('foreign Hosts and other sites are refused, and pages cannot be framed or read from elsewhere', async () => {
    const { adminPort } = tracker;
    for (const host of ['evil.example', 'localhost.evil.example:80', '169.254.169.254']) {
      for (const target of ['/', '/metrics', '/api/v1/stats']) {
        const { status, body } = await askRaw(adminPort, target, { Host: host });
        assert.equal(status, 403);
        assert.ok(!body.includes('tracker_'), body);
      }
    }
    assert.equal((await askRaw(adminPort, '/metrics', { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
    const { headers } = await askRaw(adminPort, '/', { Origin: 'https://evil.example' });
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['set-cookie'], undefined);
    assert.match(String(headers['content-security-policy']), /^default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/);
  });

  test('a head that is too long, and a body, do no harm', async () => {
    const { adminPort } = tracker;
    assert.equal((await askRaw(adminPort, `/${'a'.repeat(9000)}`)).status, 431);
    const response = await fetch(`${tracker.url}/api/v1/snapshot`, {
      method: 'POST',
      body: 'x'.repeat(100_000),
    });
    assert.equal(response.status, 403);
    assert.deepEqual(await ask('/health/live'), { status: 'live' });
  });

  test('wrong tokens are refused and logged without the token, and keep the right one from nothing', async () => {
    for (let n = 0; n < 10; n++) {
      const { status, body } = await askRaw(tracker.adminPort, '/metrics', {
        Authorization: `Bearer wrong-guess-${n}`,
      });
      assert.deepEqual([status, body], [401, '{"error":"the token is wrong"}']);
    }
    const once = await askRaw(tracker.adminPort, '/metrics', { Authorization: 'Bearer wrong-guess' });
    assert.equal(once.status, 403);
    assert.equal((await askRaw(tracker.adminPort, '/metrics', withToken)).status, 200);
    await tracker.program.printed(/admin: wrong token client=127\.0\.0\.0\/24/);
    assert.ok(!tracker.program.stdout.includes('wrong-guess'));
    assert.equal(
      (await askRaw(tracker.adminPort, '/health/live')).status,
      200,
      'without a token one may still look',
    );
  });
});

describe('the UNIX socket', () => {
  test('is for its owner only, and needs no token', async () => {
    const socketPath = join(directory, 'data', 'admin.sock');
    assert.equal(statSync(socketPath).mode & 0o777, 0o600);
    const status = await new Promise<number>((resolve, reject) => {
      request({ socketPath, path: '/api/v1/snapshot', method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 200);
  });
});

describe('the commands that ask a running tracker', () => {
  const run = async (...words: string[]) => {
    const program = startProgram(process.execPath, [mainScript, ...words]);
    const { code } = await program.exit();
    return { code, stdout: program.stdout, stderr: program.stderr };
  };
  const where = () => ['--data-dir', join(directory, 'data')];

  test('status says what it is doing, as text and as JSON', async () => {
    const { code, stdout } = await run('status', ...where());
    assert.equal(code, 0);
    assert.match(stdout, /^Caracal \S+, running for .*, all listeners answer\n/);
    assert.match(stdout, /^peers +31 +11 seeders, 20 leechers$/m);
    const json = await run('status', '--json', ...where());
    assert.equal((JSON.parse(json.stdout) as Stats).swarms, 2);
  });

  test('swarm, snapshot and drop do what the API does', async () => {
    const swarm = await run('swarm', infoHash, ...where());
    assert.match(swarm.stdout, /^seeders +10$/m);
    assert.match(swarm.stdout, /^127\.0\.0\.0\/24 +\d+ +leecher +Transmission 4\.0\.6$/m);
    assert.match((await run('snapshot', ...where())).stdout, /^Saved 31 peers\.$/m);
    assert.equal((await run('drop', '08'.repeat(20), ...where())).code, 0);
    assert.match((await run('swarm', '08'.repeat(20), ...where())).stdout, /^Nobody is in the swarm/);
  });

  test('top writes a record a second into a pipe', async () => {
    const program = startProgram(process.execPath, [mainScript, 'top', ...where()]);
    await program.printed(/\{.*\}\n\{.*\}\n/);
    program.signal('SIGINT');
    assert.equal((await program.exit()).code, 0);
  });

  test('a tracker that is not there, a wrong info_hash and a missing address are one line each', async () => {
    const lost = await run('status', '--admin-socket', join(directory, 'nothing.sock'));
    assert.deepEqual([lost.code, lost.stdout], [1, '']);
    assert.match(
      lost.stderr,
      /^tracker-server: no tracker answers at .*nothing\.sock \(there is no such socket\)\n$/,
    );
    const wrong = await run('swarm', 'xyz', ...where());
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^tracker-server: swarm needs an info_hash of 40 hexadecimal digits, not 'xyz'\n$/,
    );
    assert.equal((await run('status')).code, 2);
  });
});

test('a door that is reached from outside shows nothing without the token but the page that asks for it', async (t) => {
  const outside = await startTracker([
    ...['--admin-port', 'any', '--admin-host', '0.0.0.0', '--workers', '0'],
    ...['--admin-token-file', join(directory, 'token'), '--log-ip', 'full'],
  ]);
  t.after(() => outside.program.kill());
  const [, port] = await outside.program.printed(/Admin listening on http:\/\/0\.0\.0\.0:(\d+)\//);
  await announce(outside.httpPort, 7, 1);
  for (const { method, path } of routes) {
    const target = path.replace('{info_hash}', infoHash);
    const { status, headers, body } = await askRaw(Number(port), target, {}, method);
    assert.equal(status, 401, target);
    assert.match(String(headers['www-authenticate']), /^Bearer /);
    assert.equal(body, '{"error":"the token is missing"}');
  }
  assert.equal((await askRaw(Number(port), '/')).status, 200);
  const { status, body } = await askRaw(Number(port), `/api/v1/swarms/${infoHash}`, withToken);
  assert.equal(status, 200);
  assert.equal(
    (JSON.parse(body) as SwarmDetail).peers![0].address,
    '127.0.0.1',
    'shown whole by --log-ip full',
  );
});

describe('starting with an admin door', () => {
  const start = async (...options: string[]) => {
    const listening = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', '0'];
    const program = startProgram(process.execPath, [mainScript, ...listening, ...options]);
    const { code } = await program.exit().finally(() => program.kill());
    return { code, stderr: program.stderr };
  };

  test('beyond loopback without a token is a usage error', async () => {
    const { code, stderr } = await start('--admin-port', 'any', '--admin-host', '0.0.0.0');
    assert.equal(code, 2);
    assert.match(stderr, /--admin-host 0\.0\.0\.0 is reached from outside, so it needs --admin-token-file/);
  });

  test('with a token that is easily guessed, or a port that is taken, it does not start', async () => {
    const weak = join(directory, 'weak');
    writeFileSync(weak, 'secret\n', { mode: 0o600 });
    const guessed = await start('--admin-port', 'any', '--admin-token-file', weak);
    assert.equal(guessed.code, 1);
    assert.match(guessed.stderr, /must hold a line of at least 16 printable characters/);
    assert.ok(!guessed.stderr.includes('secret'));
    const checked = await start('--check', '--admin-port', '1', '--admin-token-file', weak);
    assert.equal(checked.code, 2);
    const taken = await start('--admin-port', String(tracker.adminPort));
    assert.equal(taken.code, 1);
    assert.match(
      taken.stderr,
      /^tracker-server: cannot open the admin door \(127\.0\.0\.1:\d+\): .*EADDRINUSE/,
    );
  });
});

/** Ways of leaving a directory, in the encodings that have worked somewhere. */
function traversals(count: number): string[] {
  const ups = [
    '../',
    '..%2f',
    '%2e%2e/',
    '%2e%2e%2f',
    '..\\',
    '..%5c',
    '%252e%252e%252f',
    '....//',
    '..;/',
    '.%00./',
  ];
  const files = [
    'etc/passwd',
    'package.json',
    'dist/src/server/main.js',
    'admin-server.js',
    'proc/self/environ',
  ];
  const starts = ['/', '//', '/page/', '/api/v1/', '/api/v1/swarms/', '/uplot.js/', '/%2e/', '/static/'];
  const ends = ['', '%00.html', '?', '/'];
  const all: string[] = [];
  for (let depth = 1; all.length < count; depth++) {
    for (const start of starts) {
      for (const up of ups) {
        for (const file of files) for (const end of ends) all.push(start + up.repeat(depth) + file + end);
      }
    }
  }
  return all.slice(0, count);
}
