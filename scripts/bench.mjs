// `npm run bench [name …]`: make the checkout ready and run the benchmarks in bench/, or the named ones; a part of a name
// stands for all that have it, unless one is called just so.
import { join, relative } from 'node:path';
import { bootstrap, filesBelow, root, run } from './bootstrap.mjs';

await bootstrap();
const names = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'));
const benchFolder = join(root, 'dist', 'bench');
const all = filesBelow(benchFolder, (file) => file.endsWith('.bench.js'));
/** @param {string} name */
const named = (name) => {
  const exact = all.filter((file) => relative(benchFolder, file) === `${name}.bench.js`);
  return exact.length > 0 ? exact : all.filter((file) => relative(benchFolder, file).includes(name));
};
const files = names.length === 0 ? all : [...new Set(names.flatMap(named))];
if (files.length === 0) {
  console.error(`caracal: no benchmark matches ${names.join(' ')}`);
  process.exit(2);
}
for (const file of files) run(process.execPath, ['--expose-gc', file, ...flags]);
