// HTTP on the socket workers as the whole tracker serves it: every thread, what is handed on, and what a thread leaves behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFastPath } from '../../../src/net/availability.ts';
import { Log } from '../../../src/server/log/log.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import type { RunningTracker } from '../../../src/server/running-tracker.ts';
import { StartError } from '../../../src/server/start-error.ts';
import { startTrackerServer } from '../../../src/server/tracker-server.ts';
import { pause } from '../../program.ts';
import { RawHttp } from '../../transport/http/raw-http.ts';

const skip = findFastPath().reason ?? false;
const hash = 'a'.repeat(20);
const get = (target: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\nHost: t\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const announce = (port: number) =>
  get(`/announce?info_hash=${hash}&peer_id=-CC0100-abcdefghijkl&port=${port}&left=1`);

async function start(
  changes: Parameters<typeof defaultConfiguration>[0] = {},
): Promise<{ server: RunningTracker; port: number; lines: string[] }> {
  const lines: string[] = [];
  const configuration = defaultConfiguration({
    host: '127.0.0.1',
    httpPort: 'any',
    udpPort: 'any',
    memoryLimit: 16 * 2 ** 20,
    workers: 2,
    ...changes,
  });
  const log = new Log(
    { write: (line) => void lines.push(line) },
    { format: 'text', verbose: configuration.verbose, style: plainStyle },
  );
  const server = await startTrackerServer(configuration, log);
  return { server, port: server.addresses.find(({ protocol }) => protocol === 'HTTP')!.port, lines };
}

async function ask(port: number, request: string): Promise<string> {
  const connection = await RawHttp.open(port);
  connection.send(request);
  const reply = await connection.reply();
  connection.close();
  return `${reply?.status} ${reply?.body.toString('latin1')}`;
}

test('many connections over two threads meet in one swarm', { skip }, async (t) => {
  const { server, port } = await start();
  t.after(() => server.close());
  for (let peer = 1; peer <= 40; peer++) {
    assert.match(await ask(port, announce(6880 + peer)), new RegExp(`10:incompletei${peer}e`));
  }
});

test('a full scrape is handed to the main thread, and the connection goes on there', { skip }, async (t) => {
  const { server, port } = await start({ fullScrape: true });
  t.after(() => server.close());
  const connection = await RawHttp.open(port);
  connection.send(announce(6881) + get('/scrape') + announce(6882));
  assert.equal((await connection.reply())?.status, 200);
  assert.match((await connection.reply())!.body.toString(), /d5:filesd20:a{20}d8:complete/);
  assert.match((await connection.reply())!.body.toString('latin1'), /10:incompletei2e/);
  connection.send(announce(6883));
  assert.match((await connection.reply())!.body.toString('latin1'), /10:incompletei3e/);
  connection.close();
});

test('a second tracker cannot have the port, nor hide behind the sharing of sockets', { skip }, async (t) => {
  const { server, port } = await start();
  t.after(() => server.close());
  await assert.rejects(start({ httpPort: port }), StartError);
  await assert.rejects(start({ httpPort: port, workers: 0 }), StartError);
});

test('a verbose log has a line for a request, whichever thread answers it', { skip }, async (t) => {
  const { server, port, lines } = await start({ verbose: true });
  t.after(() => server.close());
  await ask(port, announce(6881));
  for (let tries = 0; tries < 200 && !lines.some((line) => line.includes('announce ')); tries++)
    await pause(10);
  assert.ok(
    lines.some((line) => line.includes('info_hash=6161')),
    lines.join('\n'),
  );
});

test('an idle connection ends when the tracker does, and an answer under way is not cut off', {
  skip,
}, async () => {
  const { server, port } = await start();
  const idle = await RawHttp.open(port);
  idle.send(announce(6881));
  await idle.reply();
  const busy = await RawHttp.open(port);
  busy.send(announce(6882).slice(0, -2));
  await pause(50);
  const closed = server.close();
  busy.send('\r\n');
  assert.match((await busy.reply())!.body.toString('latin1'), /10:incompletei2e/);
  await idle.end();
  await closed;
  idle.close();
  busy.close();
});
