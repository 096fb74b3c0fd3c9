// The packages for 64-bit ARM, emulated: their Node.js and koffi, socket workers with their system calls, an announce over UDP and
// over HTTP.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildPackages, version } from '../deploy/built-packages.ts';
import { skipWithout } from '../system-tools.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { assertAnswers } from './answering-tracker.ts';

const emulator = 'qemu-aarch64-static';
const libraries = '/usr/aarch64-linux-gnu';

/** False where it can be tried. Debian: qemu-user-static, libc6-arm64-cross, libstdc++6-arm64-cross. */
function reasonNot(): string | false {
  if (process.platform !== 'linux' || process.arch === 'arm64')
    return 'it is tried from another processor, on Linux';
  if (spawnSync(emulator, ['--version']).status !== 0) return `${emulator} is not here`;
  if (!existsSync(join(libraries, 'lib/libstdc++.so.6'))) return `${libraries} is not here`;
  return skipWithout('dpkg-deb');
}

test('the packages for arm64 hold a tracker whose socket workers answer', {
  skip: reasonNot(),
}, async (t) => {
  const directory = temporaryDirectory('arm64');
  const packages = await buildPackages(directory, '--arch', 'arm64', '--format', 'deb');
  const system = join(directory, 'system');
  for (const file of packages) execFileSync('dpkg-deb', ['--extract', file, system]);
  const node = join(system, 'usr/lib/caracal-node/bin/node');
  // As /usr/bin/caracal calls it, which is a script of this machine's shell.
  const main = join(system, 'usr/lib/caracal/dist/src/main.js');
  const command = [emulator, '-L', libraries, node, main];
  assert.equal(
    execFileSync(command[0], [...command.slice(1), '--version'], { encoding: 'utf8' }),
    `caracal ${version}\n`,
  );
  await assertAnswers(t, command, 120_000);
});
