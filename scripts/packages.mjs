// `npm run packages [-- --out DIR --arch amd64,arm64 --format deb,rpm --fast]`: .deb and .rpm of this checkout.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bootstrap, root } from './bootstrap.mjs';
import { itemsOf } from './release/changelog.mjs';
import { buildDeb } from './release/deb.mjs';
import { caracal, runtime } from './release/description.mjs';
import { writeCaracal, writeRuntime } from './release/package-tree.mjs';
import { buildRpm } from './release/rpm.mjs';

/** @typedef {import('./release/node-runtime.mjs').Architecture} Architecture */
/** @typedef {import('./release/package-tree.mjs').Format} Format */

const builders = { deb: { build: buildDeb, tool: 'dpkg-deb' }, rpm: { build: buildRpm, tool: 'rpmbuild' } };

/**
 * @param {object} what
 * @param {string} what.out
 * @param {readonly Architecture[]} what.architectures
 * @param {readonly Format[]} what.formats
 * @param {import('./release/changelog.mjs').Release} what.release
 * @param {boolean} [what.fast]
 * @param {readonly string[]} [what.names] both packages, without it
 * @param {(file: string) => void} [what.made] told of each file when it is there: some take minutes
 * @returns {string[]} the files
 */
export function buildPackages({ out, architectures, formats, release, fast = false, names, made }) {
  for (const architecture of architectures)
    if (!['amd64', 'arm64'].includes(architecture))
      throw new Error(`${architecture}: only amd64 and arm64 are packed`);
  for (const format of formats) {
    if (builders[format] === undefined) throw new Error(`${format}: only deb and rpm are packed`);
    requireTool(builders[format].tool);
  }
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'caracal-packages-'));
  try {
    /** @type {string[]} */
    const files = [];
    for (const format of formats) {
      for (const architecture of architectures) {
        for (const [description, write] of /** @type {const} */ ([
          [caracal, writeCaracal],
          [runtime, writeRuntime],
        ])) {
          if (names !== undefined && !names.includes(description.name)) continue;
          const tree = join(work, `${description.name}-${architecture}-${format}`);
          mkdirSync(tree);
          write(tree, format, architecture, release);
          const file = builders[format].build({ description, tree, architecture, release, out, fast });
          files.push(file);
          made?.(file);
          rmSync(tree, { recursive: true });
        }
      }
    }
    return files;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} tool */
function requireTool(tool) {
  if (spawnSync(tool, ['--version']).error === undefined) return;
  throw new Error(`${tool} is not here; as root: npm run setup:system`);
}

/** What CHANGELOG.md has for this version, or for the one to come. @param {string} version @returns {import('./release/changelog.mjs').Release} */
export function describeRelease(version) {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const items = itemsOf(changelog, version);
  const commit = spawnSync('git', ['log', '-1', '--format=%ct'], {
    cwd: root,
    encoding: 'utf8',
  }).stdout?.trim();
  return {
    version,
    seconds: Number(process.env.SOURCE_DATE_EPOCH ?? (commit || Math.floor(Date.now() / 1000))),
    items: items.length > 0 ? items : itemsOf(changelog, 'Unreleased'),
    maintainer: process.env.CARACAL_MAINTAINER ?? caracal.maintainer,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(root, 'release') },
      arch: { type: 'string', default: 'amd64,arm64' },
      format: { type: 'string', default: 'deb,rpm' },
      name: { type: 'string', default: 'caracal,caracal-node' },
      version: { type: 'string' },
      fast: { type: 'boolean', default: false },
      // What dist/ holds is packed as it is; another build would take the ground from under tests that run from it.
      built: { type: 'boolean', default: false },
    },
  });
  if (!values.built) await bootstrap();
  const manifest = /** @type {{ version: string }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );
  buildPackages({
    made: (file) => console.log(file),
    out: resolve(values.out),
    architectures: /** @type {Architecture[]} */ (values.arch.split(',')),
    formats: /** @type {Format[]} */ (values.format.split(',')),
    names: values.name.split(','),
    release: describeRelease(values.version ?? manifest.version),
    fast: values.fast,
  });
}
