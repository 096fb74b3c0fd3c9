// Which package holds koffi, the way from JavaScript to C. The package `koffi` has an install script, of which npm warns
// everybody; those of the platforms, which it loads, have none and are all that is needed.
import { createRequire } from 'node:module';

/** @param processor as `process.arch` has it; package.json names those that the tracker is made for */
export const koffiPackage = (processor: string = process.arch) => `@koromix/koffi-linux-${processor}`;

/** Whatever koffi exports; each caller says what it uses of it. Throws where it is not installed or not for this system. */
export function loadKoffi(): unknown {
  return createRequire(import.meta.url)(koffiPackage());
}
