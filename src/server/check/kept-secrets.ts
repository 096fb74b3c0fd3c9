// Which files of the data directory are secrets, and whether a start could use those that are there.
import { join } from 'node:path';
import { checkAcmeStore } from '../certificates/acme-store.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import { connectionKeyFile } from '../storage/connection-keys.ts';
import { readOwnFile } from '../storage/private-file.ts';
import { swarmKeyFile } from '../storage/swarm-key.ts';
import { ticketKeyFile } from '../storage/ticket-keys.ts';

/**
 * Changes nothing.
 * @throws StartError as a start would
 */
export function checkKeptSecrets({ dataDir, httpsPort, acmeDomain, acmeDirectory }: Configuration): void {
  if (dataDir === undefined) return;
  try {
    for (const name of [connectionKeyFile, swarmKeyFile, ...(httpsPort ? [ticketKeyFile] : [])])
      readOwnFile(join(dataDir, name), () => {}, { judgeOnly: true });
    if (httpsPort && acmeDomain.length > 0) checkAcmeStore(dataDir, acmeDirectory);
  } catch (error) {
    throw new StartError(`--data-dir: ${(error as Error).message}`, { cause: error });
  }
}
