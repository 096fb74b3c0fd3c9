// `npm test [word …]`: make the checkout ready and run the tests, or those whose path holds one of the words.
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { bootstrap, filesBelow, root } from './bootstrap.mjs';
import { installSystemPackages } from './system-packages.mjs';

bootstrap();
installSystemPackages();

const words = process.argv.slice(2);
const files = filesBelow(join(root, 'dist', 'test'), (file) => file.endsWith('.test.js'))
  .map((file) => relative(root, file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
if (files.length === 0) {
  console.error(`caracal: no test file matches ${words.join(' ')}`);
  process.exit(2);
}
const reporter = process.stdout.isTTY ? 'spec' : 'tap';
const options = [
  '--test',
  '--enable-source-maps',
  `--test-reporter=${reporter}`,
  '--test-concurrency=2',
  '--test-timeout=300000',
];
const result = spawnSync(process.execPath, [...options, ...files], { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
