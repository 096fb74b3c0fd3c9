// Who owns what is in a package and what they allow: the licence of every dependency, found beside its code.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap.mjs';

/** Of those that only say that they are under it. */
const mit = readFileSync(join(root, 'deploy', 'packages', 'MIT.txt'), 'utf8').trim();

/**
 * @typedef {object} Dependency
 * @property {string} name
 * @property {string} version
 * @property {string} path below node_modules
 * @property {string} licence its SPDX expression
 * @property {string} holders
 * @property {string} text
 */

/**
 * Every package below `modules`, also within others. Throws where one says nothing of its licence.
 * @param {string} modules
 * @returns {Dependency[]}
 */
export function listDependencies(modules) {
  return readdirSync(modules, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile() && item.name === 'package.json')
    .map((item) => item.parentPath.slice(modules.length + 1))
    .filter((path) => /(^|node_modules\/)(@[^/]+\/)?[^/]+$/.test(path) && !/^@[^/]+$/.test(path))
    .sort()
    .flatMap((path) => {
      const directory = join(modules, path);
      const manifest = /** @type {Manifest} */ (
        JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
      );
      // A folder of a package may have a package.json that says how its files are to be read, and nothing else.
      if (manifest.name === undefined || manifest.version === undefined) return [];
      return [describe(path, directory, { ...manifest, name: manifest.name, version: manifest.version })];
    });
}

/** @typedef {{ name?: string, version?: string, license?: string, author?: string | { name: string, email?: string } }} Manifest */

/**
 * @param {string} path
 * @param {string} directory
 * @param {Manifest & { name: string, version: string }} manifest
 * @returns {Dependency}
 */
function describe(path, directory, { name, version, license, author }) {
  if (typeof license !== 'string') throw new Error(`${name} does not name its licence`);
  const text = licenceText(directory) ?? (license === 'MIT' ? mit : undefined);
  if (text === undefined) throw new Error(`${name} is under ${license}, and its text is not there`);
  const person = typeof author === 'string' ? author : author?.name;
  const stated = text.split('\n').filter((line) => /^\s*(\*\s*)?copyright\s+(\(c\)|©|[0-9])/i.test(line));
  const holders = stated.map((line) => line.replace(/^[\s*]*copyright\s*(\(c\)|©)?\s*/i, '').trim());
  return {
    name,
    version,
    path,
    licence: license.replaceAll(/[()]/g, ''),
    holders: holders.join('\n ') || person || `the authors of ${name}`,
    text: text.trim(),
  };
}

/** @param {string} directory */
function licenceText(directory) {
  if (!existsSync(directory)) return undefined;
  const name = readdirSync(directory).find((name) => /^(licen[cs]e|copying)(\.|-|$)/i.test(name));
  return name === undefined ? undefined : readFileSync(join(directory, name), 'utf8');
}

/**
 * Debian's copyright file, version 1.0 of its format.
 * @param {string} own this project's licence text
 * @param {readonly Dependency[]} dependencies
 * @param {boolean} common whether /usr/share/common-licenses is there to be pointed at
 */
export function formatCopyright(own, dependencies, common) {
  const stanza = (
    /** @type {string} */ files,
    /** @type {string} */ holders,
    /** @type {string} */ licence,
    /** @type {string} */ text,
  ) => `Files: ${files}\nCopyright: ${holders}\nLicense: ${licence}\n${indent(text)}\n`;
  const holder = /^copyright (?:\(c\) )?(.*)$/im.exec(own)?.[1];
  if (holder === undefined) throw new Error("this project's licence names nobody");
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: caracal\n',
    stanza('*', holder, 'MIT', own),
    ...dependencies.map(({ path, holders, licence, text }, at) => {
      const short = licence === 'Apache-2.0' && common;
      const body = short ? 'On Debian systems its text is in /usr/share/common-licenses/Apache-2.0.' : text;
      // Texts of one name differ in who is named, so each has a name of its own.
      return stanza(`usr/lib/caracal/node_modules/${path}/*`, holders, `${licence}-${at + 1}`, body);
    }),
  ].join('\n');
}

/** @param {string} text */
export function indent(text) {
  return text
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
}
