// Sockets in directories whose paths are longer than an address of a UNIX socket: commands and takeovers work there too.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fastPath } from '../net/fast-path.ts';
import { startProgram } from '../program.ts';
import { mainScript, startTracker } from '../tracker-program.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-long-'));
after(() => rmSync(root, { recursive: true }));
const long = join(root, 'a'.repeat(100), 'b'.repeat(100));
mkdirSync(long, { recursive: true });
const command = (words: string[]) =>
  spawnSync(process.execPath, [mainScript, ...words], { encoding: 'utf8' });

test('a tracker in a data directory with a long path answers commands', async (test) => {
  const data = join(long, 'commands');
  const { program } = await startTracker(['--data-dir', data]);
  test.after(() => program.kill());
  assert.doesNotMatch(program.stdout, /will not work|no tracker can take/);
  const { status, stdout, stderr } = command(['status', '--data-dir', data]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /caracal|tracker/i);
  program.signal('SIGTERM');
  assert.equal((await program.exit(15_000)).code, 0);
  assert.match(command(['status', '--data-dir', data]).stderr, /no tracker answers/);
});

test('an admin socket with a long path works, and a name that is too long is said so', async (test) => {
  const socket = join(long, 'admin.sock');
  const { program } = await startTracker(['--admin-socket', socket]);
  test.after(() => program.kill());
  assert.equal(command(['status', '--admin-socket', socket]).status, 0);
  const name = join(long, `${'n'.repeat(120)}.sock`);
  for (const words of [[], ['--check']]) {
    const { status, stdout, stderr } = command([
      ...['--http-port', 'any', '--udp-port', 'any', '--host', '127.0.0.1', '--admin-socket', name],
      ...words,
    ]);
    assert.equal(status, 1);
    assert.match(stdout + stderr, /--admin-socket .* cannot be opened: the name of a socket is too long/);
  }
});

test('a tracker in a data directory with a long path can be taken over', {
  skip: fastPath.skip,
}, async (test) => {
  const data = ['--data-dir', join(long, 'takeover')];
  const { program: old, httpPort, udpPort } = await startTracker(data);
  test.after(() => old.kill());
  const ports = ['--host', '127.0.0.1', '--http-port', String(httpPort), '--udp-port', String(udpPort)];
  const next = startProgram(process.execPath, [mainScript, ...data, ...ports, '--takeover']);
  test.after(() => next.kill());
  await next.printed(/Tracker running/, 30_000);
  assert.match(next.stdout, /Took the other tracker's place/);
  assert.equal((await old.exit(15_000)).code, 0);
});
