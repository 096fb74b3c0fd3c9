// Node for systems whose own is too old: npm's package of its binary, in the version and with the checksum that
// deploy/packages/node-runtime.json names.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap.mjs';

/** @typedef {'amd64' | 'arm64'} Architecture as Debian names it */

const pinned =
  /** @type {{ version: string, packages: Record<Architecture, { name: string, integrity: string }> }} */ (
    JSON.parse(readFileSync(join(root, 'deploy', 'packages', 'node-runtime.json'), 'utf8'))
  );

export const nodeVersion = pinned.version;

/**
 * Throws when the registry gives something else than what is pinned.
 * @param {string} directory where bin/node and LICENSE are to lie
 * @param {Architecture} architecture
 */
export function fetchNode(directory, architecture) {
  const { name, integrity } = pinned.packages[architecture];
  mkdirSync(directory, { recursive: true });
  const words = ['pack', '--silent', '--pack-destination', directory, `${name}@${pinned.version}`];
  const file = join(directory, execFileSync('npm', words, { cwd: directory, encoding: 'utf8' }).trim());
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name} ${pinned.version} is ${found} and not ${integrity}`);
  const wanted = ['package/bin/node', 'package/LICENSE'];
  execFileSync('tar', ['-xzf', file, '-C', directory, '--strip-components=1', ...wanted]);
  execFileSync('rm', [file]);
}

/** What a reader of a bill of materials wants to know of it. @param {Architecture} architecture */
export function describeNode(architecture) {
  const { name, integrity } = pinned.packages[architecture];
  return { name, version: pinned.version, integrity };
}
