// `npm test [word …] [-- flag …]`: make the checkout ready and run the tests, or those whose path holds one of the
// words. Flags are Node's: --test-name-pattern=…, --watch, --inspect-brk and the rest.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, compiler, filesBelow, root } from './bootstrap.mjs';
import { installSystemPackages } from './system-packages.mjs';
import { readTestReport } from './test-report.mjs';

/** Flags of Node's whose value may be the next word. */
const valued = /^--test-(name-pattern|skip-pattern|reporter|reporter-destination|concurrency|timeout|shard)$/;

const { words, flags } = sortArguments(process.argv.slice(2));
const whole = words.length === 0 && flags.length === 0;
await bootstrap();
// Whoever runs some tests waits for them, and not for packages that others need.
if (whole) installSystemPackages();

const files = filesBelow(join(root, 'dist', 'test'), (file) => file.endsWith('.test.js'))
  .map((file) => relative(root, file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
if (files.length === 0) {
  console.error(`caracal: no test file matches ${words.join(' ')}`);
  process.exit(2);
}
const reporter = process.stdout.isTTY ? 'spec' : 'tap';
const has = (/** @type {string} */ name) => flags.some((flag) => flag.split('=')[0] === name);

if (flags.some((flag) => flag.startsWith('--inspect'))) {
  // A debugger meets one process, which is the one with the tests; and nothing times out while somebody reads.
  if (files.length > 1) {
    console.error(`caracal: a debugger takes one test file, and these match:\n  ${files.join('\n  ')}`);
    process.exit(2);
  }
  become(['--enable-source-maps', ...flags, ...files]);
}
if (has('--watch')) {
  // Node runs a test again when its compiled files change, so the compiler watches too.
  const [command, ...before] = await compiler();
  const watching = spawn(command, [...before, '-p', root, '--watch', '--preserveWatchOutput'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // The compiler may be a script that starts a program, which a signal to the script alone would leave behind.
    detached: process.platform !== 'win32',
  });
  process.on('exit', () => endGroup(watching));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
}
const running = ['--test', '--enable-source-maps', ...(has('--watch') ? [] : ['--test-timeout=600000'])];
if (whole) process.exit(runAll());
const shown = has('--test-reporter') ? [] : [`--test-reporter=${reporter}`];
// One file needs no runner of files, which takes as long to start as a small test.
if (files.length === 1 && !has('--watch')) become(['--enable-source-maps', ...shown, ...flags, ...files]);
else become([...running, ...shown, '--test-concurrency=2', ...flags, ...files]);

/** Ends what was started with `detached`, and what that has started. @param {import('node:child_process').ChildProcess} leader */
function endGroup({ pid }) {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid);
  } catch {
    // It has ended by itself.
  }
}

/**
 * Every test, two files at a time. A test that waits for programs may miss its time beside others on a busy machine, so a
 * file or three that failed run once more with nothing beside them: what passes then is named, and what fails twice fails.
 * @returns {number} the exit code
 */
function runAll() {
  const first = runFiles(files, 2);
  for (const { file, milliseconds } of first.times
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, 15)) {
    console.log(`# ${(milliseconds / 1000).toFixed(1).padStart(6)} s  ${named(file)}`);
  }
  showFailed(first);
  const again = first.files;
  if (first.code === 0 || again.length === 0 || again.length > 3) return first.code;
  console.log(`# once more, one at a time: ${again.map(named).join(', ')}`);
  const second = runFiles(again, 1);
  showFailed(second);
  if (second.code === 0)
    console.log(`# UNSTEADY: failed beside others, passed alone: ${again.map(named).join(', ')}`);
  return second.code;
}

/**
 * Runs test files and says what failed.
 * @param {string[]} those
 * @param {number} concurrency files at a time
 */
function runFiles(those, concurrency) {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-tests-'));
  const report = join(directory, 'report');
  const marked = join(directory, 'failed');
  writeFileSync(marked, '');
  try {
    const reporters = [reporter, 'stdout', join(root, 'scripts', 'test-report.mjs'), report];
    const { status } = spawnSync(
      process.execPath,
      [
        ...running,
        `--import=${pathToFileURL(join(root, 'scripts', 'mark-failed.mjs')).href}`,
        ...reporters.map((to, i) => `--test-reporter${i % 2 === 0 ? '' : '-destination'}=${to}`),
        `--test-concurrency=${concurrency}`,
        ...those,
      ],
      { cwd: root, stdio: 'inherit', env: { ...process.env, CARACAL_FAILED_FILES: marked } },
    );
    const result = readTestReport(report);
    // One that was killed wrote nothing down, and is a failed test of its own name.
    const names = [...readFileSync(marked, 'utf8').split('\n'), ...result.failed.map(({ name }) => name)];
    const failed = names
      .map((name) => relative(root, resolve(root, name)))
      .filter((name) => those.includes(name));
    return { code: status ?? 1, ...result, files: [...new Set(failed)] };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @param {import('./test-report.mjs').TestReport} report */
function showFailed({ failed }) {
  if (failed.length > 0) console.log(`# ${failed.length} failed:`);
  for (const { file, name, error } of failed) {
    const lines = error.split('\n').slice(0, 12);
    console.log([`#   ${named(file)}: ${name}`, ...lines.map((text) => `#     ${text}`)].join('\n'));
  }
}

/** A test's source as a person knows it. @param {string} file */
function named(file) {
  return relative(root, resolve(root, file))
    .replace(/^dist\//, '')
    .replace(/\.js$/, '.ts');
}

/**
 * Runs Node with these words and ends with its exit code.
 * @param {string[]} args
 */
function become(args) {
  if (!has('--watch')) {
    const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
    process.exit(result.status ?? 1);
  }
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  child.on('exit', (code) => process.exit(code ?? 1));
  process.on('exit', () => child.kill());
}

/**
 * @param {string[]} args
 * @returns {{ words: string[], flags: string[] }}
 */
function sortArguments(args) {
  /** @type {string[]} */ const words = [];
  /** @type {string[]} */ const flags = [];
  for (let i = 0; i < args.length; i++) {
    const word = /** @type {string} */ (args[i]);
    if (!word.startsWith('-')) words.push(word);
    else if (valued.test(word) && i + 1 < args.length) flags.push(`${word}=${args[++i]}`);
    else flags.push(word);
  }
  return { words, flags };
}
