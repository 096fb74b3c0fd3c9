// A tracker is asked as its name is typed: a URL by itself, or a host whose ports and schemes are tried.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isHost } from '../../src/query/doctor/locate-host.ts';
import { startAnswering, startHttp } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';

const answer = { complete: 1, incomplete: 2, interval: 1800, peers: '' };

describe('a tracker as it is typed', { concurrency: 2 }, () => {
  test('is a URL without -t', async (t) => {
    const { url } = await startAnswering(t, answer);
    const { code, stdout } = await runQuery([url, '-o', 'json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).tracker, url);
  });

  test('is a host and a port, found under its scheme', async (t) => {
    const { url } = await startAnswering(t, answer);
    const { code, stdout, stderr } = await runQuery([new URL(url).host, '-o', 'json']);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).tracker, url);
    assert.match(stderr, /found at 127\.0\.0\.1:\d+: http:/);
  });

  test('is a host with a path, whose scheme is found', async (t) => {
    const { url, targets } = await startAnswering(t, answer);
    const { code, stdout } = await runQuery([`${new URL(url).host}/key/announce`, '-o', 'json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).tracker, url.replace('/announce', '/key/announce'));
    assert.ok(targets.every((target) => target.includes('/announce')));
  });

  test('is a name of which only the IPv4 address answers', async (t) => {
    const { url } = await startAnswering(t, answer);
    const { host } = new URL(url.replace('127.0.0.1', 'localhost'));
    const { code, stdout, stderr } = await runQuery([host, '-o', 'json']);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).ipv4_peers, 0);
  });

  test('is examined by the doctor too', async (t) => {
    const { url } = await startAnswering(t, answer);
    const { stdout } = await runQuery(['doctor', new URL(url).host, '-o', 'json', '--timeout', '3']);
    assert.equal(JSON.parse(stdout).url, url);
  });

  test('where nothing answers says so, and the doctor why', async () => {
    const { code, stderr } = await runQuery(['127.0.0.1:1', '--timeout', '2']);
    assert.equal(code, 1);
    assert.match(stderr, /no tracker answers at 127\.0\.0\.1:1/);
    const { stdout } = await runQuery(['doctor', '127.0.0.1:1', '--timeout', '2']);
    assert.match(stdout, /nothing listens on TCP port 1/);
    const asked = await runQuery(['http://127.0.0.1:1/announce?key=1&x', '--timeout', '2']);
    assert.match(
      asked.stdout,
      /^tracker-query doctor 'http:\/\/127\.0\.0\.1:1\/announce\?key=1&x' {2}says why$/m,
    );
  });

  test('is given once', async () => {
    const { code, stderr } = await runQuery([
      'http://127.0.0.1:1/announce',
      '-t',
      'http://127.0.0.1:1/announce',
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /two trackers/);
  });
});

test('a host is told from a command and from a URL', () => {
  for (const word of [
    'tracker.example.net',
    'tracker.example.net:6969',
    '192.0.2.1',
    '[::1]:80',
    '::1',
    'localhost',
    'a.example/announce',
    'localhost:6969/announce',
  ])
    assert.ok(isHost(word), word);
  for (const word of ['docter', 'http://x.example/announce', 'a b.c', 'x/announce'])
    assert.ok(!isHost(word), word);
});

test('the table shows where the time went and by which redirects', async (t) => {
  const { url } = await startAnswering(t, answer);
  const origin = await startHttp(t, (request, response) => {
    response.writeHead(301, { Location: `${new URL(url).origin}${request.url}` }).end();
  });
  const { stdout } = await runQuery([`${origin}/announce`]);
  assert.match(stdout, /^Of which +connect \d+(\.\d)? ms, first byte \d+(\.\d)? ms$/m);
  assert.match(stdout, new RegExp(`^Redirected +\\(301\\) to ${url}$`, 'm'));
});
