// The product's version, as package.json states it.
import { readFileSync } from 'node:fs';

// The built file lies in dist/src/server, in a checkout and in an installed package alike.
const manifest = new URL('../../../package.json', import.meta.url);

const misplaced =
  'the package caracal runs from its own folder only: have a bundler leave it out (--external:caracal)';

export const version = versionIn(readManifest());

/** Without its own folder it would miss the threads' programs, the dashboard and the system calls too, each of them later. */
function readManifest(): { name?: unknown; version?: unknown } {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8'));
  } catch (cause) {
    throw new Error(misplaced, { cause });
  }
}

function versionIn({ name, version }: ReturnType<typeof readManifest>): string {
  if (name !== 'caracal' || typeof version !== 'string') throw new Error(misplaced);
  return version;
}
