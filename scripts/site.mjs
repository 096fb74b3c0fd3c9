// npm run site: builds the documents of this checkout as one site in site/built, searchable, and checks its links.
// npm run site -- --serve shows it on loopback. The generator has a package of its own (site/), which only this installs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLinks } from './site/check-links.mjs';
import { stagePages } from './site/stage-pages.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const site = join(root, 'site');
const built = join(site, 'built');

/**
 * Ends with the program's code when it fails.
 * @param {string} command
 * @param {string[]} words
 */
function run(command, words) {
  const { status } = spawnSync(command, words, {
    cwd: site,
    // On Windows npm is a script, which only a shell runs.
    shell: process.platform === 'win32' && command === 'npm',
    stdio: 'inherit',
    // Without it a link to a file of this kind would be taken for one to a page.
    env: { ...process.env, VITE_EXTRA_EXTENSIONS: 'toml' },
  });
  if (status !== 0) process.exit(status ?? 1);
}

function installGenerator() {
  const lock = createHash('sha256')
    .update(readFileSync(join(site, 'package-lock.json')))
    .digest('hex');
  const stamp = join(site, 'node_modules/.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('caracal: installing the generator of the site …');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}

installGenerator();
stagePages(root, join(site, 'pages'));
const vitepress = join(site, 'node_modules/vitepress/bin/vitepress.js');
run(process.execPath, [vitepress, 'build', '.']);
const broken = checkLinks(built);
for (const line of broken) console.error(`site: ${line}`);
if (broken.length > 0) process.exit(1);
console.error(`caracal: the site is in site/built, its links are whole`);
if (process.argv.includes('--serve'))
  run(process.execPath, [vitepress, 'preview', '.', '--host', '127.0.0.1']);
