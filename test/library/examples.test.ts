// The examples as a reader starts them, each really announced to.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../src/library/client.ts';
import { startProgram } from '../program.ts';
import { announce, infoHash, otherHash } from './scene.ts';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const tried = new Set<string>();

/** The URLs that the example prints once it listens. */
async function start(test: TestContext, name: string): Promise<{ urls: string[]; end(): Promise<void> }> {
  tried.add(name);
  const program = startProgram(process.execPath, [examples + name], { env: { PORT: '0', UDP_PORT: '0' } });
  test.after(() => program.kill());
  const [line] = await program.printed(/^(?:http|ws):\/\/.*$/m, 30_000);
  return {
    urls: line.split(' '),
    end: async () => {
      program.signal('SIGTERM');
      assert.equal((await program.exit(15_000)).code, 0, program.stderr);
    },
  };
}

test('in Express', async (test) => {
  const { urls, end } = await start(test, 'express.mjs');
  const [http, udp] = urls;
  assert.equal((await announce(http, { port: 7001, left: 1 })).incomplete, 1);
  assert.equal((await announce(udp, { port: 7002, left: 1 })).incomplete, 2);
  const webTorrent = createClient(http.replace('http', 'ws'));
  assert.equal((await webTorrent.announce({ infoHash })).answer.complete, 1);
  webTorrent.close();
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=7003`;
  const base = http.replace('/announce', '');
  assert.match(await (await fetch(`${base}/secret-of-bob/private?${query}`)).text(), /8:completei0e/);
  assert.equal((await fetch(`${base}/wrong/private?${query}`)).status, 403);
  assert.equal(((await (await fetch(`${base}/`)).json()) as { peers: number }).peers > 2, true);
  assert.equal((await fetch(`${base}/elsewhere`)).status, 404);
  await end();
});

test('in Fastify', async (test) => {
  const { urls, end } = await start(test, 'fastify.mjs');
  assert.equal((await announce(urls[0], { port: 7001, left: 1 })).incomplete, 1);
  const swarm = await fetch(urls[0].replace('announce', `swarms/${infoHash}`));
  const { peers } = (await swarm.json()) as { peers: { port: number }[] };
  assert.deepEqual(
    peers.map(({ port }) => port),
    [7001],
  );
  assert.equal((await announce(urls[0].replace('http', 'ws'), { event: 'started' })).failureReason, null);
  await end();
});

test("beside an application's WebSockets", async (test) => {
  const { urls, end } = await start(test, 'websocket.mjs');
  const [url] = urls;
  assert.equal((await announce(url, { event: 'started' })).interval, 120);
  assert.equal((await announce(url, { infoHash: otherHash })).failureReason, 'no such room');
  await assert.rejects(announce(url.replace('let-me-in', 'x')), /403/);
  await end();
});

test('in a test suite', () => {
  tried.add('in-a-test.mjs');
  // Within tests, Node's runner would run this one in a way of its own.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['--test', `${examples}in-a-test.mjs`], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /pass 3/);
});

test('every example is tried', () => {
  assert.deepEqual(
    [...tried].sort(),
    readdirSync(examples)
      .filter((name) => name.endsWith('.mjs'))
      .sort(),
  );
});
