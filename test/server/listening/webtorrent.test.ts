// The tracker as its operator starts it, and WebTorrent clients on its HTTP and HTTPS ports, whoever serves them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { TestAuthority } from '../../certificates.ts';
import { startTracker } from '../../tracker-program.ts';
import { RawHttp } from '../../transport/http/raw-http.ts';
import { announceOf, answerOf, id, offersOf } from '../../transport/webtorrent/signalling.ts';
import { NotOpened, WsClient } from '../../transport/webtorrent/ws-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-webtorrent-'));
const authority = new TestAuthority();
const certificate = authority.issue();
writeFileSync(join(directory, 'cert.pem'), certificate.chain);
writeFileSync(join(directory, 'key.pem'), certificate.key, { mode: 0o600 });
after(() => {
  authority.close();
  rmSync(directory, { recursive: true });
});
const https = [
  '--https-port',
  'any',
  '--cert',
  join(directory, 'cert.pem'),
  '--key',
  join(directory, 'key.pem'),
];

async function exchange(a: WsClient, b: WsClient, swarm: string): Promise<void> {
  a.say(announceOf(swarm, 'a', { left: 0, event: 'started' }));
  const first = await a.hear();
  assert.deepEqual([first.interval, first.complete, first.incomplete], [1800, 1, 0]);
  b.say(announceOf(swarm, 'b', { offers: offersOf('o1', 'o2') }));
  assert.deepEqual((await b.hear()).incomplete, 1);
  const { offer_id, peer_id, offer } = await a.hear();
  assert.deepEqual([offer_id, peer_id, offer.sdp], [id('o1'), id('b'), 'v=0 o1']);
  a.say(answerOf(swarm, 'a', 'b', 'o1'));
  const { answer } = await b.hear();
  assert.equal(answer.sdp, 'v=0 to o1');
}

