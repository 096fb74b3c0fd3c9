// An engine behind TLS with an authority of its own and a password, and one that is no Redis but speaks as it does.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestAuthority } from '../../certificates.ts';
import { RedisCluster } from '../../cluster/redis-cluster.ts';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { valkeyServer, withoutValkey } from '../../cluster/valkey-server.ts';
import { ClusterScene, goneLine } from '../../faults/cluster-scene.ts';
import { startTracker } from '../../tracker-program.ts';

test('nodes reach an engine over TLS with certificates of their own, and with a password', {
  skip: withoutRedis,
}, async () => {
  const authority = new TestAuthority();
  const engine = await RedisServer.startAs({ tls: true }, ...securedWords(authority));
  const url = (password: string, ca: string) => `rediss://:${password}@localhost:${engine.port}${ca}`;
  const trusting = `?ca=${authority.rootPath}`;
  let scene: ClusterScene | undefined;
  try {
    scene = await ClusterScene.start({ urls: Array(2).fill(url('pass%2Fword', trusting)), peers: 200 });
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    assert.deepEqual(scene.countLines(goneLine), [0, 0]);
    for (const [wrong, reason] of [
      [url('pass%2Fword', ''), /takes nothing \(unable to get local issuer certificate\)/],
      [url('other', trusting), /takes nothing \(WRONGPASS/],
    ] as const) {
      const { program } = await startTracker(['--cluster', wrong, '--cluster-node', 'x', '--workers', '1']);
      try {
        await program.printed(reason, 30_000);
      } finally {
        await program.kill();
      }
    }
  } finally {
    await scene?.close();
    await engine.close();
    authority.close();
  }
});

test('a Redis Cluster behind TLS is reached under the names that its certificates are for, and with a password', {
  skip: withoutRedis,
}, async () => {
  const authority = new TestAuthority();
  const cluster = await RedisCluster.start({
    tls: true,
    cliWords: [
      '--tls',
      '--cacert',
      authority.rootPath,
      '--sni',
      'localhost',
      '-a',
      'pass/word',
      '--no-auth-warning',
    ],
    words: [
      ...securedWords(authority, ['localhost']),
      ...['--masterauth', 'pass/word', '--tls-replication', 'yes', '--tls-cluster', 'yes'],
      ...['--tls-ca-cert-file', authority.rootPath],
      ...['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
    ],
  });
  const url = `rediss-cluster://:pass%2Fword@${cluster.placesAt('localhost')}?ca=${authority.rootPath}`;
  let scene: ClusterScene | undefined;
  try {
    scene = await ClusterScene.start({ urls: Array(2).fill(url), peers: 200 });
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    assert.deepEqual(scene.countLines(goneLine), [0, 0]);
    assert.ok(scene.nodes.every(({ program }) => program.stderr === ''));
  } finally {
    await scene?.close();
    await cluster.close();
    authority.close();
  }
});

test('certificates that cannot be read end the start with a line that names them', {
  skip: withoutRedis,
}, async () => {
  const url = 'rediss://localhost:1?ca=/nowhere/ca.pem';
  await assert.rejects(startTracker(['--cluster', url, '--workers', '1']), /--cluster: .*\/nowhere\/ca\.pem/);
});

test('Valkey carries the news as Redis does, and may die as well', { skip: withoutValkey }, async () => {
  const engine = await RedisServer.startAs({ program: valkeyServer });
  let scene: ClusterScene | undefined;
  try {
    assert.match(engine.tell('INFO', 'server'), /valkey_version:/);
    scene = await ClusterScene.start({ urls: Array(3).fill(engine.url), peers: 500 });
    await engine.kill();
    await scene.said(goneLine, 1);
    await engine.start();
    const { lost, ghost } = await scene.balance();
    assert.deepEqual({ lost, ghost, failed: scene.load.failed }, { lost: 0, ghost: 0, failed: 0 });
    assert.deepEqual(scene.countLines(goneLine), [1, 1, 1]);
  } finally {
    await scene?.close();
    await engine.close();
  }
});

/** What a server is told to be behind TLS, with a certificate of that authority, and a password. */
function securedWords(authority: TestAuthority, names?: string[]): string[] {
  const { chain, key } = authority.issue(names && { names });
  const files = { chain: join(authority.directory, 'chain.pem'), key: join(authority.directory, 'key.pem') };
  writeFileSync(files.chain, chain);
  writeFileSync(files.key, key);
  return [
    ...['--tls-cert-file', files.chain, '--tls-key-file', files.key, '--tls-auth-clients', 'no'],
    ...['--requirepass', 'pass/word'],
  ];
}
