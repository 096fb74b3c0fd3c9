// tracker-query against trackers that no one here wrote, and against our own, over each protocol and family they have.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestAuthority } from '../certificates.ts';
import { skipWithout } from '../system-tools.ts';
import {
  freePort,
  listedInfoHash,
  type OtherTracker,
  type OwnTracker,
  skipWithoutBittorrentTracker,
  startBittorrentTracker,
  startOpentracker,
  startOwn,
} from './other-trackers.ts';
import { runQuery } from './run-query.ts';

interface Peer {
  ip: string;
  port: number;
}

async function announce(url: string, more: string[], env: Record<string, string> = {}) {
  const { code, stdout } = await runQuery(['-t', url, '-H', listedInfoHash, '-o', 'json', '-p', ...more], {
    env,
  });
  assert.equal(code, 0, `${more.join(' ')}: ${stdout}`);
  const document = JSON.parse(stdout);
  return { ...document, ports: (document.peer_list as Peer[]).map(({ port }) => port) };
}

/** Peer 7001 starts, peer 7002 is given it, 7001 stops, 7002 is given it no more; all events are accepted. */
async function meetPeers(url: string, env: Record<string, string> = {}): Promise<void> {
  await announce(url, ['--port', '7001', '--no-cleanup'], env);
  const met = await announce(url, ['--port', '7002', '--no-cleanup'], env);
  assert.ok(met.ports.includes(7001), JSON.stringify(met));
  assert.equal(met.seeds, 0);
  await announce(url, ['--port', '7001', '-e', 'paused', '--no-cleanup'], env);
  const complete = await announce(url, ['--port', '7001', '-e', 'completed', '--no-cleanup'], env);
  assert.equal(complete.seeds, 1);
  await scrapeOne(url, 1, env);
  await announce(url, ['--port', '7001', '-e', 'stopped'], env);
  const later = await announce(url, ['--port', '7002', '-e', 'none'], env);
  assert.ok(!later.ports.includes(7001), JSON.stringify(later));
}

async function scrapeOne(url: string, complete: number, env: Record<string, string>): Promise<void> {
  const { code, stdout } = await runQuery(['-t', url, '-s', '-H', listedInfoHash, '-o', 'json'], { env });
  assert.equal(code, 0, stdout);
  const { torrents, compliance_warnings: oddities } = JSON.parse(stdout);
  assert.equal(torrents[0].complete, complete);
  // bittorrent-tracker 11.2.3 writes the key as UTF-8, which is longer than the 20 bytes of the info_hash.
  if (torrents[0].info_hash.length === 40) assert.equal(torrents[0].info_hash, listedInfoHash);
  else assert.match(oddities.join(), /20 bytes/);
}

/** The ids of what the doctor finds fault with. */
async function faults(url: string, env: Record<string, string> = {}): Promise<Record<string, string>> {
  const { stdout } = await runQuery(['doctor', url, '-H', listedInfoHash, '-o', 'json'], { env });
  const { findings } = JSON.parse(stdout) as { findings: { id: string; verdict: string }[] };
  assert.equal(findings.find(({ id }) => id === 'round-trip')?.verdict, 'pass', stdout);
  const found = findings.filter(({ verdict }) => verdict === 'warn' || verdict === 'fail');
  return Object.fromEntries(found.map(({ id, verdict }) => [id, verdict]));
}

