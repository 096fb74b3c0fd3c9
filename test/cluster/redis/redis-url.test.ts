import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRedisUrl, showRedisUrl } from '../../../src/cluster/redis/redis-url.ts';

const plain = {
  kind: 'single',
  tls: false,
  ca: undefined,
  username: undefined,
  password: undefined,
  db: 0,
  name: undefined,
  sentinelPassword: undefined,
};
const at = (host: string, port: number) => ({ host, port });

test('a URL names one server, several Sentinels, or nodes of a Redis Cluster', () => {
  assert.deepEqual(parseRedisUrl('redis://localhost'), { ...plain, hosts: [at('localhost', 6379)] });
  assert.deepEqual(parseRedisUrl('rediss://me:p%40ss@[::1]:7000/3'), {
    ...plain,
    ...{ tls: true, username: 'me', password: 'p@ss', db: 3, hosts: [at('::1', 7000)] },
  });
  assert.deepEqual(parseRedisUrl('redis-sentinel://:word@a,b:26000/main/1?sentinel-password=x'), {
    ...plain,
    ...{ kind: 'sentinel', password: 'word', name: 'main', db: 1, sentinelPassword: 'x' },
    hosts: [at('a', 26_379), at('b', 26_000)],
  });
  assert.deepEqual(parseRedisUrl('rediss-cluster://a:1,b:2'), {
    ...plain,
    ...{ kind: 'cluster', tls: true, hosts: [at('a', 1), at('b', 2)] },
  });
  assert.deepEqual(parseRedisUrl('rediss://a?ca=/etc/ssl/my%20own.pem'), {
    ...plain,
    ...{ tls: true, ca: '/etc/ssl/my own.pem', hosts: [at('a', 6379)] },
  });
});

test('what is no such URL is told from one', () => {
  for (const url of [
    'http://a',
    'redis://',
    'redis://a:0',
    'redis://a:70000',
    'redis://a,b',
    'redis://a/x',
    'redis-sentinel://a',
    'redis-cluster://a/1',
    'redis://a?db=1',
    'redis://a?ca=/etc/ca.pem',
    'rediss://a?ca=',
    'redis://a b',
    'redis://:%zz@a',
    'redis://:%ff@a',
  ])
    assert.equal(parseRedisUrl(url), undefined, url);
});

test('a URL is shown without what is secret in it', () => {
  assert.equal(showRedisUrl('redis://me:word@a:1/2'), 'redis://a:1/2');
  assert.equal(showRedisUrl('redis-sentinel://a/main?sentinel-password=x'), 'redis-sentinel://a/main');
  // What is no secret stays: what --check prints is read back by --config.
  const url = 'rediss-sentinel://me:word@a/main?sentinel-password=x&ca=/etc/ca.pem';
  assert.equal(showRedisUrl(url), 'rediss-sentinel://a/main?ca=/etc/ca.pem');
});
