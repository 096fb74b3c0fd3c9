// The systemd units: valid, as closed as they promise, and open enough for what the tracker does.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../program.ts';
import { mainScript } from '../tracker-program.ts';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const units = readdirSync(deploy).filter((name) => /\.(service|socket)$/.test(name));
const services = units.filter((name) => name.endsWith('.service'));
const analyzer = spawnSync('systemd-analyze', ['--version']).status === 0;
const skip = analyzer ? false : 'systemd-analyze is not here';

function settingsOf(unit: string): [string, string][] {
  const text = readFileSync(join(deploy, unit), 'utf8').replaceAll('\\\n', ' ');
  return [...text.matchAll(/^([A-Za-z0-9]+)=(.*)$/gm)].map(([, key, value]) => [key, value.trim()]);
}

function settingOf(unit: string, key: string): string | undefined {
  return settingsOf(unit).findLast(([name]) => name === key)?.[1];
}

describe('the units', { skip }, () => {
  test('are valid for systemd-analyze verify', (test) => {
    const directory = mkdtempSync(join(tmpdir(), 'caracal-units-'));
    test.after(() => rmSync(directory, { recursive: true }));
    // What they start is not installed on a machine that only tests.
    for (const unit of units) {
      const text = readFileSync(join(deploy, unit), 'utf8');
      writeFileSync(join(directory, unit), text.replace('/usr/local/bin/tracker-server', process.execPath));
    }
    const files = units.map((unit) => join(directory, unit));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...files], {
      encoding: 'utf8',
    });
    const complaints = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => /tracker[a-z-]*\.(service|socket)/.test(line));
    assert.deepEqual(complaints, []);
    assert.equal(status, 0, stderr);
  });

  for (const [unit, most] of [
    ['tracker.service', 1.5],
    ['tracker@.service', 1.5],
    ['tracker-activated.service', 0.5],
  ] as const) {
    test(`${unit} has an exposure of at most ${most}`, (test) => {
      const words = ['security', '--offline=true', '--no-pager', join(deploy, unit)];
      const { stdout, stderr } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
      const exposure = /exposure level[^\n]*: ([0-9.]+)/.exec(stdout)?.[1];
      test.diagnostic(`exposure ${exposure}`);
      assert.ok(exposure !== undefined && Number(exposure) <= most, `${exposure} ${stderr}`);
    });
  }
});

test('the units start the installed command as the user tracker', () => {
  for (const unit of services) {
    assert.match(settingOf(unit, 'ExecStart')!, /^\/usr\/local\/bin\/tracker-server /);
    assert.equal(settingOf(unit, 'User'), 'tracker');
    assert.equal(settingOf(unit, 'Type'), 'notify');
    assert.equal(settingOf(unit, 'MemoryDenyWriteExecute'), undefined, 'V8 aborts under it');
  }
});

test('every socket belongs to the activated service and keeps the families apart', () => {
  const sockets = units.filter((name) => name.endsWith('.socket'));
  // It would want every socket that it names, and one for HTTPS is not for everybody.
  assert.equal(settingOf('tracker-activated.service', 'Sockets'), undefined);
  for (const unit of sockets) {
    assert.equal(settingOf(unit, 'Service'), 'tracker-activated.service');
    assert.equal(settingOf(unit, 'BindIPv6Only'), 'ipv6-only');
    const addresses = settingsOf(unit).filter(([key]) => /^Listen(Stream|Datagram)$/.test(key));
    assert.deepEqual(
      addresses.map(([, value]) => value.replace(/:[0-9]+$/, '')),
      ['0.0.0.0', '[::]'],
    );
  }
});

/** The calls of a set such as `@system-service`, the sets within it resolved. */
function callsOf(set: string): string[] {
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager', set], {
    encoding: 'utf8',
  });
  const words = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  return words
    .filter((word) => word !== '' && !word.startsWith('#'))
    .flatMap((word) => (word.startsWith('@') ? callsOf(word) : [word]));
}

function callsThatPass(unit: string): Set<string> {
  const passing = new Set<string>();
  for (const [, value] of settingsOf(unit).filter(([key]) => key === 'SystemCallFilter')) {
    const sets = value.replace(/^~/, '').split(' ').flatMap(callsOf);
    for (const call of sets) {
      if (value.startsWith('~')) passing.delete(call);
      else passing.add(call);
    }
  }
  // systemd lets every service do these, or it could not start one.
  for (const call of ['execve', 'exit', 'exit_group', 'getrlimit', 'rt_sigreturn', 'sigreturn'])
    passing.add(call);
  return passing;
}

const filterTools =
  spawnSync('python3', ['-c', 'import ctypes; ctypes.CDLL("libseccomp.so.2")']).status === 0;
for (const unit of services) {
  const skipFilter = skip || (filterTools ? false : 'python3 with libseccomp is not here');
  test(`the tracker runs within the system calls of ${unit}, workers and all`, {
    skip: skipFilter,
  }, async (test) => {
    const passing = callsThatPass(unit);
    assert.ok(passing.size > 200 && !passing.has('setuid') && !passing.has('mount'));
    const filter = fileURLToPath(new URL('../../../test/deploy/under-seccomp.py', import.meta.url));
    const data = mkdtempSync(join(tmpdir(), 'caracal-seccomp-'));
    const chown = spawnSync('python3', [
      filter,
      ...passing,
      '--',
      '/bin/chown',
      `${process.getuid!()}`,
      data,
    ]);
    assert.notEqual(chown.status, 0, 'the filter forbids what it should');
    const tracker = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any', '--workers', '2'];
    const program = startProgram('python3', [
      filter,
      ...passing,
      '--',
      process.execPath,
      mainScript,
      ...tracker,
      '--data-dir',
      data,
    ]);
    test.after(async () => {
      await program.kill();
      rmSync(data, { recursive: true });
    });
    await program.printed(/Tracker running/);
    const [, httpPort] = await program.printed(/HTTP tracker listening on 127\.0\.0\.1:(\d+)/);
    const [, udpPort] = await program.printed(/UDP tracker listening on 127\.0\.0\.1:(\d+)/);
    assert.doesNotMatch(program.stdout, /socket workers cannot be used/);
    const query = fileURLToPath(new URL('../../src/query/main.js', import.meta.url));
    for (const url of [`http://127.0.0.1:${httpPort}/announce`, `udp://127.0.0.1:${udpPort}/announce`]) {
      const asked = startProgram(process.execPath, [query, '-t', url]);
      assert.equal((await asked.exit()).code, 0, asked.describe('failed'));
    }
    program.signal('SIGTERM');
    assert.equal((await program.exit()).code, 0, program.describe('did not end well'));
  });
}
