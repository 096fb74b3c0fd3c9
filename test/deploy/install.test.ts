// deploy/install.sh, from the unpacked package into a directory: it installs, keeps what was edited, and removes itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unpackPackage } from './unpacked-package.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-install-'));
const unpacked = join(directory, 'package');
const root = join(directory, 'root');
const script = join(unpacked, 'deploy', 'install.sh');
const unit = join(root, 'etc/systemd/system/tracker.service');
const settings = join(root, 'etc/tracker/tracker.toml');
const program = join(root, 'opt/tracker/dist/src/server/main.js');

/** Where `man` and the shells look. */
const manuals = ['caracal', 'tracker-server', 'tracker-query'].flatMap((name) => [
  `usr/local/share/man/man1/${name}.1`,
  `usr/local/share/bash-completion/completions/${name}`,
  `usr/local/share/zsh/site-functions/_${name}`,
  `usr/local/share/fish/vendor_completions.d/${name}.fish`,
]);

function install(...words: string[]) {
  return spawnSync(script, words, {
    encoding: 'utf8',
    env: { ...process.env, npm_config_prefer_offline: 'true' },
  });
}

describe('install.sh', () => {
  before(() => {
    unpackPackage(directory);
    mkdirSync(root);
  });
  after(() => rmSync(directory, { recursive: true }));

  test('is clean for shellcheck', (test) => {
    const { error, status, stdout } = spawnSync('shellcheck', ['-x', script], { encoding: 'utf8' });
    if (error) test.skip('shellcheck is not here');
    else assert.equal(status, 0, stdout);
  });

  test('changes nothing in a dry run, which names each step', () => {
    const { status, stdout, stderr } = install('--root', root, '--dry-run');
    assert.equal(status, 0, stderr);
    for (const step of [
      /would install: .*\/opt\/tracker/,
      /would run: install .*tracker\.service/,
      /tracker\.toml/,
    ]) {
      assert.match(stdout, step);
    }
    assert.deepEqual(readdirSync(root), []);
  });

  test('installs a program that runs, its settings and its units', () => {
    const { status, stdout, stderr } = install('--root', root);
    assert.equal(status, 0, stdout + stderr);
    for (const file of [unit, settings, program, join(root, 'usr/local/bin/tracker-query')]) {
      assert.ok(existsSync(file), file);
    }
    const checked = ['--config', settings, '--http-port', 'any', '--udp-port', 'any', '--check'];
    assert.equal(spawnSync(process.execPath, [program, ...checked]).status, 0);
    for (const file of manuals) assert.ok(existsSync(join(root, file)), file);
    const wrapper = readFileSync(join(root, 'usr/local/bin/tracker-server'), 'utf8');
    assert.match(wrapper, /^exec '\/\S+\/node' '\/opt\/tracker\/dist\/src\/server\/main\.js' "\$@"$/m);
  });

  test('keeps edited settings and units when it runs again, and renews the others', () => {
    appendFileSync(settings, '\nmax-peers = 77\n');
    appendFileSync(unit, '# edited\n');
    // As an earlier version shipped it: the same in the program's own copy.
    const socket = 'deploy/tracker.socket';
    appendFileSync(join(root, 'opt/tracker', socket), '# old\n');
    appendFileSync(join(root, 'etc/systemd/system/tracker.socket'), '# old\n');
    const { status, stdout, stderr } = install('--root', root);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /tracker\.service was edited and is kept/);
    assert.match(readFileSync(settings, 'utf8'), /max-peers = 77/);
    assert.match(readFileSync(unit, 'utf8'), /# edited/);
    const renewed = readFileSync(join(root, 'etc/systemd/system/tracker.socket'), 'utf8');
    assert.equal(renewed, readFileSync(join(unpacked, socket), 'utf8'));
  });

  test('removes the program and keeps the settings, unless it is to purge', () => {
    assert.equal(install('--root', root, '--uninstall').status, 0);
    assert.ok(!existsSync(program) && !existsSync(unit) && existsSync(settings));
    assert.deepEqual(readdirSync(join(root, 'usr/local/bin')), []);
    for (const file of manuals) assert.ok(!existsSync(join(root, file)), file);
    assert.equal(install('--root', root, '--uninstall', '--purge').status, 0);
    assert.ok(!existsSync(settings));
    assert.equal(install('--root', root, '--uninstall', '--purge').status, 0, 'a second time');
  });

  test('refuses an unknown option with exit code 2', () => {
    assert.equal(install('--purg').status, 2);
  });

  test('refuses options that contradict each other or do nothing alone, and installs nothing', () => {
    for (const words of [
      ['--purge'],
      ['--uninstall', '--rollback'],
      ['--uninstall', '--no-start'],
      ['--root'],
    ]) {
      const { status, stderr } = install('--root', root, ...words);
      assert.equal(status, 2, words.join(' '));
      assert.match(stderr, /^install\.sh: --/);
    }
    assert.ok(!existsSync(program));
  });
});
