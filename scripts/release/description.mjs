// What the packages say of themselves (names, what they need, descriptions), read from deploy/packages.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap.mjs';
import { nodeVersion } from './node-runtime.mjs';

/**
 * @typedef {object} Description
 * @property {string} name
 * @property {string} summary
 * @property {readonly string[]} text
 * @property {string} maintainer NAME <ADDRESS>
 * @property {readonly string[]} settings files that an upgrade leaves as the operator has them
 * @property {{ fields: Record<string, string>, scripts: readonly string[] }} deb
 * @property {{ licence: string, requires: readonly string[], scripts: boolean }} rpm
 */

/** @param {string} name @returns {Description} */
function read(name) {
  const text = readFileSync(join(root, 'deploy', 'packages', `${name}.json`), 'utf8');
  return JSON.parse(text.replaceAll('@NODE_VERSION@', nodeVersion));
}

export const caracal = read('caracal');
export const runtime = read('caracal-node');
