// Knows what the deny lists hold, to show it: how many items, and the first of them as they are written.
import { parseCidr } from '../../protocol/cidr.ts';
import type { DenyFiles } from './deny-files.ts';
import { readLines } from './list-file.ts';

export interface Items {
  /** Of all, also those that are not shown. */
  count: number;
  shown: string[];
}

export interface DeniedItems {
  infoHashes: Items;
  networks: Items;
}

/**
 * Reads the files of torrents and of networks.
 * @throws the system's error when one cannot be read
 */
export async function readDenied(files: DenyFiles, most: number): Promise<DeniedItems> {
  const infoHashes: Items = { count: 0, shown: [] };
  const networks: Items = { count: 0, shown: [] };
  const into = (items: Items) => (item: string) => {
    if (items.count++ < most) items.shown.push(item);
    return undefined;
  };
  for (const path of files.torrents) await readLines(path, into(infoHashes), files.mayMiss.has(path));
  for (const item of files.networks) {
    if (parseCidr(item) === undefined) await readLines(item, into(networks), files.mayMiss.has(item));
    else into(networks)(item);
  }
  return { infoHashes, networks };
}
