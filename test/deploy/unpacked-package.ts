// The package as `npm pack` makes it from this build, unpacked in a directory.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));

/** The package's directory below `directory`. */
export function unpackPackage(directory: string): string {
  // Without its scripts: packing that builds anew would take the ground from under the tests beside this one.
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory];
  const tarball = execFileSync('npm', words, { cwd: checkout, encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', join(directory, tarball), '-C', directory]);
  return join(directory, 'package');
}
