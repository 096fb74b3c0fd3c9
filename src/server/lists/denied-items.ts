// Knows what the deny lists hold, to show it: how many items, and the first of them as they are written.
import { parseCidr } from '../../protocol/cidr.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import type { DenyFiles } from './deny-files.ts';
import { parseInfoHash, readLines } from './list-file.ts';

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
  // A line that says nothing is in force nowhere, whatever becomes of the rest of its file.
  const into = (items: Items, isOne: (item: string) => boolean) => (item: string) => {
    if (isOne(item) && items.count++ < most) items.shown.push(item);
    return undefined;
  };
  const words = new Int32Array(infoHashWords);
  const torrent = into(infoHashes, (item) => parseInfoHash(item, words, 0));
  const network = into(networks, (item) => parseCidr(item) !== undefined);
  for (const path of files.torrents) await readLines(path, torrent, files.mayMiss.has(path));
  for (const item of files.networks) {
    if (parseCidr(item) === undefined) await readLines(item, network, files.mayMiss.has(item));
    else network(item);
  }
  return { infoHashes, networks };
}
