// `node scripts/write-manuals.mjs [--check]`: writes (or checks) man pages and completions from what the programs say of themselves.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, built, root } from './bootstrap.mjs';

const check = process.argv.includes('--check');
if (!check) await bootstrap();
const { formatManPage } = /** @type {typeof import('../src/cli/man-page.ts')} */ (
  await built('src/cli/man-page.js')
);
const { formatCompletion, shells } = /** @type {typeof import('../src/cli/completion.ts')} */ (
  await built('src/cli/completion.js')
);
const { queryProgram } = /** @type {typeof import('../src/query/command/query-program.ts')} */ (
  await built('src/query/command/query-program.js')
);
const { serverProgram } = /** @type {typeof import('../src/server/operators/server-program.ts')} */ (
  await built('src/server/operators/server-program.js')
);

const { caracalProgram } = /** @type {typeof import('../src/caracal-program.ts')} */ (
  await built('src/caracal-program.js')
);

/** @type {string[]} */
const stale = [];
for (const program of [queryProgram, serverProgram, caracalProgram]) {
  write(`man/${program.name}.1`, formatManPage(program));
  for (const shell of shells) write(`completions/${program.name}.${shell}`, formatCompletion(shell, program));
}
if (stale.length > 0) {
  console.error(`out of step with the option table: ${stale.join(', ')}; run: node scripts/write-docs.mjs`);
  process.exit(1);
}

/**
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  const file = join(root, path);
  if (!check) {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  } else if (read(file) !== text) stale.push(path);
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
