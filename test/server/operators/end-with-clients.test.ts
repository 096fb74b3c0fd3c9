// A tracker ends when it is told to, whatever the clients of its admin door do: those that do not read, that never finish a
// question, that send what is none, and that keep their half of the connection open.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pause } from '../../program.ts';
import { startTracker } from '../../tracker-program.ts';

const head = 'Host: localhost\r\n';
/** What each of the clients says before it stands still. */
const said: Record<string, string> = {
  'an event stream': `GET /api/v1/events HTTP/1.1\r\n${head}\r\n`,
  'many questions whose answers it does not read': `GET /api/v1/openapi.json HTTP/1.1\r\n${head}\r\n`.repeat(
    200,
  ),
  'a question and the end of it': `GET /metrics HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
  'half a question': `GET /metrics HTTP/1.1\r\n${head}`,
  'half a body': `POST /api/v1/snapshot HTTP/1.1\r\n${head}Content-Length: 100\r\nContent-Type: application/json\r\n\r\n{`,
  'no HTTP': 'no HTTP at all\r\n\r\n',
  'an upgrade': `GET /api/v1/events HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  'a CONNECT': `CONNECT localhost:80 HTTP/1.1\r\n${head}\r\n`,
  nothing: '',
};

test('SIGTERM ends a tracker although clients of its admin door hang, over TCP and its socket', async (test) => {
  const data = mkdtempSync(join(tmpdir(), 'caracal-end-'));
  const { program } = await startTracker(['--workers', '0', '--data-dir', data, '--admin-port', 'any']);
  test.after(async () => {
    await program.kill();
    rmSync(data, { recursive: true });
  });
  const [, port] = await program.printed(/Admin listening on http:\/\/127\.0\.0\.1:(\d+)/);
  const doors: NetConnectOpts[] = [
    { port: Number(port), host: '127.0.0.1' },
    { path: join(data, 'admin.sock') },
  ];
  for (const door of doors) {
    for (const words of Object.values(said)) {
      for (let count = 0; count < 3; count++) {
        const socket = connect({ ...door, allowHalfOpen: true }).pause();
        socket.on('error', () => {});
        test.after(() => socket.destroy());
        await once(socket, 'connect');
        socket.write(words);
      }
    }
  }
  await pause(1_000);
  program.signal('SIGTERM');
  assert.deepEqual(await program.exit(20_000), { code: 0, signal: null });
});
