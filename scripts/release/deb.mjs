// One .deb of a tree of files: dpkg-deb does the packing, so every Debian and Ubuntu can build it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, root } from '../bootstrap.mjs';
import { debianVersion } from './changelog.mjs';
import { settle } from './package-tree.mjs';

/**
 * @param {object} what
 * @param {import('./description.mjs').Description} what.description
 * @param {string} what.tree the files; DEBIAN/ is added to it
 * @param {import('./node-runtime.mjs').Architecture} what.architecture
 * @param {import('./changelog.mjs').Release} what.release
 * @param {string} what.out a directory
 * @param {boolean} what.fast packed quickly and large, for tests
 * @returns {string} the file's path
 */
export function buildDeb({ description, tree, architecture, release, out, fast }) {
  const size = settle(tree, release.seconds);
  const sums = filesBelow(tree, () => true).map((file) => {
    const sum = createHash('md5').update(readFileSync(file)).digest('hex');
    return `${sum}  ${file.slice(tree.length + 1)}\n`;
  });
  const version = debianVersion(release.version);
  const control = [
    `Package: ${description.name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${release.maintainer}`,
    `Installed-Size: ${size}`,
    ...Object.entries(description.deb.fields).map(([key, value]) => `${key}: ${value}`),
    `Description: ${description.summary}`,
    ...description.text.map((line) => ` ${line === '' ? '.' : line}`),
  ];
  const add = (/** @type {string} */ name, /** @type {string} */ text, mode = 0o644) => {
    const file = join(tree, 'DEBIAN', name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    utimesSync(file, release.seconds, release.seconds);
  };
  mkdirSync(join(tree, 'DEBIAN'), { mode: 0o755 });
  add('control', `${control.join('\n')}\n`);
  add('md5sums', sums.join(''));
  if (description.settings.length > 0)
    add('conffiles', description.settings.map((path) => `/${path}\n`).join(''));
  for (const name of description.deb.scripts)
    add(name, readFileSync(join(root, 'deploy', 'packages', name), 'utf8'), 0o755);
  const file = join(out, `${description.name}_${version}_${architecture}.deb`);
  const compression = fast ? ['-Zgzip', '-z1'] : ['-Zxz'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(release.seconds) },
  });
  return file;
}
