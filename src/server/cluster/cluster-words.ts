// What the main thread and the cluster's thread say to each other.
import type { ClusterState } from '../../cluster/cluster-state.ts';
import type { ListNews } from '../../cluster/list-news.ts';
import type { SaidOfList } from '../../cluster/list-record.ts';
import type { SharedKeys } from '../../transport/opener.ts';
import type { ConnectionKeys } from '../storage/connection-keys.ts';

export interface ClusterThreadData {
  store: SharedArrayBuffer;
  seed: number;
  url: string;
  node: string;
  secret: string;
  version: string;
  refreshTicks: number;
  keys: ConnectionKeys;
  /** Whether to take part at once; where another tracker's swarms are taken over first, `begin` says when. */
  begins: boolean;
  /** Where in the engine's row the swarms that were loaded end. */
  from: string | undefined;
  /** What operators refuse, as this node knew it last. */
  keptLists: string | undefined;
}

export type ClusterOrder =
  | { kind: 'begin'; from: string | undefined }
  | { kind: 'list'; news: ListNews }
  /** Whether the node is to be there still for the others: another process goes on under its name. */
  | { kind: 'end'; stays: boolean; withinMs: number };

export type ClusterMessage =
  /** From here on whatever changes is told. */
  | { kind: 'begun' }
  | { kind: 'keys'; keys: SharedKeys }
  | { kind: 'state'; state: ClusterState }
  | { kind: 'lists'; said: readonly SaidOfList[] }
  | { kind: 'keepLists'; record: string }
  | { kind: 'log'; level: 'info' | 'warn'; message: string };
