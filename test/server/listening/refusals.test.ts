// What is turned away before it is a request, and what is answered with few peers: each has a name in the figures.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Stats } from '../../../src/admin/schema.ts';
import { parseIp } from '../../../src/protocol/ip-address.ts';
import { encodeProxyLine } from '../../../src/protocol/proxy-protocol.ts';
import { createHttpOpeners, createHttpParts } from '../../../src/server/listening/http-listeners.ts';
import type { ListenerParts } from '../../../src/server/listening/listener.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { AcmeChallenges } from '../../../src/transport/http/acme-challenges.ts';
import type { TransportCounts } from '../../../src/transport/transport-counts.ts';
import { TestAuthority } from '../../certificates.ts';
import { pause } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';
import { createContractTracker } from '../../transport/contract.ts';
import { RawHttp } from '../../transport/http/raw-http.ts';
import { type AdminTracker, startAdminTracker } from '../operators/admin-tracker.ts';

const proxy = '127.0.0.2';
const client = parseIp('90.0.0.1')!;
const headerLine = Buffer.from(
  encodeProxyLine({ source: client, sourcePort: 4711, destination: client, destinationPort: 6969 }),
);
const announcePath = `/announce?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=1`;
const request = `GET ${announcePath} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

describe('a tracker with HTTPS behind a proxy that speaks the PROXY protocol', () => {
  let authority: TestAuthority;
  let directory: string;
  let tracker: AdminTracker;

  before(async () => {
    authority = new TestAuthority();
    directory = mkdtempSync(join(tmpdir(), 'caracal-refusals-'));
    const { chain, key } = authority.issue();
    writeFileSync(join(directory, 'chain.pem'), chain);
    writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
    tracker = await startAdminTracker([
      ...['--https-port', 'any', '--cert', join(directory, 'chain.pem'), '--key', join(directory, 'key.pem')],
      ...['--trusted-proxy', proxy, '--proxy-protocol', '--rate-limit', 'http=1:3', '--workers', '0'],
      ...['--data-dir', join(directory, 'data')],
    ]);
  });

  after(async () => {
    await tracker?.program.kill();
    authority?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The value of a series of /metrics. */
  async function metric(series: string): Promise<number> {
    const text = await (await fetch(`${tracker.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    assert.ok(line, `no ${series}`);
    return Number(line.slice(series.length));
  }

  const refusals = (transport: string, reason: string) =>
    metric(`tracker_requests_refused_total{transport="${transport}",reason="${reason}"}`);

  /** Waits until the tracker has noticed. */
  async function becomes(read: () => Promise<number>, wanted: number): Promise<void> {
    for (let tries = 0; (await read()) !== wanted; tries++) {
      assert.ok(tries < 100, `still ${await read()}, not ${wanted}`);
      await pause(20);
    }
  }

  async function ask(): Promise<string> {
    const connection = await RawHttp.open(tracker.httpPort, '127.0.0.1', proxy);
    connection.send(Buffer.concat([headerLine, Buffer.from(request)]));
    const reply = await connection.reply();
    connection.close();
    return String(reply?.body);
  }

  test('counts who announces again too early, and then who asks too often', async () => {
    assert.match(await ask(), /8:interval/);
    assert.match(await ask(), /8:interval/);
    assert.equal(await metric('tracker_early_announces_total{transport="http"}'), 1);
    while (!/too many requests/.test(await ask()));
    assert.equal(await refusals('http', 'rate_limited'), 1);
  });

  test('counts a proxy without its header, over HTTP and over HTTPS, and tells the two apart', async () => {
    const both = () => Promise.all(['http', 'https'].map((one) => refusals(one, 'proxy_header_missing')));
    for (const [transport, port, expected] of [
      ['https', tracker.httpsPort, [0, 1]],
      ['http', tracker.httpPort, [1, 1]],
    ] as const) {
      const connection = await RawHttp.open(port, '127.0.0.1', proxy);
      connection.send(request);
      await connection.end();
      connection.close();
      await becomes(() => refusals(transport, 'proxy_header_missing'), 1);
      assert.deepEqual(await both(), expected);
    }
  });

  test('counts a TLS handshake that fails, and one that does not', async () => {
    const done = await metric('tracker_tls_handshakes_total');
    const connection = await RawHttp.open(tracker.httpsPort);
    connection.send(request);
    await connection.end();
    connection.close();
    await becomes(() => refusals('https', 'handshake_failed'), 1);
    assert.equal(await refusals('http', 'handshake_failed'), 0);
    const options = ['s_client', '-connect', `127.0.0.1:${tracker.httpsPort}`, '-CAfile', authority.rootPath];
    assert.equal(spawnSync('openssl', options, { input: '' }).status, 0);
    // Announces to itself may be among them.
    assert.ok((await metric('tracker_tls_handshakes_total')) > done);
  });

  test('counts an announce over HTTPS as such', async () => {
    const started = (transport: string) =>
      metric(`tracker_announces_total{transport="${transport}",family="ipv4",event="started"}`);
    const path = `${announcePath}&event=started`;
    const status = await new Promise((resolve, reject) => {
      get({ port: tracker.httpsPort, host: 'localhost', family: 4, path, ca: authority.root, agent: false })
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject);
    });
    assert.equal(status, 200);
    assert.deepEqual([await started('https'), await started('http')], [1, 0]);
  });

  test('shows open HTTPS connections as such', async () => {
    await becomes(() => metric('tracker_connections{transport="https"}'), 0);
    const connection = await RawHttp.open(tracker.httpsPort);
    await becomes(() => metric('tracker_connections{transport="https"}'), 1);
    assert.equal(await metric('tracker_connections{transport="http"}'), 0);
    connection.close();
    await becomes(() => refusals('https', 'handshake_failed'), 2);
  });

  test('says the same in the API and on the terminal', async () => {
    // Figures are of the last full second.
    await pause(1200);
    const { refused, transports } = (await (await fetch(`${tracker.url}/api/v1/stats`)).json()) as Stats;
    const { rate_limited, handshake_failed, proxy_header_missing } = refused;
    assert.deepEqual([rate_limited, handshake_failed, proxy_header_missing], [1, 2, 2]);
    const early = transports.find(({ transport }) => transport === 'http')!.early_announces;
    assert.ok(early >= 1);
    const words = [mainScript, 'status', '--data-dir', join(directory, 'data')];
    const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.match(stdout, new RegExp(`^announces .* ${early} too early, given few peers$`, 'm'));
    assert.match(stdout, /^refused .*rate_limited 1, handshake_failed 2, proxy_header_missing 2$/m);
    assert.match(stdout, /^HTTPS +\S+ +\S+ +\d+ /m);
  });
});

test('connections that are turned away are told apart by listener and by reason', () => {
  const parts = {
    ...{ configuration: defaultConfiguration({ workers: 0 }), tracker: createContractTracker() },
    ...{ certificates: undefined, challenges: new AcmeChallenges(), failed: assert.ifError },
  } as unknown as ListenerParts;
  const http = createHttpParts([], parts, () => {});
  http.counters.http.connectionsRefused = 2;
  http.counters.https.connectionsRefused = 5;
  http.counters.https.connectionsRateLimited = 3;
  const { HTTP, HTTPS } = createHttpOpeners(parts, http, undefined);
  const turnedAway = ({ refused }: TransportCounts) => [
    refused.too_many_connections,
    refused.connection_rate_limited,
  ];
  assert.deepEqual(turnedAway(HTTP.counts()), [2, 0]);
  assert.deepEqual(turnedAway(HTTPS.counts()), [5, 3]);
});
