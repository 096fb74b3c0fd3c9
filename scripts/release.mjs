// `npm run release -- VERSION [--dry-run]`: version, changelog, packages, checksums, bill of materials and provenance into
// release/, a commit and a tag. docs/releasing.md. Nothing leaves this machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootstrap, root } from './bootstrap.mjs';
import { buildPackages, describeRelease } from './packages.mjs';
import { itemsOf, releaseSection, sectionOf } from './release/changelog.mjs';
import { billWithNode, formatChecksums, provenance } from './release/provenance.mjs';
import { isNewer, isVersion } from './release/version.mjs';

const usage = `npm run release -- VERSION [--dry-run] [--format deb,rpm|none] [--arch amd64,arm64]`;
const finished = join(root, 'release');
/** What is made lies here until all of it is there, so that an earlier release is only replaced by a whole one. */
const out = join(root, 'release.part');
const git = (/** @type {string[]} */ ...words) =>
  execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();

const { values, positionals } = readArguments();
const [version = ''] = positionals;
const started = new Date();
const date = started.toISOString().slice(0, 10);

refuseWhatIsWrong();
const plan = releaseSection(read('CHANGELOG.md'), version, date);
if (values['dry-run']) {
  console.log(`would release ${version} (after ${current()}), commit it and tag it v${version}.`);
  console.log(
    `CHANGELOG.md, ${itemsOf(plan, version).length} items, would have the section:\n\n## ${version} - ${date}\n`,
  );
  console.log(sectionOf(plan, version));
  console.log(
    `\nrelease/ would hold the tarball, ${values.format} for ${values.arch}, SHA256SUMS, SBOM and provenance.`,
  );
} else await release();

async function release() {
  const before = git('rev-parse', 'HEAD');
  let released = false;
  // However this ends: installing and building end the process themselves where they fail.
  process.on('exit', () => {
    if (released) return;
    // The tree was clean, so going back takes nothing from anybody.
    git('reset', '--quiet', '--hard', before);
    rmSync(out, { recursive: true, force: true });
    rmSync(join(root, 'npm-shrinkwrap.json'), { force: true });
    console.error('caracal: not released, everything is as it was');
  });
  // Ctrl-C also ends the program that is waited for; without this it would end us before we have put anything back.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
  try {
    setVersion();
    writeFileSync(join(root, 'CHANGELOG.md'), plan);
    git('commit', '--quiet', '--all', '--message', `release: ${version}`);
    await make(git('rev-parse', 'HEAD'));
    // A signal that came meanwhile is heard now.
    await setImmediate();
    git('tag', '--annotate', `v${version}`, '--message', `Caracal ${version}`);
    rmSync(finished, { recursive: true, force: true });
    renameSync(out, finished);
    released = true;
  } catch (error) {
    console.error(`caracal: ${/** @type {Error} */ (error).message}`);
    process.exit(1);
  }
  console.log(
    `released ${version} in release/, committed and tagged v${version}. What goes on: docs/releasing.md`,
  );
}

/** @param {string} commit */
async function make(commit) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const release = describeRelease(version);
  // Packing builds what the other packages are made of, too.
  if (!values.built) await bootstrap({ installOnly: true });
  /** @type {string[]} */
  const files = [];
  const made = (/** @type {string} */ file) => {
    console.log(`release/${basename(file)}`);
    files.push(file);
  };
  made(pack());
  if (values.format !== 'none')
    buildPackages({
      out,
      made,
      architectures: /** @type {import('./packages.mjs').Architecture[]} */ (values.arch.split(',')),
      formats: /** @type {import('./packages.mjs').Format[]} */ (values.format.split(',')),
      release,
    });
  const add = (/** @type {string} */ name, /** @type {string} */ text) => {
    writeFileSync(join(out, name), text);
    made(join(out, name));
  };
  add(`caracal-${version}.cdx.json`, `${JSON.stringify(billWithNode(), undefined, 2)}\n`);
  const parameters = {
    formats: values.format,
    architectures: values.arch,
    maintainer: release.maintainer,
    sourceDateEpoch: release.seconds,
    built: values.built,
  };
  const words = process.argv.slice(2);
  const statement = provenance({ files, words, parameters, version, commit, started });
  add(`caracal-${version}.provenance.json`, `${JSON.stringify(statement, undefined, 2)}\n`);
  add('RELEASE-NOTES.md', `${sectionOf(plan, version)}\n`);
  add('SHA256SUMS', formatChecksums(files));
}

/** The npm package, with its shrinkwrap; its own script builds anew. */
function pack() {
  const words = ['pack', '--silent', '--pack-destination', out];
  if (!values.built) execFileSync('npm', words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  else {
    const shrinkwrap = join(root, 'scripts', 'shrinkwrap.mjs');
    execFileSync(process.execPath, [shrinkwrap, 'write']);
    execFileSync('npm', [...words, '--ignore-scripts'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    execFileSync(process.execPath, [shrinkwrap, 'remove']);
  }
  return join(out, `caracal-${version}.tgz`);
}

function setVersion() {
  for (const name of ['package.json', 'package-lock.json']) {
    const text = read(name);
    const document = /** @type {{ version: string, packages?: Record<string, { version: string }> }} */ (
      JSON.parse(text)
    );
    document.version = version;
    const own = document.packages?.[''];
    if (own !== undefined) own.version = version;
    writeFileSync(join(root, name), `${JSON.stringify(document, undefined, 2)}\n`);
  }
}

function refuseWhatIsWrong() {
  if (!isVersion(version)) refuse(`${version || 'nothing'} is no semantic version such as 1.0.0`, 2);
  if (git('status', '--porcelain') !== '') refuse('the tree has changes that are not committed: git status');
  if (!isNewer(version, current()))
    refuse(`${version} is not newer than ${current()}, which package.json has`);
  const tags = git('tag', '--list', 'v*').split('\n');
  for (const tag of tags.map((tag) => tag.slice(1)).filter(isVersion))
    if (!isNewer(version, tag)) refuse(`${version} is not newer than ${tag}, which is tagged`);
  if (!existsSync(join(root, 'CHANGELOG.md'))) refuse('there is no CHANGELOG.md');
  if (itemsOf(read('CHANGELOG.md'), 'Unreleased').length === 0)
    refuse('CHANGELOG.md names nothing under Unreleased, so there is nothing to release');
  for (const format of values.format.split(',').filter((format) => format !== 'none')) {
    const tool = format === 'deb' ? 'dpkg-deb' : 'rpmbuild';
    if (spawnSync(tool, ['--version']).error) refuse(`${tool} is not here; as root: npm run setup:system`);
  }
}

function current() {
  return /** @type {{ version: string }} */ (JSON.parse(read('package.json'))).version;
}

/** @param {string} name */
function read(name) {
  return readFileSync(join(root, name), 'utf8');
}

/** @param {string} why @param {number} [code] @returns {never} */
function refuse(why, code = 1) {
  console.error(`caracal: ${why}`);
  if (code === 2) console.error(usage);
  process.exit(code);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean', default: false },
        format: { type: 'string', default: 'deb,rpm' },
        arch: { type: 'string', default: 'amd64,arm64' },
        // dist/ is packed as it is, for tests.
        built: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message, 2);
  }
}
