// The secret that all nodes of a cluster share, as it is kept: a line of a file, so that it stands in no list of processes.
import { readFileSync, statSync } from 'node:fs';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';

const leastLength = 16;

/**
 * The first line of --cluster-secret-file; empty without one.
 * @throws StartError when it cannot be read or is easily guessed
 */
export function readClusterSecret(
  { clusterSecretFile: path }: Configuration,
  log: { warn(message: string): void },
): string {
  if (path === undefined) return '';
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').split('\n')[0].trim();
    if ((statSync(path).mode & 0o044) !== 0)
      log.warn(`--cluster-secret-file ${path} can be read by others; chmod 600 keeps it secret`);
  } catch (error) {
    throw new StartError(`--cluster-secret-file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (secret.length < leastLength)
    throw new StartError(
      `--cluster-secret-file ${path} must hold a line of at least ${leastLength} characters (openssl rand -hex 32)`,
    );
  return secret;
}
