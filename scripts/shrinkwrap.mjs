// `node scripts/shrinkwrap.mjs write|remove`: the lock file as it is published, so that whoever installs the package gets the
// packages that were tested. In a checkout it would stand in package-lock.json's way, so it is there only while npm packs.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const shrinkwrap = fileURLToPath(new URL('../npm-shrinkwrap.json', import.meta.url));
const lockFile = fileURLToPath(new URL('../package-lock.json', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === 'remove') rmSync(shrinkwrap, { force: true });
  else writeFileSync(shrinkwrap, `${JSON.stringify(productionLock(), undefined, 2)}\n`);
}

/** The lock file without what only builds and tests. */
export function productionLock() {
  const lock = /** @type {{ packages: Record<string, Locked> }} */ (
    JSON.parse(readFileSync(lockFile, 'utf8'))
  );
  for (const [path, item] of Object.entries(lock.packages)) {
    if (item.dev) delete lock.packages[path];
  }
  delete lock.packages[''].devDependencies;
  return lock;
}

/** @typedef {{ dev?: boolean, devDependencies?: object }} Locked */
