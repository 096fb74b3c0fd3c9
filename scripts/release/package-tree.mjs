// What lies where on a system that has the packages: caracal, the program with its units, manuals and settings, and
// caracal-node, the runtime. Units, manuals and completions are the checkout's own; only paths differ from deploy/install.sh's.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../bootstrap.mjs';
import { formatDebianChangelog } from './changelog.mjs';
import { caracal } from './description.mjs';
import { formatCopyright, indent, listDependencies } from './licences.mjs';
import { fetchNode } from './node-runtime.mjs';
import { writeProgram } from './program-tree.mjs';

const [settingsFile = ''] = caracal.settings;
/** @typedef {'deb' | 'rpm'} Format */
/** @typedef {import('./node-runtime.mjs').Architecture} Architecture */

const commands = { caracal: 'main.js', 'tracker-server': 'server/main.js', 'tracker-query': 'query/main.js' };
const documents = ['install', 'moving', 'options', 'monitoring', 'query', 'findings', 'xdp', 'compatibility'];

const source = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');

/** Paths as the packages have them, in a text that was written for deploy/install.sh. @param {string} text */
const withPaths = (text) =>
  text
    .replaceAll('/usr/local/bin/', '/usr/bin/')
    .replaceAll('file:///opt/tracker/docs/', 'file:///usr/share/doc/caracal/')
    .replaceAll('/etc/tracker/', '/etc/caracal/');

/** The units that are shipped. */
export const units = () =>
  readdirSync(join(root, 'deploy')).filter((name) => /^tracker.*\.(service|socket)$/.test(name));

/**
 * @param {string} tree an empty directory, which stands for /
 * @param {Format} format
 * @param {Architecture} architecture
 * @param {import('./changelog.mjs').Release} release
 */
export function writeCaracal(tree, format, architecture, release) {
  const write = writer(tree);
  const program = join(tree, 'usr/lib/caracal');
  writeProgram(program, architecture === 'amd64' ? 'x64' : 'arm64');
  write('usr/lib/caracal/deploy/take-over.sh', source('deploy/packages/take-over.sh'));
  for (const [name, main] of Object.entries(commands)) {
    write(`usr/bin/${name}`, source('deploy/packages/command.sh').replace('@MAIN@', main));
    write(`usr/share/man/man1/${name}.1.gz`, gzipped(source(`man/${name}.1`)));
    write(`usr/share/bash-completion/completions/${name}`, source(`completions/${name}.bash`));
    const zsh = format === 'deb' ? 'vendor-completions' : 'site-functions';
    write(`usr/share/zsh/${zsh}/_${name}`, source(`completions/${name}.zsh`));
    write(`usr/share/fish/vendor_completions.d/${name}.fish`, source(`completions/${name}.fish`));
  }
  for (const name of units()) write(`usr/lib/systemd/system/${name}`, withPaths(source(`deploy/${name}`)));
  write('usr/lib/sysusers.d/caracal.conf', source('deploy/packages/sysusers.conf'));
  write(settingsFile, withPaths(source('docs/tracker.example.toml')));
  const doc = 'usr/share/doc/caracal';
  for (const name of documents) write(`${doc}/${name}.md`, source(`docs/${name}.md`));
  for (const name of ['grafana-dashboard.json', 'prometheus-rules.yml', 'tracker-xdp.conf'])
    write(`${doc}/examples/${name}`, source(`deploy/${name}`));
  const copyright = formatCopyright(
    source('LICENSE'),
    listDependencies(join(program, 'node_modules')),
    format === 'deb',
  );
  write(`${doc}/copyright`, copyright);
  writeChangelogs(write, 'caracal', format, release);
}

/**
 * @param {string} tree an empty directory, which stands for /
 * @param {Format} format
 * @param {Architecture} architecture
 * @param {import('./changelog.mjs').Release} release
 */
export function writeRuntime(tree, format, architecture, release) {
  const write = writer(tree);
  const directory = join(tree, 'usr/lib/caracal-node');
  fetchNode(directory, architecture);
  const licence = readFileSync(join(directory, 'LICENSE'), 'utf8');
  rmSync(join(directory, 'LICENSE'));
  const copyright = source('deploy/packages/caracal-node.copyright.in');
  write(
    'usr/share/doc/caracal-node/copyright',
    copyright.replace('@LICENCE@', () => indent(licence)),
  );
  writeChangelogs(write, 'caracal-node', format, release);
}

/**
 * @param {Write} write
 * @param {string} name
 * @param {Format} format
 * @param {import('./changelog.mjs').Release} release
 */
function writeChangelogs(write, name, format, release) {
  if (format === 'deb') {
    write(`usr/share/doc/${name}/changelog.Debian.gz`, gzipped(formatDebianChangelog(name, release)));
    write(`usr/share/lintian/overrides/${name}`, source(`deploy/packages/${name}.lintian-overrides`));
  }
  write(`usr/share/doc/${name}/changelog.gz`, gzipped(source('CHANGELOG.md')));
}

/** @param {string} text */
const gzipped = (text) => gzipSync(text, { level: 9 });

/** @typedef {ReturnType<typeof writer>} Write */

/** @param {string} tree */
function writer(tree) {
  return (/** @type {string} */ path, /** @type {string | Buffer} */ content) => {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
}

/**
 * Everything root's, nothing writable by others, one time for all: the same sources give the same package.
 * @param {string} tree
 * @param {number} seconds since 1970
 * @returns {number} KiB that the files take
 */
export function settle(tree, seconds) {
  let bytes = 0;
  for (const item of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    if (item.isDirectory()) chmodSync(path, 0o755);
    else if (item.isFile()) {
      const inside = path.slice(tree.length + 1);
      // What is started by its name; all else is read, by node or by whoever wants to.
      const started = /^usr\/(bin\/|lib\/caracal-node\/bin\/|lib\/caracal\/deploy\/take-over\.sh$)/.test(
        inside,
      );
      bytes += statSync(path).size;
      chmodSync(path, started ? 0o755 : inside === settingsFile ? 0o640 : 0o644);
    }
    utimesSync(path, seconds, seconds);
  }
  return Math.ceil(bytes / 1024);
}
