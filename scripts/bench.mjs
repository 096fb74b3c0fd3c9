// `npm run bench [name …]`: make the checkout ready and run the benchmarks in bench/, or the named ones.
import { join, relative } from 'node:path';
import { bootstrap, filesBelow, root, run } from './bootstrap.mjs';

await bootstrap();
const names = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'));
const benchFolder = join(root, 'dist', 'bench');
const files = filesBelow(benchFolder, (file) => file.endsWith('.bench.js')).filter(
  (file) => names.length === 0 || names.some((name) => relative(benchFolder, file).includes(name)),
);
if (files.length === 0) {
  console.error(`caracal: no benchmark matches ${names.join(' ')}`);
  process.exit(2);
}
for (const file of files) run(process.execPath, ['--expose-gc', file, ...flags]);