// Trackers at the same time, the questions to one of them in turn: they are about one and the same swarm.
describe('tracker-query meets', { concurrency: 3 }, () => {
  describe('opentracker', { concurrency: 1, skip: skipWithout('opentracker') }, () => {
    let tracker: OtherTracker;
    before(async () => {
      tracker = await startOpentracker();
    });
    after(() => tracker.close());

    for (const protocol of ['http', 'udp'] as const) {
      test(`is announced to and scraped over ${protocol}`, async () => await meetPeers(tracker[protocol]));
      test(`is examined over ${protocol}: it hands out port 0 and the asker itself`, async () => {
        const found = await faults(tracker[protocol]);
        assert.equal(found['port-zero'], 'fail');
        assert.equal(found.self, 'warn');
        assert.equal(found['foreign-address'], undefined);
      });
    }

    test('refuses a torrent that it does not serve, over HTTP with a reason and over UDP with 8 bytes', async () => {
      const http = await runQuery(['-t', tracker.http, '-o', 'json']);
      assert.equal(http.code, 1);
      assert.match(JSON.parse(http.stdout).failure_reason, /not authorized/);
      const udp = await runQuery(['-t', tracker.udp, '-o', 'json']);
      assert.equal(udp.code, 1);
      assert.match(JSON.parse(udp.stdout).error, /opentracker/);
    });
  });

  describe('bittorrent-tracker', { skip: skipWithoutBittorrentTracker() }, () => {
    for (const host of ['127.0.0.1', '::1']) {
      describe(`on ${host}`, { concurrency: 1 }, () => {
        let tracker: OtherTracker;
        before(async () => {
          tracker = await startBittorrentTracker(host);
        });
        after(() => tracker.close());

        test('is announced to and scraped over http', async () => await meetPeers(tracker.http));

        test('is announced to over udp', async () => {
          if (host === '127.0.0.1') await meetPeers(tracker.udp);
          else {
            // It gives IPv6 clients peers of 6 bytes, which is what the check of the stride is for.
            await announce(tracker.udp, ['--port', '7001', '--no-cleanup']);
            const { code, stdout } = await runQuery(['-t', tracker.udp, '-H', listedInfoHash, '-o', 'json']);
            assert.ok(code === 0 || code === 1, stdout);
          }
        });

        test('is examined: its constant connection_id and its trust in the IP field are found out', async () => {
          if (host === '::1') return;
          const found = await faults(tracker.udp);
          assert.equal(found['foreign-address'], 'warn');
          assert.equal(found['connection-id-address'], 'fail');
          assert.equal(found['port-zero'], 'warn');
        });
      });
    }
  });

  describe('our own tracker', { concurrency: 2 }, () => {
    const authority = new TestAuthority();
    const { chain, leaf, key } = authority.issue({ days: 25 });
    const files = { chain, leaf, key };
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(authority.directory, `${name}.pem`), text);
    const path = (name: keyof typeof files) => join(authority.directory, `${name}.pem`);
    const trusting = { NODE_EXTRA_CA_CERTS: authority.rootPath };
    const https = (certificate: 'chain' | 'leaf') => [
      '--https-port',
      'any',
      '--cert',
      path(certificate),
      '--key',
      path('key'),
    ];
    after(() => authority.close());

    for (const host of ['127.0.0.1', '::1']) {
      describe(`on ${host}`, { concurrency: 1 }, () => {
        let tracker: OwnTracker;
        before(async () => {
          tracker = await startOwn(host, https('chain'));
        });
        after(() => tracker.close());

        for (const protocol of ['http', 'https', 'udp'] as const) {
          test(`is announced to and scraped over ${protocol}`, async () =>
            await meetPeers(tracker[protocol], trusting));
          test(`has nothing for the doctor to find over ${protocol}`, async () => {
            assert.deepEqual(await faults(tracker[protocol], trusting), {});
          });
        }

        test('refuses a full scrape', async () => {
          const { code, stdout } = await runQuery(['-t', tracker.http, '--full-scrape']);
          assert.equal(code, 1);
          assert.match(stdout, /full scrape not allowed/);
        });

        test('is not trusted without its authority, unless that is asked for', async () => {
          const refused = await runQuery(['-t', tracker.https]);
          assert.equal(refused.code, 1);
          assert.match(refused.stdout, /TLS: .*not trusted/);
          assert.equal((await runQuery(['-t', tracker.https, '--insecure'])).code, 0);
          assert.equal((await faults(tracker.https))['tls-chain'], 'fail');
        });
      });
    }

    test('redirects HTTP to HTTPS: the announce follows, the doctor shows where to', async () => {
      const port = String(await freePort());
      const words = [
        ...https('chain'),
        '--https-port',
        port,
        '--redirect-http',
        '--domain',
        `localhost:${port}`,
      ];
      const tracker = await startOwn('127.0.0.1', words);
      try {
        const { code, stdout } = await runQuery(['-t', tracker.http, '-o', 'json'], { env: trusting });
        assert.equal(code, 0, stdout);
        assert.equal(JSON.parse(stdout).tracker_id, 'Wildkat');
        assert.deepEqual(await faults(tracker.http, trusting), { redirects: 'warn' });
      } finally {
        await tracker.close();
      }
    });

    test('with its certificate alone, without the intermediate one, is found out', async () => {
      const tracker = await startOwn('127.0.0.1', https('leaf'));
      try {
        const { code, stdout } = await runQuery(['-t', tracker.https], { env: trusting });
        assert.equal(code, 1);
        assert.match(stdout, /chain is incomplete/);
        assert.equal((await faults(tracker.https, trusting))['tls-chain'], 'fail');
      } finally {
        await tracker.close();
      }
    });
  });
});
