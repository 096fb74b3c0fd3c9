// A copy of what is packed, with what `npm pack` runs before it, without its build: building anew here would take the ground
// from under the tests that run beside this one, and a shrinkwrap lie in the way of their npm.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Its directory below `directory`. */
export function stagePackage(directory: string): string {
  const staged = join(directory, 'staged');
  mkdirSync(staged);
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  for (const path of [...files, 'package.json', 'package-lock.json', 'scripts/shrinkwrap.mjs']) {
    if (existsSync(join(root, path))) cpSync(join(root, path), join(staged, path), { recursive: true });
  }
  execFileSync('node', ['scripts/declare.mjs', join(staged, 'dist', 'types')], { cwd: root, stdio: 'pipe' });
  execFileSync('node', ['scripts/shrinkwrap.mjs', 'write'], { cwd: staged, stdio: 'pipe' });
  return staged;
}
