// Knows what the deny lists hold, to show it: how many items, and the first of them as they are written.
import { parseCidr } from '../../protocol/cidr.ts';
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
 * Reads the file of --deny-list and those of --deny-ip, whose other items are networks themselves.
 * @throws the system's error when one cannot be read
 */
export async function readDenied(
  denyList: string | undefined,
  denyIp: readonly string[],
  most: number,
): Promise<DeniedItems> {
  const infoHashes: Items = { count: 0, shown: [] };
  const networks: Items = { count: 0, shown: [] };
  const into = (items: Items) => (item: string) => {
    if (items.count++ < most) items.shown.push(item);
    return undefined;
  };
  if (denyList !== undefined) await readLines(denyList, into(infoHashes));
  for (const item of denyIp) {
    if (parseCidr(item) === undefined) await readLines(item, into(networks));
    else into(networks)(item);
  }
  return { infoHashes, networks };
}
