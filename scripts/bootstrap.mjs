// Makes a checkout ready to run: installs the packages and builds, each only when it is missing or stale.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const lockStamp = join(root, 'node_modules', '.caracal-lock');
const dist = join(root, 'dist');
const buildStamp = join(dist, '.caracal-build');

/** What runs in a browser has its own globals, so it is a project of its own; its other files are copied. */
const dashboard = join(root, 'src', 'admin', 'page');
/** Each with what the compiler remembers of it, above all the files that it read. */
const projects = [
  { directory: root, memory: join(dist, '.tsbuildinfo') },
  { directory: dashboard, memory: join(dist, '.tsbuildinfo-page') },
];

/**
 * Installs and builds what is missing or stale; prints one line a step, nothing when there is nothing to do.
 * @param {{ installOnly?: boolean }} [options]
 */
export async function bootstrap({ installOnly = false } = {}) {
  requireNode();
  install();
  if (!installOnly) await build();
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `caracal needs Node.js 20.19 or newer; this is ${process.versions.node} (${process.execPath})`,
  );
  process.exit(1);
}

function install() {
  const lock = digest(join(root, 'package-lock.json')) + process.platform + process.arch;
  if (existsSync(lockStamp) && readFileSync(lockStamp, 'utf8') === lock) return;
  // Left by an `npm pack` that was interrupted; npm would take it for the lock file.
  rmSync(join(root, 'npm-shrinkwrap.json'), { force: true });
  console.error('caracal: installing packages (npm ci) …');
  run(
    npm(),
    [
      ...npmArgs(),
      'ci',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--dry-run=false',
    ],
    {
      shell: process.platform === 'win32',
    },
  );
  writeFileSync(lockStamp, lock);
}

/**
 * Compiles `src`, `test` and `bench` into `dist`: of the projects, those of which a file changed since the last build, and
 * of a project what the change reaches, which the compiler knows. What sources that are gone had left there is removed.
 * @param {{ force?: boolean }} [options] `force`: from nothing, whatever is there
 */
export async function build({ force = false } = {}) {
  // Read before the compiler reads them: what changes meanwhile is another build's.
  const sources = digests();
  const last = existsSync(buildStamp) ? readFileSync(buildStamp, 'utf8').split('\n') : [];
  const stale = projects.filter((project, i) => {
    const stamp = stampOf(project, sources);
    return force || stamp === undefined || stamp !== last[i];
  });
  if (stale.length === 0 && matchOutputs()) return;
  console.error('caracal: building …');
  rmSync(buildStamp, { force: true });
  if (force) rmSync(dist, { recursive: true, force: true });
  await compile(stale);
  // The compiler does not look whether what it wrote last time is still there.
  if (!matchOutputs()) {
    rmSync(dist, { recursive: true, force: true });
    await compile(projects);
  }
  writeFileSync(buildStamp, projects.map((project) => stampOf(project, sources) ?? '').join('\n'));
}

/**
 * What the outcome of a project's build depends on: the files that it read, and which others there are.
 * @param {typeof projects[number]} project
 * @param {Map<string, string>} sources
 * @returns {string | undefined} undefined when it never was built, or read what `sources` does not know
 */
function stampOf({ directory, memory }, sources) {
  if (!existsSync(memory)) return undefined;
  const { fileNames } = /** @type {{ fileNames: string[] }} */ (JSON.parse(readFileSync(memory, 'utf8')));
  // Those without a directory are the compiler's own; packages change with the lock file.
  const read = fileNames
    .filter((name) => name.startsWith('../') && !name.includes('/node_modules/'))
    .map((name) => relative(root, join(dist, name)));
  const toolFiles = [...sources.keys()].filter((file) => /\.json$/.test(file));
  const copied = directory === dashboard ? dashboardFiles().map((file) => relative(root, file)) : [];
  const hash = createHash('sha256').update([...sources.keys()].join('\0'));
  for (const file of [...toolFiles, ...read, ...copied]) {
    const content = sources.get(file);
    if (content === undefined) return undefined;
    hash.update('\0').update(content);
  }
  return hash.digest('hex');
}

