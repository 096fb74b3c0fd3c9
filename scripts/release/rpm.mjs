// One .rpm of a tree of files, by rpmbuild from a spec that only lists them.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesBelow, root } from '../bootstrap.mjs';
import { rpmVersion } from './changelog.mjs';
import { settle } from './package-tree.mjs';

const part = (/** @type {string} */ name) => readFileSync(join(root, 'deploy', 'packages', name), 'utf8');

/**
 * @param {object} what
 * @param {import('./description.mjs').Description} what.description
 * @param {string} what.tree the files
 * @param {import('./node-runtime.mjs').Architecture} what.architecture
 * @param {import('./changelog.mjs').Release} what.release
 * @param {string} what.out a directory
 * @param {boolean} what.fast packed quickly and large, for tests
 * @returns {string} the file's path
 */
export function buildRpm({ description, tree, architecture, release, out, fast }) {
  settle(tree, release.seconds);
  const target = architecture === 'amd64' ? 'x86_64' : 'aarch64';
  const version = rpmVersion(release.version);
  const work = mkdtempSync(join(tmpdir(), 'caracal-rpm-'));
  try {
    const buildRoot = join(work, 'root');
    const values = {
      NAME: description.name,
      VERSION: version,
      SUMMARY: description.summary,
      LICENCE: description.rpm.licence,
      REQUIRES: description.rpm.requires.map((each) => `Requires: ${each}`).join('\n'),
      DESCRIPTION: description.text.join('\n'),
      FILES: listFiles(tree, description.settings),
      SCRIPTS: description.rpm.scripts
        ? part('rpm-scripts.in').replace('@SYSUSERS@', part('sysusers.conf').trim())
        : '',
    };
    let spec = part('caracal.spec.in');
    for (const [name, value] of Object.entries(values)) spec = spec.replace(`@${name}@`, () => value);
    const file = join(work, `${description.name}.spec`);
    writeFileSync(file, spec);
    // rpmbuild clears what it takes for the result of a build; these files were made before.
    const install = `%install\nrm -rf %{buildroot}\ncp -a '${join(work, 'files')}' %{buildroot}\n\n%files\n`;
    writeFileSync(
      file,
      spec.replace('%files\n', () => install),
    );
    cpSync(tree, join(work, 'files'), { recursive: true, preserveTimestamps: true });
    const defines = [
      `_topdir ${work}`,
      `_rpmdir ${work}/out`,
      `_binary_payload ${fast ? 'w1.gzdio' : 'w6.xzdio'}`,
      'clamp_mtime_to_source_date_epoch 1',
    ].flatMap((define) => ['--define', define]);
    const words = [
      '-bb',
      '--quiet',
      '--nodeps',
      '--target',
      `${target}-linux`,
      '--buildroot',
      buildRoot,
      ...defines,
    ];
    execFileSync('rpmbuild', [...words, file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(release.seconds) },
    });
    const name = `${description.name}-${version}-1.${target}.rpm`;
    cpSync(join(work, 'out', target, name), join(out, name));
    return join(out, name);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Files and the directories that belong to this package alone.
 * @param {string} tree
 * @param {readonly string[]} settings
 */
function listFiles(tree, settings) {
  const own = /^(usr\/lib\/caracal(-node)?|usr\/share\/doc\/caracal(-node)?|etc\/caracal)(\/|$)/;
  /** @type {Set<string>} */
  const directories = new Set();
  const files = filesBelow(tree, () => true).map((file) => {
    const path = file.slice(tree.length + 1);
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const directory = path.slice(0, at);
      if (own.test(directory)) directories.add(directory);
    }
    if (settings.includes(path)) return `%config(noreplace) %attr(640,root,tracker) "/${path}"`;
    return `"/${path}"`;
  });
  return [...[...directories].sort().map((path) => `%dir "/${path}"`), ...files].join('\n');
}
