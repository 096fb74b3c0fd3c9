// A thread that fails under WebTorrent clients: its peers leave their swarms with it, and nobody else's do.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { findFastPath } from '../../../src/net/availability.ts';
import { TestAuthority } from '../../certificates.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import { startTracker } from '../../tracker-program.ts';
import { RawHttp } from '../../transport/http/raw-http.ts';
import { announceOf, id } from '../../transport/webtorrent/signalling.ts';
import { WsClient } from '../../transport/webtorrent/ws-client.ts';
import { type FailingThread, failingThreadVariable } from './failing-thread.ts';

const { reason } = findFastPath();
const skip = reason ?? false;
const authority = new TestAuthority();
after(() => authority.close());
const hook = pathToFileURL(join(import.meta.dirname, 'failing-thread.js')).href;
const clients = 24;

async function begin() {
  const directory = temporaryDirectory('failed-thread');
  const { chain, key } = authority.issue();
  writeFileSync(join(directory, 'cert'), chain);
  writeFileSync(join(directory, 'key'), key, { mode: 0o600 });
  const words = [
    ...['--workers', '2', '--stream-workers', '2', '--https-port', 'any'],
    ...['--cert', join(directory, 'cert'), '--key', join(directory, 'key')],
  ];
  const file = join(directory, 'fails');
  const env = { [failingThreadVariable]: file, NODE_OPTIONS: `--import ${hook}` };
  return { file, ...(await startTracker(words, env)) };
}

async function peersOf(swarm: string, port: number): Promise<number> {
  const http = await RawHttp.open(port);
  try {
    http.send(`GET /scrape?info_hash=${encodeURIComponent(id(swarm))} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const body = (await http.reply())!.body.toString();
    const count = (name: string) => Number(new RegExp(`${name}i(\\d+)e`).exec(body)![1]);
    return count('8:complete') + count('10:incomplete');
  } finally {
    http.socket.destroy();
  }
}

describe('the peers of a thread that fails', { skip }, () => {
  for (const kind of ['socket', 'stream'] as const) {
    for (const how of ['throws', 'exits'] as const) {
      test(`${kind} worker ${how}`, async () => {
        const { program, httpPort, httpsPort, file } = await begin();
        try {
          const secure = { port: httpsPort, path: '/', ca: authority.root };
          const of = kind === 'stream' ? secure : { port: httpPort, path: '/' };
          const all = await Promise.all(Array.from({ length: clients }, () => WsClient.open(of)));
          for (const [n, client] of all.entries()) {
            client.say(announceOf('swarm', `peer ${n}`, { numwant: 0, left: n % 2 }));
            await client.hear();
          }
          assert.equal(await peersOf('swarm', httpPort), clients);
          const left = () => all.filter(({ socket }) => !socket.closed).length;
          writeFileSync(file, `${kind} ${how}` satisfies FailingThread);
          for (let tries = 0; existsSync(file); tries++) {
            assert.ok(tries < 1000, program.describe('no thread has failed'));
            // It answers nobody any more who makes it look.
            const asker = connect(httpPort, '127.0.0.1', () => asker.write('GET / HTTP/1.0\r\n\r\n'));
            asker.on('error', () => {});
            await pause(10);
            asker.destroy();
          }
          await program.printed(new RegExp(`${kind} worker \\d failed and is started again`), 20_000);
          let known = -1;
          for (let tries = 0; tries < 100 && (left() === clients || known !== left()); tries++) {
            await pause(50);
            known = await peersOf('swarm', httpPort);
          }
          assert.ok(left() < clients, 'somebody was connected to the thread that failed');
          assert.equal(known, left());
          assert.ok(program.running);
          for (const client of all) client.end();
        } finally {
          await program.kill();
        }
      });
    }
  }
});
