import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFastPath } from '../../src/net/availability.ts';
import { koffiPackage } from '../../src/net/koffi.ts';
import { loadSystemCalls } from '../../src/net/system-calls.ts';
import { fastPath } from './fast-path.ts';

const availability = new URL('../../src/net/availability.js', import.meta.url).href;

/** What `findFastPath` says in a process that `preload`, a CommonJS script, has changed before. */
function reasonAfter(preload: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-net-'));
  const script = join(directory, 'preload.cjs');
  writeFileSync(script, preload);
  const program = `const { findFastPath } = await import('${availability}'); console.log(findFastPath().reason);`;
  const child = spawnSync(process.execPath, ['--require', script, '--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  rmSync(directory, { recursive: true });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout.trim();
}

const withKoffi = (body: string) => `
const Module = require('node:module');
const load = Module._load;
Module._load = function (request, ...rest) {
  if (request !== '${koffiPackage()}') return load.call(this, request, ...rest);
  ${body}
};`;

test('where the fast path works it has a reason to work', fastPath, () => {
  assert.equal(findFastPath().calls, loadSystemCalls().calls);
  assert.equal(findFastPath().reason, undefined);
});

test('a missing koffi is one line that says so', () => {
  const reason = reasonAfter(
    withKoffi(`throw new Error("Cannot find module 'the binary'\\nRequire stack:\\n- x");`),
  );
  if (process.platform !== 'linux') return;
  assert.equal(reason, `the package ${koffiPackage()} cannot be loaded: Cannot find module 'the binary'`);
});

test('a koffi that cannot open the C library is one line that says so', fastPath, () => {
  const body = `return { load() { throw new Error('no such library'); } };`;
  assert.equal(reasonAfter(withKoffi(body)), 'the C library cannot be called: no such library');
});

test('the C library is found by its name where the program’s own symbols cannot be had', fastPath, () => {
  const body = `
  const koffi = load.call(this, request, ...rest);
  return { ...koffi, load: (name) => {
    if (name === null) throw new Error('no symbols of its own');
    return koffi.load(name);
  } };`;
  assert.equal(reasonAfter(withKoffi(body)), 'undefined');
});

test('a sandbox that forbids a system call is found out before the tracker starts', fastPath, () => {
  const body = `
  const koffi = load.call(this, request, ...rest);
  return { ...koffi, address: koffi.address, load: (name) => {
    const library = koffi.load(name);
    return { func: (call, ...signature) => (call === 'epoll_create1' ? () => -1 : library.func(call, ...signature)) };
  }, errno: () => 1 };`;
  assert.equal(
    reasonAfter(withKoffi(body)),
    'a trial on loopback failed: epoll_create1: operation not permitted (EPERM)',
  );
});

test('another system or processor is named', () => {
  const reason = reasonAfter(`Object.defineProperty(process, 'platform', { value: 'darwin' });`);
  assert.equal(reason, 'it needs Linux, and this is darwin');
  if (process.platform !== 'linux') return;
  const other = reasonAfter(`Object.defineProperty(process, 'arch', { value: 'riscv64' });`);
  assert.equal(other, 'it is made for x64 and arm64 processors, and this is riscv64');
});
