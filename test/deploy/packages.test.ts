// The .deb and .rpm: what is in them.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { skipWithout } from '../system-tools.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { buildPackages, filesOf, settings, version } from './built-packages.ts';

const directory = temporaryDirectory('packages');
const build = (...words: string[]) => buildPackages(directory, ...words);
const field = (deb: string, name: string) =>
  execFileSync('dpkg-deb', ['--field', deb, name], { encoding: 'utf8' }).trim();

describe('the packages', { skip: skipWithout('dpkg-deb', 'rpmbuild') }, () => {
  let program: string;

  before(async () => {
    [program] = await build('--arch', 'amd64', '--format', 'deb', '--name', 'caracal');
  });

  test('hold what an installation needs, belong to root and leave the settings to the operator', () => {
    assert.equal(basename(program), `caracal_${version}-1_amd64.deb`);
    const files = filesOf(program);
    for (const path of [
      'usr/bin/caracal',
      'usr/bin/tracker-server',
      'usr/bin/tracker-query',
      'usr/lib/caracal/dist/src/server/listening/socket-worker.js',
      'usr/lib/caracal/node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node',
      'usr/lib/systemd/system/tracker.service',
      'usr/lib/systemd/system/tracker-activated.service',
      'usr/lib/systemd/system/tracker.socket',
      'usr/lib/sysusers.d/caracal.conf',
      'usr/share/man/man1/tracker-server.1.gz',
      'usr/share/bash-completion/completions/caracal',
      'usr/share/doc/caracal/copyright',
      'usr/share/doc/caracal/changelog.Debian.gz',
      settings,
    ])
      assert.ok(
        files.some((file) => file.path === path),
        `${path} is missing`,
      );
    assert.deepEqual([...new Set(files.map(({ owner }) => owner))], ['root/root']);
    assert.deepEqual(
      files.filter(({ mode, path }) => /^.{8}w/.test(mode) || /^(?!usr\/share\/doc).*\.ts$/.test(path)),
      [],
    );
    const control = execFileSync('dpkg-deb', ['--info', program, 'conffiles'], { encoding: 'utf8' });
    assert.equal(control, `/${settings}\n`);
    assert.match(field(program, 'Depends'), /nodejs \(>= 20\.19\) \| caracal-node/);
  });

  test('name the licence of everything in them', () => {
    const text = execFileSync('dpkg-deb', ['--fsys-tarfile', program], { maxBuffer: 1 << 28 });
    const copyright = execFileSync('tar', ['-xO', './usr/share/doc/caracal/copyright'], {
      input: text,
      encoding: 'utf8',
    });
    const modules = filesOf(program)
      .map(({ path }) => /^usr\/lib\/caracal\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter((name) => name !== undefined);
    const named = new Set(
      [...copyright.matchAll(/^Files: usr\/lib\/caracal\/node_modules\/(.*)\/\*$/gm)].map(([, n]) => n),
    );
    assert.ok(named.size > 50);
    for (const name of new Set(modules)) assert.ok(named.has(name), `${name} is not in copyright`);
  });

  test('are the same from the same sources', async () => {
    const sum = () => execFileSync('sha256sum', [program], { encoding: 'utf8' });
    const before = sum();
    await build('--arch', 'amd64', '--format', 'deb', '--name', 'caracal');
    assert.equal(sum(), before);
  });

  test('for arm64 hold programs for arm64', async () => {
    const [deb] = await build('--arch', 'arm64', '--format', 'deb', '--name', 'caracal');
    assert.equal(field(deb, 'Architecture'), 'arm64');
    const addons = filesOf(deb).filter(({ path }) => path.endsWith('.node'));
    assert.deepEqual(
      addons.map(({ path }) => path),
      ['usr/lib/caracal/node_modules/@koromix/koffi-linux-arm64/linux_arm64/koffi.node'],
    );
    const tree = join(directory, 'arm64');
    execFileSync('dpkg-deb', ['--extract', deb, tree]);
    // ELF's e_machine: 183 is AArch64.
    assert.equal(readFileSync(join(tree, addons[0].path)).readUInt16LE(18), 183);
  });

  test('are the same as RPM', async () => {
    const [rpm] = await build('--arch', 'amd64', '--format', 'rpm', '--name', 'caracal');
    const query = (...words: string[]) =>
      execFileSync('rpm', ['-qp', ...words, rpm], { encoding: 'utf8' })
        .trim()
        .split('\n');
    const directories = new Set(
      query('--qf', '[%{FILEMODES:perms} %{FILENAMES}\n]')
        .filter((line) => line.startsWith('d'))
        .map((line) => line.slice(11)),
    );
    const inRpm = query('-l').filter((path) => !directories.has(path));
    const inDeb = filesOf(program)
      .map(({ path }) => `/${path}`)
      // Of the one kind of systems only.
      .filter((path) => !/lintian|changelog\.Debian/.test(path))
      .map((path) => path.replace('vendor-completions', 'site-functions'));
    assert.deepEqual(inRpm.sort(), inDeb.sort());
    assert.deepEqual(query('--configfiles'), [`/${settings}`]);
    assert.ok(query('--requires').includes('(caracal-node or nodejs >= 20.19)'));
    assert.match(query('--scripts').join('\n'), /take-over\.sh/);
    const tree = join(directory, 'rpm');
    mkdirSync(tree);
    const words = ['--root', tree, '--nodeps', '--noscripts', '--nosignature', '-i', rpm];
    const { status, stderr } = spawnSync('rpm', words, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.ok(existsSync(join(tree, settings)));
  });
});
