// Whoever debugs has every thread of a tracker check the order of the store's locks, by a variable of the environment.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { startTracker } from '../../tracker-program.ts';

const urlOf = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
const wrongOrder = `
  const { attachStore } = await import(${urlOf('server/storage/attach-store.js')});
  const { SwarmStore } = await import(${urlOf('swarm/swarm-store.js')});
  const { lock } = await import(${urlOf('swarm/lock.js')});
  const { header } = await import(${urlOf('swarm/layout.js')});
  const options = { memoryLimit: 4 << 20, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: 3600 };
  const { buffer } = attachStore(SwarmStore.create(options, 1).buffer, 1);
  const words = new Int32Array(buffer);
  lock(words, header.poolLock);
  lock(words, header.evictLock);
  console.log('both');
`;

function runWrongOrder(env: Record<string, string>) {
  const words = ['--input-type=module', '--eval', wrongOrder];
  return spawnSync(process.execPath, words, { encoding: 'utf8', env: { ...process.env, ...env } });
}

test('locks in a wrong order throw where the variable is 1, and nowhere else', () => {
  const checked = runWrongOrder({ CARACAL_CHECK_LOCKS: '1' });
  assert.match(checked.stderr, /Error: lock evict \(word \d+\) after pool/);
  assert.equal(checked.status, 1);
  for (const value of ['', '0']) assert.equal(runWrongOrder({ CARACAL_CHECK_LOCKS: value }).stdout, 'both\n');
});

test('a tracker whose threads check their locks answers and ends as any other', async (t) => {
  process.env.CARACAL_CHECK_LOCKS = '1';
  t.after(() => delete process.env.CARACAL_CHECK_LOCKS);
  const { program, httpPort } = await startTracker(['--workers', '2', '--rate-limit', 'off']);
  t.after(() => program.kill());
  for (let peer = 0; peer < 300; peer++) {
    const infoHash = `%0${peer % 7}`.repeat(20);
    const query = `info_hash=${infoHash}&peer_id=-qB5000-${String(peer).padStart(12, '0')}&port=${20_000 + peer}&left=1`;
    const reply = await fetch(`http://127.0.0.1:${httpPort}/announce?${query}`);
    assert.match(await reply.text(), /8:interval/);
  }
  program.signal('SIGTERM');
  assert.equal((await program.exit(30_000)).code, 0);
  const said = program.stdout + program.stderr;
  assert.match(said, /order of the store's locks is checked/);
  assert.doesNotMatch(said, /exception|Error/i);
});
