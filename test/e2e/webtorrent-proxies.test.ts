// nginx and haproxy really in front of a WebTorrent tracker: the upgrade passes, offers arrive, and a silent connection stays open.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DoctorReport } from '../../src/query/doctor/finding.ts';
import { TestAuthority } from '../certificates.ts';
import type { Program } from '../program.ts';
import { runQuery } from '../query/run-query.ts';
import { skipWithout } from '../system-tools.ts';
import { startTracker } from '../tracker-program.ts';
import { freePorts } from './clients.ts';
import { accepting, startHaproxy, startNginx } from './proxies.ts';

describe('a WebTorrent tracker behind a proxy', { skip: skipWithout('nginx', 'haproxy') }, () => {
  let directory: string;
  let authority: TestAuthority;
  const programs: Program[] = [];
  const ports: Record<string, number> = {};

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'caracal-ws-proxies-'));
    authority = new TestAuthority();
    const { chain, key } = authority.issue();
    const [cert, keyPath, both] = ['chain.pem', 'key.pem', 'both.pem'].map((name) => join(directory, name));
    writeFileSync(cert, chain);
    writeFileSync(keyPath, key);
    writeFileSync(both, chain + key);
    const plain = await startTracker(['--trusted-proxy', '127.0.0.1']);
    programs.push(plain.program);
    const withHeader = await startTracker(['--trusted-proxy', '127.0.0.1', '--proxy-protocol']);
    programs.push(withHeader.program);
    const names = ['nginx', 'nginxTls', 'nginxWithout', 'haproxy', 'haproxyTls', 'haproxyTcp'];
    for (const [i, port] of (await freePorts(names.length)).entries()) ports[names[i]] = port;
    const pass = `proxy_pass http://127.0.0.1:${plain.httpPort}; proxy_http_version 1.1;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`;
    const upgrade =
      'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;';
    programs.push(
      startNginx(
        directory,
        `map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
         server { listen 127.0.0.1:${ports.nginx}; location / { ${pass} ${upgrade} } }
         server { listen 127.0.0.1:${ports.nginxTls} ssl; ssl_certificate ${cert}; ssl_certificate_key ${keyPath};
           location / { ${pass} ${upgrade} } }
         server { listen 127.0.0.1:${ports.nginxWithout}; location / { ${pass} } }`,
      ),
      startHaproxy(
        directory,
        `frontend plain\n mode http\n bind 127.0.0.1:${ports.haproxy}\n option forwardfor\n default_backend tracker
         frontend tls\n mode http\n bind 127.0.0.1:${ports.haproxyTls} ssl crt ${both} alpn http/1.1\n option forwardfor\n default_backend tracker
         backend tracker\n mode http\n timeout tunnel 1h\n server tracker 127.0.0.1:${plain.httpPort}
         listen tcp\n mode tcp\n bind 127.0.0.1:${ports.haproxyTcp}\n timeout tunnel 1h\n server tracker 127.0.0.1:${withHeader.httpPort} send-proxy-v2`,
      ),
    );
    const [nginx, haproxy] = programs.slice(-2);
    for (const [name, port] of Object.entries(ports)) {
      await accepting(port, name.startsWith('nginx') ? nginx : haproxy);
    }
  });

  after(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    authority?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const ways = [
    ['nginx', 'ws', 'nginx'],
    ['nginx with TLS', 'wss', 'nginxTls'],
    ['haproxy', 'ws', 'haproxy'],
    ['haproxy with TLS', 'wss', 'haproxyTls'],
    ['haproxy with the PROXY protocol', 'ws', 'haproxyTcp'],
  ] as const;
  for (const [name, scheme, port] of ways) {
    test(`the doctor finds nothing through ${name}`, async () => {
      const url = `${scheme}://localhost:${ports[port]}/announce`;
      const { findings } = await examine(url, { NODE_EXTRA_CA_CERTS: authority.rootPath });
      assert.deepEqual(
        findings.filter(({ verdict }) => verdict === 'fail'),
        [],
      );
      for (const id of ['round-trip', 'stopped', 'ping', 'offer-id', 'bep48']) {
        assert.equal(findings.find((finding) => finding.id === id)?.verdict, 'pass', id);
      }
    });
  }

  test('the doctor names the cause when nginx does not pass the upgrade on', async () => {
    const { findings } = await examine(`ws://localhost:${ports.nginxWithout}/announce`);
    const found = findings.find(({ id }) => id === 'no-upgrade');
    assert.equal(found?.verdict, 'fail', JSON.stringify(findings));
    assert.match(found!.advice, /must pass Upgrade and Connection on/);
  });
});

async function examine(url: string, env: Record<string, string> = {}): Promise<DoctorReport> {
  const { stdout, stderr } = await runQuery(['doctor', url, '-4', '-o', 'json', '--timeout', '8'], { env });
  assert.ok(stdout.startsWith('{'), stderr);
  return JSON.parse(stdout) as DoctorReport;
}
