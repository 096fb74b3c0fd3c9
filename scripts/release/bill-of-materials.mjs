// `node scripts/release/bill-of-materials.mjs`: what runs, as CycloneDX on standard output.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../bootstrap.mjs';
import { productionLock } from '../shrinkwrap.mjs';

/** @typedef {{ name: string, version: string, licenses?: readonly object[] }} Component with more that CycloneDX knows */
/** @typedef {{ bomFormat: string, metadata: { component: Component }, components: (Component & Record<string, unknown>)[] }} Bill */

/**
 * Of a lock file that has nothing else in it: `npm sbom --omit=dev` leaves out what development needs too, such as the logger.
 * Throws where a package says nothing of its licence.
 * @returns {Bill}
 */
export function billOfMaterials() {
  const aside = mkdtempSync(join(tmpdir(), 'caracal-bill-'));
  try {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    // npm calls what it describes after the directory, whatever package.json says.
    const directory = join(aside, manifest.name);
    mkdirSync(directory);
    delete manifest.devDependencies;
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(productionLock()));
    const words = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
    /** @type {Bill} */
    const bill = JSON.parse(
      execFileSync('npm', words, { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 26 }),
    );
    for (const { name, licenses = [] } of bill.components)
      if (licenses.length === 0) throw new Error(`${name} does not name its licence in package-lock.json`);
    return bill;
  } finally {
    rmSync(aside, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(billOfMaterials(), undefined, 2)}\n`);
