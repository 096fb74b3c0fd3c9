// Knows what the deny lists hold, to show it: how many entries, and the first of them as they are written.
import { parseCidr } from '../../protocol/cidr.ts';
import { readLines } from './list-file.ts';

export interface Entries {
  /** Of all, also those that are not shown. */
  count: number;
  shown: string[];
}

export interface DeniedEntries {
  infoHashes: Entries;
  networks: Entries;
}

/**
 * Reads the file of --deny-list and those of --deny-ip, whose other entries are networks themselves.
 * @throws the system's error when one cannot be read
 */
export async function readDenied(
  denyList: string | undefined,
  denyIp: readonly string[],
  most: number,
): Promise<DeniedEntries> {
  const infoHashes: Entries = { count: 0, shown: [] };
  const networks: Entries = { count: 0, shown: [] };
  const into = (entries: Entries) => (entry: string) => {
    if (entries.count++ < most) entries.shown.push(entry);
    return undefined;
  };
  if (denyList !== undefined) await readLines(denyList, into(infoHashes));
  for (const entry of denyIp) {
    if (parseCidr(entry) === undefined) await readLines(entry, into(networks));
    else into(networks)(entry);
  }
  return { infoHashes, networks };
}