/** @param {typeof projects} stale */
async function compile(stale) {
  const [command, ...words] = await compiler();
  await Promise.all(stale.map(({ directory }) => runBeside(command, [...words, '-p', directory])));
  for (const file of dashboardFiles()) copyFileSync(file, builtFrom(file));
}

/**
 * The compiler's command: its program itself, where its package says which that is, as the script that only starts it takes
 * as long as a small test.
 * @returns {Promise<[command: string, ...words: string[]]>}
 */
export async function compiler() {
  const directory = join(root, 'node_modules', 'typescript');
  try {
    const { default: getExePath } = await import(pathToFileURL(join(directory, 'lib', 'getExePath.js')).href);
    return [getExePath()];
  } catch {
    return [process.execPath, join(directory, 'bin', 'tsc')];
  }
}

/** Removes from `dist` what no source stands for; false when something is missing there. */
function matchOutputs() {
  const compiled = sourceFiles().filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const wanted = new Set([
    ...compiled.flatMap((file) => ['.js', '.js.map'].map((end) => builtFrom(file).replace(/\.ts$/, end))),
    ...dashboardFiles().map(builtFrom),
  ]);
  const found = new Set(filesBelow(dist, (file) => !relative(dist, file).startsWith('.')));
  for (const file of found) if (!wanted.has(file)) rmSync(file);
  return [...wanted].every((file) => found.has(file));
}

/**
 * What a compiled file exports; whoever asks says which source's types it has.
 * @param {string} path below `dist`
 * @returns {Promise<unknown>}
 */
export async function built(path) {
  return await import(pathToFileURL(join(dist, path)).href);
}

/** @param {string} file */
function builtFrom(file) {
  return join(dist, relative(root, file));
}

/**
 * Ends this process with the command's exit code when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: needsShell(command),
    ...options,
  });
  if (result.status === 0) return;
  if (result.error) console.error(`caracal: cannot run ${command}: ${result.error.message}`);
  process.exit(result.status ?? 1);
}

/**
 * On Windows npm is a script, which only a shell finds and runs.
 * @param {string} command
 */
function needsShell(command) {
  return process.platform === 'win32' && command === 'npm';
}

/**
 * Like `run`, while others run too.
 * @param {string} command
 * @param {string[]} args
 */
async function runBeside(command, args) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: needsShell(command),
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) process.exit(code ?? 1);
}

/**
 * @param {string} directory
 * @param {(file: string) => boolean} wanted
 */
export function filesBelow(directory, wanted) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name))
    .filter(wanted)
    .sort();
}

function sourceFiles() {
  const below = ['src', 'test', 'bench'].flatMap((name) =>
    filesBelow(join(root, name), (file) => /\.ts$|package\.json$/.test(file)),
  );
  const toolFiles = ['package.json', 'package-lock.json'].map((name) => join(root, name));
  return [
    ...projects.map(({ directory }) => join(directory, 'tsconfig.json')),
    ...toolFiles,
    ...dashboardFiles(),
    ...below,
  ];
}

function dashboardFiles() {
  return filesBelow(dashboard, (file) => /\.(html|css|svg)$/.test(file));
}

/** Of each source, below the root, what is in it. */
function digests() {
  return new Map(sourceFiles().map((file) => [relative(root, file), digest(file)]));
}

/** @param {string} file */
function digest(file) {
  return createHash('sha256')
    .update(`${relative(root, file)}\0`)
    .update(readFileSync(file))
    .digest('hex');
}

// npm runs scripts with its own path in the environment; without npm around us, take the one on the PATH.
function npm() {
  return process.env.npm_execpath?.endsWith('.js') ? process.execPath : 'npm';
}

function npmArgs() {
  return process.env.npm_execpath?.endsWith('.js') ? [process.env.npm_execpath] : [];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bootstrap({ installOnly: process.argv.includes('--install-only') });
}
