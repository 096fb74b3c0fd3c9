// `--check` as a self-test: what would keep the tracker from starting here, or disappoint, and what to do about it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { probeConntrack, probeReceiveBuffer } from '../../../src/server/check/probe-kernel.ts';
import { testItself } from '../../../src/server/check/self-test.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { TestAuthority } from '../../certificates.ts';
import { mainScript } from '../../tracker-program.ts';

const listening = { host: '127.0.0.1', httpPort: 'any', udpPort: 'any' } as const;

async function findings(changes: Parameters<typeof defaultConfiguration>[0] = {}) {
  const all = await testItself(defaultConfiguration({ ...listening, ...changes }));
  return all.map(({ level, text }) => `${level}: ${text}`);
}

function only(lines: string[], pattern: RegExp): string {
  const matching = lines.filter((line) => pattern.test(line));
  assert.equal(matching.length, 1, lines.join('\n'));
  return matching[0];
}

async function takenPort(test: TestContext, kind: 'tcp' | 'udp'): Promise<number> {
  if (kind === 'tcp') {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    test.after(() => server.close());
    return (server.address() as AddressInfo).port;
  }
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  test.after(() => socket.close());
  return socket.address().port;
}

describe('a check of the machine', () => {
  test('calls free ports ok, and leaves them free', async () => {
    const lines = await findings();
    assert.equal(only(lines, /HTTP 127/), 'ok: HTTP 127.0.0.1: any port');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    for (let twice = 0; twice < 2; twice++) {
      const free = await findings({ httpPort: port, udpPort: port });
      assert.match(only(free, /HTTP 127/), /^ok: .*the port is free$/);
      assert.match(only(free, /UDP 127/), /^ok: .*the port is free$/);
    }
  });

  test('names a port that is taken, for HTTP and for UDP', async (test) => {
    const tcp = await findings({ httpPort: await takenPort(test, 'tcp') });
    assert.match(only(tcp, /\(HTTP\)/), /^error: cannot listen on 127\.0\.0\.1:\d+ .*in use: .*ss -lntup/);
    const taken = await findings({ httpPort: await takenPort(test, 'tcp'), takeover: true });
    assert.match(only(taken, /\(HTTP\)/), /^error: /, 'nobody runs there who could hand it over');
    const udp = await findings({ udpPort: await takenPort(test, 'udp') });
    assert.match(only(udp, /\(UDP\)/), /^error: cannot listen on 127\.0\.0\.1:\d+ .*in use/);
  });

  test('names an address that is not here', async () => {
    const lines = await findings({ host: '192.0.2.1', udpPort: 0 });
    assert.match(only(lines, /192\.0\.2\.1:0/), /^error: .*does not have that address/);
  });

  test('tells the facts of a certificate, or what clients object to', async (test) => {
    const authority = new TestAuthority();
    test.after(() => authority.close());
    const paths = { cert: join(authority.directory, 'cert'), key: join(authority.directory, 'key') };
    const issued = authority.issue({ names: ['tracker.test'], days: 80 });
    writeFileSync(paths.key, issued.key, { mode: 0o600 });
    writeFileSync(paths.cert, issued.chain);
    const https = { httpsPort: 'any', domain: 'tracker.test', ...paths } as const;
    const facts = only(await findings(https), /certificate for/);
    assert.match(
      facts,
      /^ok: certificate for tracker\.test until \d{4}-.* UTC, 2 certificates in its chain$/,
    );
    writeFileSync(paths.cert, issued.leaf);
    assert.match(only(await findings(https), /certificate file/), /^warning: .*the leaf only/);
  });

  test('says what a small machine would do to it', async () => {
    const lines = await findings({ workers: 256, memoryLimit: 2 ** 45 });
    assert.match(only(lines, /--memory-limit/), /^warning: .*lower it$/);
    assert.match(only(lines, /socket workers|UDP on the main thread/), /^warning: /);
    assert.match(only(lines, /--data-dir/), /^warning: without --data-dir a restart forgets/);
  });
});

describe('the settings of Linux', () => {
  const reader = (values: Record<string, number>) => (name: string) => values[name];

  test('a small limit of receive buffers is a warning with its remedy', () => {
    const small = probeReceiveBuffer(reader({ 'net/core/rmem_max': 212992 }));
    assert.equal(small?.level, 'warning');
    assert.match(small.text, /212992.*net\.core\.rmem_max=8388608/);
    assert.equal(probeReceiveBuffer(reader({ 'net/core/rmem_max': 8388608 }))?.level, 'ok');
    assert.equal(probeReceiveBuffer(reader({})), undefined);
  });

  test('connection tracking is judged by how many new clients it holds', () => {
    const table = (most: number, count: number) =>
      probeConntrack(
        reader({ 'net/netfilter/nf_conntrack_max': most, 'net/netfilter/nf_conntrack_count': count }),
      )?.level;
    assert.equal(table(65536, 10), 'warning');
    assert.equal(table(1_048_576, 10), 'ok');
    assert.equal(table(1_048_576, 1_000_000), 'warning');
    assert.equal(probeConntrack(reader({}))?.level, 'ok');
  });
});

describe('tracker-server --check', () => {
  function check(words: readonly string[]) {
    const base = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any'];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [mainScript, ...base, ...words, '--check'],
      {
        encoding: 'utf8',
      },
    );
    return { status, stdout, stderr };
  }

  test('prints settings and findings that --config reads back', (test) => {
    const directory = mkdtempSync(join(tmpdir(), 'caracal-check-'));
    test.after(() => rmSync(directory, { recursive: true }));
    const { status, stdout } = check([]);
    assert.equal(status, 0);
    assert.match(stdout, /^# ok {7}UDP 127\.0\.0\.1: any port$/m);
    writeFileSync(join(directory, 'printed.toml'), stdout);
    assert.equal(check(['--config', join(directory, 'printed.toml')]).status, 0);
  });

  test('ends with 1 and one line on stderr when it would not start here', async (test) => {
    const { status, stdout, stderr } = check(['--http-port', String(await takenPort(test, 'tcp'))]);
    assert.equal(status, 1);
    assert.match(stdout, /^# error {4}cannot listen on /m);
    assert.equal(stderr, 'tracker-server: it would not start here: see the error above\n');
  });
});
