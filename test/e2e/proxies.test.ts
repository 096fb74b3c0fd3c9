// nginx and haproxy really in front of the tracker: each way in which they pass the client's address on.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestAuthority } from '../certificates.ts';
import { type Program, pause } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { startTracker, type TrackerProgram } from '../tracker-program.ts';
import { freePorts } from './clients.ts';
import { accepting, startHaproxy, startNginx } from './proxies.ts';

/** Clients of a test come from these addresses of the loopback network; the proxies connect from 127.0.0.1. */
const clients = ['127.9.0.1', '127.9.0.2'];

/** The `external ip` that the tracker tells a client which connects from `localAddress`. */
function externalIp(port: number, localAddress: string, ca?: string): Promise<string> {
  const query = `info_hash=${'%02'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=6881&left=0`;
  const options = {
    host: '127.0.0.1',
    port,
    localAddress,
    path: `/announce?${query}`,
    timeout: 5000,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request =
      ca === undefined ? get(options) : getSecurely({ ...options, ca, servername: 'localhost' });
    request.once('error', reject).once('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject);
      response.once('end', () => {
        const body = Buffer.concat(pieces);
        const at = body.indexOf('11:external ip4:');
        if (at < 0) reject(new Error(`status ${response.statusCode}: ${body.toString('latin1')}`));
        else resolve([...body.subarray(at + 16, at + 20)].join('.'));
      });
    });
  });
}

async function eachClientIsItself(port: number, ca?: string): Promise<void> {
  for (const client of clients) assert.equal(await externalIp(port, client, ca), client);
}

describe('a tracker behind a proxy', { skip: skipWithout('nginx', 'haproxy') }, () => {
  let directory: string;
  let authority: TestAuthority;
  let plain: TrackerProgram;
  let withHeader: TrackerProgram;
  const programs: Program[] = [];
  const ports: Record<string, number> = {};

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'caracal-proxies-'));
    authority = new TestAuthority();
    const { chain, key } = authority.issue();
    const [cert, keyPath] = [join(directory, 'chain.pem'), join(directory, 'key.pem')];
    writeFileSync(cert, chain);
    writeFileSync(keyPath, key);
    const trust = ['--trusted-proxy', '127.0.0.1'];
    plain = await startTracker(trust);
    programs.push(plain.program);
    const https = ['--https-port', 'any', '--cert', cert, '--key', keyPath];
    withHeader = await startTracker([...trust, '--proxy-protocol', '--admin-port', 'any', ...https]);
    programs.push(withHeader.program);

    const names = ['nginx', 'outer', 'haproxyHttp', 'haproxyV1', 'haproxyV2', 'haproxyTls'];
    for (const [i, port] of (await freePorts(names.length)).entries()) ports[names[i]] = port;
    programs.push(
      startNginx(
        directory,
        `server { listen 127.0.0.1:${ports.nginx};
           location / { proxy_pass http://127.0.0.1:${plain.httpPort}; proxy_http_version 1.1;
             proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }
         server { listen 127.0.0.1:${ports.outer};
           location / { proxy_pass http://127.0.0.1:${ports.nginx};
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }`,
      ),
    );
    const tcp = (name: string, port: number, how: string) =>
      `listen ${name}\n mode tcp\n bind 127.0.0.1:${ports[name]}\n server tracker 127.0.0.1:${port} ${how}\n`;
    programs.push(
      startHaproxy(
        directory,
        `listen haproxyHttp\n mode http\n option forwardfor\n bind 127.0.0.1:${ports.haproxyHttp}\n` +
          ` server tracker 127.0.0.1:${plain.httpPort}\n` +
          tcp('haproxyV1', withHeader.httpPort, 'send-proxy') +
          tcp('haproxyV2', withHeader.httpPort, 'send-proxy-v2 proxy-v2-options unique-id,crc32c') +
          tcp('haproxyTls', withHeader.httpsPort, 'send-proxy-v2'),
      ),
    );
    const [nginx, haproxy] = programs.slice(-2);
    for (const name of names)
      await accepting(ports[name], name === 'nginx' || name === 'outer' ? nginx : haproxy);
  });

  after(async () => {
    for (const program of programs.reverse()) {
      // At SIGTERM nginx and haproxy end their own children; at SIGKILL they could not.
      program.signal('SIGTERM');
      await program.exit(5000).catch(() => program.kill());
    }
    authority?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('nginx passes clients on in X-Forwarded-For', () => eachClientIsItself(ports.nginx));
  test('two nginx in a row do too', () => eachClientIsItself(ports.outer));
  test('haproxy passes clients on in X-Forwarded-For', () => eachClientIsItself(ports.haproxyHttp));
  test('haproxy passes clients on with the PROXY protocol, v1', () => eachClientIsItself(ports.haproxyV1));
  test('haproxy passes clients on with the PROXY protocol, v2 with further fields', () =>
    eachClientIsItself(ports.haproxyV2));
  test('haproxy passes HTTPS on unopened, the PROXY header before it', () =>
    eachClientIsItself(ports.haproxyTls, authority.root));

  test('the tracker’s own look at its listeners sends the header too', async () => {
    const [, port] = await withHeader.program.printed(/Admin listening on http:\/\/127\.0\.0\.1:(\d+)/);
    for (let i = 0; i < 100; i++) {
      if ((await fetch(`http://127.0.0.1:${port}/health/ready`)).status === 200) return;
      await pause(50);
    }
    assert.fail(withHeader.program.describe('is never ready'));
  });

  test('a client that comes straight to the tracker is itself, header or not', async () => {
    assert.equal(await externalIp(plain.httpPort, clients[0]), clients[0]);
    assert.equal(await externalIp(withHeader.httpPort, clients[0]), clients[0]);
    assert.equal(await externalIp(withHeader.httpsPort, clients[0], authority.root), clients[0]);
  });
});
