// One swarm over both families and all protocols: who is given whom, and what --no-ipv4-mapped and --redirect-http change.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeCompactPeers, formatPeer } from '../../src/protocol/compact-peers.ts';
import { decodeHttpAnnounceReply } from '../../src/protocol/http-client-replies.ts';
import { TestAuthority } from '../certificates.ts';
import { type Program, startProgram } from '../program.ts';
import { mainScript } from '../tracker-program.ts';

let authority: TestAuthority;
let https: string[];
before(() => {
  authority = new TestAuthority();
  const { chain, key } = authority.issue();
  const [cert, keyPath] = [join(authority.directory, 'chain'), join(authority.directory, 'key')];
  writeFileSync(cert, chain);
  writeFileSync(keyPath, key);
  https = ['--https-port', 'any', '--cert', cert, '--key', keyPath];
});
after(() => authority.close());

interface Reply {
  status: number;
  location: string | undefined;
  body: Buffer;
}

/** A tracker on 127.0.0.1 and ::, and the URLs of its HTTP and HTTPS listeners on loopback, by family. */
async function start(...options: string[]) {
  const listen = [
    '--host',
    '127.0.0.1',
    '--ipv6',
    '--http-port',
    'any',
    '--udp-port',
    '0',
    '--domain',
    'localhost:1',
  ];
  const program = startProgram(process.execPath, [mainScript, ...listen, ...https, ...options]);
  await program.printed(/Tracker running/);
  const portOf = (pattern: RegExp) => Number(pattern.exec(program.stdout)![1]);
  const urls = {
    http4: `http://127.0.0.1:${portOf(/ HTTP .*127\.0\.0\.1:(\d+)/m)}`,
    http6: `http://[::1]:${portOf(/ HTTP .*\[::\]:(\d+)/m)}`,
    https4: `https://127.0.0.1:${portOf(/ HTTPS .*127\.0\.0\.1:(\d+)/m)}`,
    https6: `https://[::1]:${portOf(/ HTTPS .*\[::\]:(\d+)/m)}`,
  };
  return { program, urls };
}

function ask(url: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { agent: false as const, timeout: 5000 };
    const request = url.startsWith('https:')
      ? getSecurely(url, { ...options, ca: authority.root })
      : get(url, options);
    request.once('error', reject).once('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject);
      const { statusCode: status = 0, headers } = response;
      response.once('end', () =>
        resolve({ status, location: headers.location, body: Buffer.concat(pieces) }),
      );
    });
  });
}

/** The peers that an announce from `url`'s family is given: `peers`, then `peers6`. */
async function announce(url: string, port: number, seeding = false): Promise<string[][]> {
  const query = `info_hash=${'%03'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=${port}&left=${seeding ? 0 : 1}`;
  const { body } = await ask(`${url}/announce?${query}`);
  const { peers, peers6 } = decodeHttpAnnounceReply(body);
  assert.ok(!Array.isArray(peers));
  const list = (bytes: Uint8Array | undefined, family: 4 | 6) =>
    decodeCompactPeers(bytes ?? new Uint8Array(0), family)!
      .map(formatPeer)
      .sort();
  return [list(peers, 4), list(peers6, 6)];
}

async function withTracker(
  options: string[],
  body: (urls: Awaited<ReturnType<typeof start>>['urls']) => Promise<void>,
) {
  let program: Program | undefined;
  try {
    const started = await start(...options);
    program = started.program;
    await body(started.urls);
  } finally {
    await program?.kill();
  }
}

test('peers of both families meet over HTTP and HTTPS; IPv6 clients are given IPv4 ones mapped, after their own', () =>
  withTracker([], async ({ http4, http6, https4, https6 }) => {
    assert.deepEqual(await announce(http4, 1001), [[], []]);
    assert.deepEqual(await announce(https4, 1002), [['127.0.0.1:1001'], []]);
    assert.deepEqual(await announce(http6, 2001), [
      [],
      ['[::ffff:127.0.0.1]:1001', '[::ffff:127.0.0.1]:1002'],
    ]);
    assert.deepEqual(await announce(https6, 2002), [
      [],
      ['[::1]:2001', '[::ffff:127.0.0.1]:1001', '[::ffff:127.0.0.1]:1002'],
    ]);
    assert.deepEqual(await announce(http4, 1003), [['127.0.0.1:1001', '127.0.0.1:1002'], []]);
  }));

test('with --no-ipv4-mapped each family is given its own', () =>
  withTracker(['--no-ipv4-mapped'], async ({ http4, https6, http6 }) => {
    await announce(http4, 1001);
    await announce(http6, 2001);
    assert.deepEqual(await announce(https6, 2002), [[], ['[::1]:2001']]);
  }));

test('the redirect answers on both families, and HTTPS serves on', () =>
  withTracker(['--redirect-http'], async ({ http4, http6, https4, https6 }) => {
    for (const url of [http4, http6]) {
      const { status, location } = await ask(`${url}/announce?x=%01`);
      assert.equal(status, 301);
      assert.equal(location, 'https://localhost:1/announce?x=%01');
    }
    await announce(https4, 1001);
    assert.deepEqual(await announce(https6, 2001), [[], ['[::ffff:127.0.0.1]:1001']]);
  }));
