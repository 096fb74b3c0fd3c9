// The program as a package holds it: what npm would publish, with the packages that the lock file names for one processor.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap.mjs';

/** What the program itself reads of deploy/, besides what the maintainer scripts call: `caracal import` reads units with it. */
const ofDeploy = ['deploy/install/earlier-flags.mjs', 'deploy/install/read-unit.mjs'];
/** For those who write programs with a package, not for those who run it. */
const notForRunning = /\.(d\.[cm]?ts|[cm]?ts|js\.map|[cm]js\.map|md|markdown|html|tsbuildinfo)$/i;

/**
 * @param {string} target a directory that does not exist yet
 * @param {'x64' | 'arm64'} processor as Node names it
 */
export function writeProgram(target, processor) {
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(root, name), join(target, name));
  cpSync(join(root, 'dist', 'src'), join(target, 'dist', 'src'), { recursive: true });
  for (const path of ofDeploy) cpSync(join(root, path), join(target, path));
  const words = ['ci', '--omit=dev', '--ignore-scripts', '--os=linux', `--cpu=${processor}`, '--libc=glibc'];
  execFileSync('npm', [...words, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: target,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(join(target, 'package-lock.json'));
  trim(join(target, 'node_modules'));
}

/** @param {string} modules */
function trim(modules) {
  for (const item of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    const { name, parentPath } = item;
    if (item.isFile() ? isNeeded(name) : !isSuperfluous(name, parentPath)) continue;
    rmSync(join(parentPath, name), { recursive: true, force: true });
  }
}

/** @param {string} name of a file */
function isNeeded(name) {
  return /^(licen[cs]e|notice|copying)/i.test(name) || !(name.startsWith('.') || notForRunning.test(name));
}

/** Settings of tools, tests, and binaries for musl, whose library is not where these packages go. @param {string} name @param {string} parent */
function isSuperfluous(name, parent) {
  return (
    /^(\.|musl_)/.test(name) || (/^tests?$/.test(name) && /node_modules\/(@[^/]+\/)?[^/]+$/.test(parent))
  );
}
