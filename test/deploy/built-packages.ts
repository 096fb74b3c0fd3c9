// The .deb and .rpm as `npm run packages` makes them of this build, packed quickly.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const checkout = fileURLToPath(new URL('../../../', import.meta.url));
export const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
  version: string;
};
/** The file that an operator edits, below the root of a system that has the package. */
export const settings = 'etc/caracal/tracker.toml';

/** @returns the files' paths, in the order of the words */
export async function buildPackages(directory: string, ...words: string[]): Promise<string[]> {
  const script = join(checkout, 'scripts', 'packages.mjs');
  // What dist/ holds is packed as it is: another build would take the ground from under the tests beside this one.
  const all = [script, '--out', directory, '--fast', '--built', ...words];
  const { stdout } = await promisify(execFile)(process.execPath, all);
  return stdout.trim().split('\n');
}

export interface PackedFile {
  /** As `ls -l` writes it. */
  mode: string;
  owner: string;
  /** Without the slash at its beginning. */
  path: string;
}

/** What is no directory in a .deb. */
export function filesOf(deb: string): PackedFile[] {
  return execFileSync('dpkg-deb', ['--contents', deb], { encoding: 'utf8', maxBuffer: 1 << 24 })
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([mode]) => !mode.startsWith('d'))
    .map(([mode, owner, , , , path]) => ({ mode, owner, path: path.slice(2) }));
}
