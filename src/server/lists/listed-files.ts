// Which lists the options name, from which files each is read, and how one is read that somebody may be writing just then.
import type { Configuration } from '../options/configuration.ts';
import { stampOf } from '../storage/file-stamp.ts';
import { type DenyOptions, denyFilesOf, networkFilesOf } from './deny-files.ts';
import { ListFileError, readAddressList, readInfoHashList } from './list-file.ts';

export type ListingOptions = Pick<Configuration, 'allowList'> & DenyOptions;

interface ReadList {
  count: number;
  buffer: SharedArrayBuffer;
}

/** Of a list that changes while it is read. */
const mostReads = 3;

/** One rule and the files that it is read from. */
export interface ListedFiles {
  readonly name: string;
  readonly noun: readonly [one: string, several: string];
  readonly rule: 'allowedTorrents' | 'deniedTorrents' | 'deniedAddresses';
  readonly paths: readonly string[];
  read(): Promise<ReadList>;
  /** What the files looked like when they were last read, or complained of. */
  settled: string | undefined;
  /** Items in force. */
  count: number;
  /** What they looked like at the last check. */
  seen: string | undefined;
  /** Why what the files hold now is not in force. */
  fault: string | undefined;
}

/** In the order in which they are read. */
export function listedFilesOf({ allowList, ...options }: ListingOptions): ListedFiles[] {
  const lists: ListedFiles[] = [];
  const denied = denyFilesOf(options);
  const { mayMiss } = denied;
  const torrents = (name: string, rule: ListedFiles['rule'], paths: readonly string[]) => {
    if (paths.length === 0) return;
    const read = () => readInfoHashList(paths, crypto.getRandomValues(new Int32Array(2)), mayMiss);
    lists.push({
      name,
      rule,
      noun: ['info_hash', 'info_hashes'],
      paths,
      read,
      settled: undefined,
      seen: undefined,
      count: 0,
      fault: undefined,
    });
  };
  torrents('--allow-list', 'allowedTorrents', allowList === undefined ? [] : [allowList]);
  const isShared = options.denyList === undefined;
  torrents(isShared ? 'Torrents denied in the cluster' : '--deny-list', 'deniedTorrents', denied.torrents);
  if (denied.networks.length > 0) {
    lists.push({
      name: options.denyIp.length === 0 ? 'Networks denied in the cluster' : '--deny-ip',
      rule: 'deniedAddresses',
      noun: ['network', 'networks'],
      paths: networkFilesOf(denied),
      read: () => readAddressList(denied.networks, mayMiss),
      settled: undefined,
      seen: undefined,
      count: 0,
      fault: undefined,
    });
  }
  return lists;
}

/** Reads a list again when it has become another one meanwhile, so that one being written is not taken for a short one. */
export async function readUnchanged(list: ListedFiles): Promise<{ read: ReadList; stamp: string }> {
  for (let attempt = 1; ; attempt++) {
    const stamp = await stampsOf(list);
    const isSettled = async () => attempt === mostReads || (await stampsOf(list)) === stamp;
    try {
      const read = await list.read();
      if (await isSettled()) return { read, stamp };
    } catch (error) {
      if (await isSettled()) throw error;
    }
  }
}

/** Changes whenever one of the files does. */
export async function stampsOf({ paths }: ListedFiles): Promise<string> {
  return (await Promise.all(paths.map(stampOf))).join(' | ');
}

/** What is wrong with a list, named by its option. */
export function describe({ name }: ListedFiles, error: unknown): string {
  return `${name} ${error instanceof ListFileError ? error.message : `cannot be read: ${(error as Error).message}`}`;
}
