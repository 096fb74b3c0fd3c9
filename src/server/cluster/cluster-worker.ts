// The thread of the cluster: nothing that it does, or waits for, holds an announce up.
import '../../cli/typescript-lines.ts';
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { ClusterNode } from '../../cluster/cluster-node.ts';
import { RedisEngine } from '../../cluster/redis/redis-engine.ts';
import { monotonicMs } from '../clock.ts';
import { tell } from '../listening/thread-words.ts';
import { attachStore } from '../storage/attach-store.ts';
import type { ClusterMessage, ClusterOrder, ClusterThreadData } from './cluster-words.ts';

const stateEveryMs = 1000;

const say = (message: ClusterMessage) => tell(message);
const data = workerData as ClusterThreadData;
const { url, seed, node: name, secret, version, refreshTicks, keys: ownKeys, keptLists } = data;

const node = new ClusterNode({
  engine: await RedisEngine.open(url),
  store: attachStore(data.store, seed),
  ...{ node: name, secret, version, refreshTicks, ownKeys, keptLists },
  incarnation: randomBytes(8).readBigUInt64LE(),
  now: monotonicMs,
  log: {
    // Whoever has read the line finds what it says in the state too.
    info: (message) => {
      sayState();
      say({ kind: 'log', level: 'info', message });
    },
    warn: (message) => say({ kind: 'log', level: 'warn', message }),
  },
  keys: ({ current, previous }, aheadSeconds) =>
    say({ kind: 'keys', keys: { current, previous, aheadSeconds } }),
  lists: (said) => say({ kind: 'lists', said }),
  keepLists: (record) => say({ kind: 'keepLists', record }),
});

node.prepare();
if (data.begins) begin(data.from);
sayState();
const states = setInterval(sayState, stateEveryMs);

parentPort!.on('message', async (order: ClusterOrder) => {
  if (order.kind === 'begin') begin(order.from);
  else if (order.kind === 'list') node.tellList(order.news);
  else {
    clearInterval(states);
    await node.close(order.stays, order.withinMs);
    sayState();
    parentPort!.close();
  }
});
tell({ kind: 'ready' });

function sayState(): void {
  say({ kind: 'state', state: node.state });
}

function begin(from: string | undefined): void {
  node.start(from);
  say({ kind: 'begun' });
}
