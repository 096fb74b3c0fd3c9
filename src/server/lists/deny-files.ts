// Which files say what is denied: those that the options name, and on a node of a cluster one more of each kind in its data
// directory, so that what is denied at another node is denied there too, whatever lists it has been given.
import { join } from 'node:path';
import { parseCidr } from '../../protocol/cidr.ts';
import type { Configuration } from '../options/configuration.ts';

export const sharedTorrentsName = 'cluster.denied-torrents';
export const sharedNetworksName = 'cluster.denied-networks';

export type DenyOptions = Pick<Configuration, 'denyList' | 'denyIp'> &
  Partial<Pick<Configuration, 'cluster' | 'dataDir'>>;

export interface DenyFiles {
  /** Paths; what is denied is written to the first, and what is allowed again is taken out of all. */
  readonly torrents: readonly string[];
  /** Networks themselves, and paths of files of them, for which the same holds. */
  readonly networks: readonly string[];
  /** The paths of those that come to be with the first line. */
  readonly mayMiss: ReadonlySet<string>;
}

export function denyFilesOf({ denyList, denyIp, cluster, dataDir }: DenyOptions): DenyFiles {
  const own = denyList === undefined ? [] : [denyList];
  if (cluster === undefined || dataDir === undefined)
    return { torrents: own, networks: denyIp, mayMiss: new Set() };
  const [torrents, networks] = [sharedTorrentsName, sharedNetworksName].map((name) => join(dataDir, name));
  return {
    torrents: [...own, torrents],
    networks: [...denyIp, networks],
    mayMiss: new Set([torrents, networks]),
  };
}

export function networkFilesOf({ networks }: DenyFiles): string[] {
  return networks.filter((item) => parseCidr(item) === undefined);
}
