// Writes the declarations of what the package exports, and of nothing else: `node scripts/declare.mjs [DIRECTORY]`.
//
// Only packing needs them, so building does not wait for them. The compiler declares every source that it reads; what the
// declarations of the entry points do not name is taken out again, so that nobody comes to lean on it and the package stays small.
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrap, filesBelow, root, run } from './bootstrap.mjs';

const entryPoints = ['index', 'protocol', 'client'].map((name) => join('library', `${name}.d.ts`));

/**
 * @param {string} directory emptied first
 */
export function declare(directory) {
  rmSync(directory, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', join(root, 'src', 'library'), '--outDir', directory]);
  const wanted = new Set(entryPoints.map((entryPoint) => join(directory, entryPoint)));
  for (const file of wanted) for (const named of namedIn(file)) wanted.add(named);
  for (const file of filesBelow(directory, (file) => !wanted.has(file))) rmSync(file);
  removeEmpty(directory);
}

/**
 * @param {string} file
 */
function namedIn(file) {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from |import\()'(\.[^']+)\.ts'/g)].map(([, path]) =>
    resolve(dirname(file), `${path}.d.ts`),
  );
}

/**
 * @param {string} directory
 */
function removeEmpty(directory) {
  for (const item of readdirSync(directory, { withFileTypes: true }))
    if (item.isDirectory()) removeEmpty(join(directory, item.name));
  if (readdirSync(directory).length === 0) rmdirSync(directory);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bootstrap({ installOnly: true });
  declare(resolve(process.argv[2] ?? join(root, 'dist', 'types')));
}