for (const workers of ['0', '2']) {
  describe(`with --workers ${workers}`, () => {
    test('ws and wss meet on any path; scrapes over HTTP know of them; their end is heard of', async () => {
      const { program, httpPort, httpsPort } = await startTracker(['--workers', workers, ...https]);
      try {
        const plain = { port: httpPort, path: '/announce' };
        const secure = { port: httpsPort, path: '/tracker/socket?x=1', ca: authority.root };
        for (const [n, [of, to]] of [
          [plain, plain],
          [plain, secure],
          [secure, plain],
        ].entries()) {
          const a = await WsClient.open(of);
          const b = await WsClient.open(to);
          await exchange(a, b, `s${n}`);
          a.end();
          b.end();
        }
        // Many at once, so that every thread has some.
        const many = await Promise.all(Array.from({ length: 24 }, () => WsClient.open(plain)));
        for (const [n, client] of many.entries()) client.say(announceOf('many', `peer ${n}`, { numwant: 0 }));
        for (const client of many) await client.hear();
        many[0].say(
          announceOf('many', 'peer 0', {
            offers: offersOf(...Array.from({ length: 10 }, (_, n) => `o${n}`)),
          }),
        );
        await many[0].hear();
        let offered = 0;
        await Promise.race([
          pause(10_000),
          Promise.all(
            many.slice(1).map(async (client, n) => {
              const { offer_id } = await client.hear(20_000).catch(() => ({}));
              if (offer_id === undefined) return;
              offered++;
              client.say(answerOf('many', `peer ${n + 1}`, 'peer 0', offer_id));
            }),
          ),
          (async () => {
            for (let n = 0; n < 10; n++) assert.ok((await many[0].hear()).answer);
          })(),
        ]);
        assert.equal(offered, 10);
        const http = await RawHttp.open(httpPort);
        http.send(`GET /scrape?info_hash=${encodeURIComponent(id('many'))} HTTP/1.1\r\nHost: a\r\n\r\n`);
        assert.match((await http.reply())!.body.toString(), /10:incompletei24e/);
        for (const client of many) client.end();
        for (let left = 24; left > 0; await pause(50)) {
          http.send(`GET /scrape?info_hash=${encodeURIComponent(id('many'))} HTTP/1.1\r\nHost: a\r\n\r\n`);
          left = Number(/10:incompletei(\d+)e/.exec((await http.reply())!.body.toString())![1]);
        }
        http.socket.destroy();
        // It says goodbye.
        const last = await WsClient.open(plain);
        last.say(announceOf('s', 'a'));
        await last.hear();
        program.signal('SIGTERM');
        assert.equal(await last.hear(), 'close 1001');
        assert.equal(await last.hear(), 'end');
        assert.equal((await program.exited).code, 0);
        assert.doesNotMatch(program.stderr, /Error/);
      } finally {
        await program.kill();
      }
    });

    test('origins, bad handshakes, other protocols and --no-webtorrent', async () => {
      const { program, httpPort } = await startTracker([
        ...[
          '--workers',
          workers,
          '--ws-origin',
          'https://*.example.org',
          '--deny-ws-origin',
          'https://bad.example.org',
        ],
      ]);
      const opening = async (...fields: [string, string][]) => {
        try {
          (await WsClient.open({ port: httpPort, fields })).end();
          return 101;
        } catch (error) {
          if (!(error instanceof NotOpened)) throw error;
          return error.status;
        }
      };
      try {
        assert.equal(await opening(), 101);
        assert.equal(await opening(['Origin', 'https://good.example.org']), 101);
        assert.equal(await opening(['Origin', 'https://bad.example.org']), 403);
        assert.equal(await opening(['Origin', 'https://example.net']), 403);
        const answerTo = async (lines: string, headOnly = false) => {
          const http = await RawHttp.open(httpPort);
          http.send(`${lines.replaceAll('\n', '\r\n')}\r\n\r\n`);
          const reply = await http.reply(headOnly);
          http.socket.destroy();
          return reply!;
        };
        const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
        const upgrade = 'Upgrade: websocket\nConnection: Upgrade';
        const asked = await answerTo(
          `GET / HTTP/1.1\nHost: a\n${upgrade}\n${key}\nSec-WebSocket-Version: 13\nSec-WebSocket-Extensions: permessage-deflate`,
          true,
        );
        assert.equal(asked.status, 101);
        assert.equal(asked.fields.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
        assert.equal(asked.fields.has('sec-websocket-extensions'), false);
        const old = await answerTo(`GET / HTTP/1.1\nHost: a\n${upgrade}\n${key}\nSec-WebSocket-Version: 8`);
        assert.deepEqual([old.status, old.fields.get('sec-websocket-version')], [426, '13']);
        assert.equal(
          (await answerTo(`GET / HTTP/1.1\nHost: a\n${upgrade}\nSec-WebSocket-Version: 13`)).status,
          400,
        );
        // A client that would rather have HTTP/2 is answered over HTTP/1.1, twice.
        const http = await RawHttp.open(httpPort);
        const page =
          'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n';
        for (let n = 0; n < 2; n++) {
          http.send(page);
          assert.equal((await http.reply())!.status, 200);
        }
        http.socket.destroy();
      } finally {
        await program.kill();
      }
      const without = await startTracker(['--workers', workers, '--no-webtorrent']);
      try {
        await assert.rejects(WsClient.open({ port: without.httpPort, path: '/x' }), /^Error: HTTP\/1.1 404/);
      } finally {
        await without.program.kill();
      }
    });
  });
}

test('a socket that sends half a handshake has the time of a request', async () => {
  const { program, httpPort } = await startTracker(['--workers', '1']);
  try {
    const socket = connect({ port: httpPort, host: '127.0.0.1' });
    socket.write('GET / HTTP/1.1\r\nUpgrade: websocket\r\n');
    const began = performance.now();
    await new Promise((resolve) => socket.resume().once('close', resolve));
    assert.ok(performance.now() - began < 12_000);
  } finally {
    await program.kill();
  }
});
