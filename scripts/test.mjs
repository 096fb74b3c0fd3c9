// `npm test [word …] [-- flag …]`: make the checkout ready and run the tests, or those whose path holds one of the
// words. Flags are Node's: --test-name-pattern=…, --watch, --inspect-brk and the rest.
import { spawn, spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { bootstrap, filesBelow, root } from './bootstrap.mjs';
import { installSystemPackages } from './system-packages.mjs';

/** Flags of Node's whose value may be the next word. */
const valued = /^--test-(name-pattern|skip-pattern|reporter|reporter-destination|concurrency|timeout|shard)$/;

const { words, flags } = sortArguments(process.argv.slice(2));
await bootstrap();
// Whoever runs some tests waits for them, and not for packages that others need.
if (words.length === 0 && flags.length === 0) installSystemPackages();

const files = filesBelow(join(root, 'dist', 'test'), (file) => file.endsWith('.test.js'))
  .map((file) => relative(root, file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
if (files.length === 0) {
  console.error(`caracal: no test file matches ${words.join(' ')}`);
  process.exit(2);
}
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
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiler = spawn(process.execPath, [tsc, '-p', root, '--watch', '--preserveWatchOutput'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.on('exit', () => compiler.kill());
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
}
const reporter = process.stdout.isTTY ? 'spec' : 'tap';
become([
  '--test',
  '--enable-source-maps',
  ...(has('--test-reporter') ? [] : [`--test-reporter=${reporter}`]),
  '--test-concurrency=2',
  ...(has('--watch') ? [] : ['--test-timeout=300000']),
  ...flags,
  ...files,
]);

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
