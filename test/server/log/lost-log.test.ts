// A tracker whose log cannot be written: it serves, counts what is lost, says so later, and ends when it is told to.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Log } from '../../../src/server/log/log.ts';
import { LogOutput } from '../../../src/server/log/log-output.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { pause } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-lost-log-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

/** A pipe by its two descriptors; the end that is read does not wait. */
function pipe(): { read: number; write: number } {
  const path = join(directory, `pipe-${++count}`);
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { read, write: openSync(path, constants.O_WRONLY) };
}

function fill(path: number): void {
  const full = openSync(`/proc/self/fd/${path}`, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(full, 'x'.repeat(4096));
  } catch {
    // Full now.
  }
  closeSync(full);
}

function drain(fd: number): string {
  const buffer = Buffer.alloc(65_536);
  let text = '';
  try {
    for (let read = 1; read > 0; ) {
      read = readSync(fd, buffer);
      text += buffer.toString('latin1', 0, read);
    }
  } catch {
    // Empty now.
  }
  return text;
}

test('what is being written to a file when the log is closed stands there once', () => {
  for (let round = 0; round < 50; round++) {
    const path = join(directory, `file-${round}`);
    const fd = openSync(path, 'w');
    const output = new LogOutput(fd, () => {});
    output.write('Shutting down.\n');
    output.write('Saved 0 peers.\n');
    output.close();
    assert.equal(readFileSync(path, 'utf8'), 'Shutting down.\nSaved 0 peers.\n');
    closeSync(fd);
  }
});

describe('the output of the log', () => {
  test('loses and counts what a reader that stands still leaves no room for, and says so once it reads again', async () => {
    const { read, write } = pipe();
    let log: Log | undefined;
    const output = new LogOutput(write, (lost) =>
      log!.warn('log lines could not be written', { lines: lost }),
    );
    log = new Log(output, { format: 'text', verbose: false, style: plainStyle });
    const started = performance.now();
    for (let line = 0; line < 20_000; line++) log.info(`line ${line} ${'x'.repeat(80)}`);
    assert.ok(performance.now() - started < 5_000, 'nobody waited');
    const lost = log.linesLost;
    assert.ok(lost > 10_000 && lost < 20_000, `${lost}`);
    let text = '';
    for (let tries = 0; tries < 200 && !text.includes('could not be written'); tries++) {
      text += drain(read);
      await pause(25);
    }
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.pop(), `Warning: log lines could not be written lines=${lost}`);
    assert.equal(lines.length, 20_000 - lost);
    assert.ok(
      lines.every((line, index) => line.startsWith(`line ${index} `)),
      'whole and in order',
    );
    output.close();
    closeSync(read);
    closeSync(write);
  });

  test('leaves a pipe that others write into as it was', () => {
    const { read, write } = pipe();
    const flags = () => readFileSync(`/proc/self/fdinfo/${write}`, 'utf8');
    const before = flags();
    const output = new LogOutput(write, () => {});
    output.write('a\n');
    assert.equal(drain(read), 'a\n');
    assert.equal(flags(), before);
    closeSync(read);
    closeSync(write);
  });
});

const options = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any', '--workers', '0'];

describe('a tracker ends on SIGTERM', () => {
  /** Once it runs: its parent cannot read that from a log that is lost, so from its data directory. */
  async function started(data: string, stdout: number, test: TestContext): Promise<ChildProcess> {
    const child = spawn(process.execPath, [mainScript, ...options, '--data-dir', data], {
      stdio: ['ignore', stdout, 'ignore'],
    });
    test.after(() => void child.kill('SIGKILL'));
    for (let tries = 0; ; tries++) {
      assert.ok(tries < 500 && child.exitCode === null, 'it did not start');
      const { status } = spawnSync(process.execPath, [mainScript, 'status', '--data-dir', data]);
      if (status === 0) return child;
      await pause(50);
    }
  }
  async function assertEnds(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await Promise.race([ended, pause(9_000).then(() => ['still running'])]);
    assert.equal(code, 0);
  }

  test('while its log is full (/dev/full)', async (test) => {
    const full = openSync('/dev/full', 'w');
    test.after(() => closeSync(full));
    await assertEnds(await started(join(directory, 'full'), full, test));
  });

  test('while the reader of its log stands still', async (test) => {
    const { read, write } = pipe();
    fill(write);
    const child = await started(join(directory, 'pipe'), write, test);
    await assertEnds(child);
    closeSync(read);
    closeSync(write);
  });

  test('after the reader of its log has gone', async (test) => {
    const { read, write } = pipe();
    const child = await started(join(directory, 'gone'), write, test);
    closeSync(read);
    await assertEnds(child);
    closeSync(write);
  });
});

/** Runs a command as the leader of a terminal's session; at the first `running` closes the terminal. */
const closeTerminal = `
import os, pty, sys, time
child, master = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while b'Tracker running' not in seen:
    seen += os.read(master, 4096)
print(seen.decode(errors='replace'), flush=True)
os.close(master)
for _ in range(150):
    if os.waitpid(child, os.WNOHANG)[0] != 0: sys.exit(0)
    time.sleep(0.1)
os.kill(child, 9)
sys.exit(7)
`;
const python = spawnSync('python3', ['-c', 'import pty']).status === 0;
describe('a tracker on a terminal that closes', { skip: python ? false : 'python3 is not here' }, () => {
  const checkout = fileURLToPath(new URL('../../../../', import.meta.url));
  for (const [name, command] of [
    ['ends', [process.execPath, mainScript]],
    ['ends under npm start', ['npm', 'start', '--prefix', checkout, '--']],
    [
      'ends in a shell that goes too',
      ['bash', '-c', `'${process.execPath}' '${mainScript}' "$@"; exit $?`, 'sh'],
    ],
  ] as const) {
    test(name, async () => {
      const mark = `caracal-${process.pid}-${++count}`;
      const words = [...command, ...options, '--tracker-id', mark];
      const { status, stdout, stderr } = spawnSync('python3', ['-c', closeTerminal, ...words], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout + stderr);
      for (let tries = 0; tries < 120 && running(mark).length > 0; tries++) await pause(100);
      assert.deepEqual(running(mark), []);
    });
  }

  test('goes on when its log and its input are elsewhere, and reads its files again', async (test) => {
    const log = openSync(join(directory, 'elsewhere.log'), 'w');
    const child = spawn(process.execPath, [mainScript, ...options], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    test.after(() => void child.kill('SIGKILL'));
    const text = () => readFileSync(join(directory, 'elsewhere.log'), 'utf8');
    for (let tries = 0; tries < 400 && !text().includes('Tracker running'); tries++) await pause(25);
    child.kill('SIGHUP');
    for (let tries = 0; tries < 200 && !text().includes('nothing to reload'); tries++) await pause(25);
    assert.match(text(), /SIGHUP: there is nothing to reload/);
    assert.equal(child.exitCode, null);
    closeSync(log);
  });
});

/** Processes with this word in their command line. */
function running(mark: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,args', '-ww'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(mark) && !line.includes('ps -eo'));
}
