// `--check` with --cluster: what is wrong with the engine is said in its words, and keeps no tracker from starting.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { probeCluster } from '../../../src/server/check/probe-cluster.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';

async function findings(cluster: string | undefined, clusterSecretFile: string | undefined = '/secret') {
  const all = await probeCluster(defaultConfiguration({ cluster, clusterSecretFile }));
  return all.map(({ level, text }) => `${level}: ${text}`);
}

test('an engine that is not there, or is something else, is a warning with the reason', async () => {
  assert.deepEqual(await findings(undefined), []);
  const [refused] = await findings('redis://:word@127.0.0.1:1');
  assert.match(refused, /^warning: --cluster redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*answers alone/);
  assert.ok(!refused.includes('word'));
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const [late] = await findings(`redis://127.0.0.1:${port}`);
  silent.close();
  assert.match(late, /^warning: .*(does not answer|timed out|ETIMEDOUT)/);
});

describe('a check of a real Redis', { skip: withoutRedis, timeout: 60_000 }, () => {
  let engine: RedisServer;
  before(async () => {
    engine = await RedisServer.start();
  });
  after(() => engine?.close());

  test('is ok, leaves nothing behind, and warns without a secret', async () => {
    const [ok] = await findings(engine.url);
    assert.match(ok, /^ok: .*(Redis|Valkey) \d+\.\d+.* takes all commands; its clock agrees/);
    assert.equal(engine.tell('KEYS', '*').trim(), '');
    const all = await probeCluster(defaultConfiguration({ cluster: engine.url }));
    assert.match(all[1].text, /without --cluster-secret-file/);
  });

  test('says which command is not allowed, and that a password is wrong or missing', async () => {
    engine.tell('ACL', 'SETUSER', 'narrow', 'on', '>word', '~*', '+@all', '-eval');
    const [narrow] = await findings(engine.url.replace('//', '//narrow:word@'));
    assert.match(narrow, /^warning: .*EVAL fails: .*NOPERM/);
    engine.tell('ACL', 'SETUSER', 'elsewhere', 'on', '>word', '~other:*', '+@all');
    assert.match((await findings(engine.url.replace('//', '//elsewhere:word@')))[0], /XADD fails: .*NOPERM/);
    assert.match((await findings(engine.url.replace('//', '//narrow:other@')))[0], /^warning: .*WRONGPASS/);
    engine.tell('ACL', 'SETUSER', 'default', '>needed');
    engine.tell('CONFIG', 'SET', 'requirepass', 'needed');
    assert.match((await findings(engine.url))[0], /^warning: .*NOAUTH/);
    assert.match((await findings(engine.url.replace('//', '//:needed@')))[0], /^ok: /);
  });

  test('warns of a memory that drops what nodes tell each other, and of a server that is full', async () => {
    const url = engine.url.replace('//', '//:needed@');
    const tell = (...words: string[]) => engine.tell('-a', 'needed', '--no-auth-warning', ...words);
    tell('CONFIG', 'SET', 'maxmemory', '64mb');
    assert.match((await findings(url))[0], /^warning: .*maxmemory is 64MiB/);
    tell('CONFIG', 'SET', 'maxmemory', '512mb');
    tell('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    assert.match((await findings(url))[0], /^warning: .*allkeys-lru/);
    tell('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    tell('CONFIG', 'SET', 'maxmemory', '1');
    assert.match((await findings(url))[0], /^warning: .*XADD fails: .*OOM/);
  });
});
