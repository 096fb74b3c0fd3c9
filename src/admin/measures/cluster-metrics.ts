// The metrics of a node of a cluster, which are there only with --cluster. Each has the node's name as its label.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { ObservedCluster } from '../observed-tracker.ts';

type Read = (cluster: ObservedCluster) => number;

/** @param cluster gives undefined until there is something to tell; the series are missing until then */
export function registerClusterMetrics(registry: Registry, cluster: () => ObservedCluster | undefined): void {
  const labelNames = ['node'];
  const gauge = (name: string, help: string, read: Read) => {
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.reset();
        const now = cluster();
        if (now) this.set({ node: now.node }, read(now));
      },
    });
  };
  const counter = (name: string, help: string, read: Read) => {
    new Counter({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.reset();
        const now = cluster();
        if (now) this.inc({ node: now.node }, read(now));
      },
    });
  };
  gauge('tracker_cluster_ready', 'Whether this node has caught up with the others.', ({ isReady }) =>
    Number(isReady),
  );
  gauge('tracker_cluster_engine_up', 'Whether the engine takes the news of this node.', ({ isReached }) =>
    Number(isReached),
  );
  gauge(
    'tracker_cluster_nodes',
    'Nodes that live, as far as this one knows.',
    ({ members }) => members.filter(({ isAlive }) => isAlive).length,
  );
  gauge(
    'tracker_cluster_nodes_gone',
    'Nodes that have said nothing for nine seconds, and did not say that they go; forgotten after a day.',
    ({ members }) => members.filter(({ isAlive }) => !isAlive).length,
  );
  gauge(
    'tracker_cluster_versions',
    'How many versions of the tracker the nodes that live run.',
    ({ members }) =>
      new Set(members.filter(({ isAlive }) => isAlive).map(({ report }) => report.version)).size,
  );
  gauge('tracker_cluster_webtorrent_peers', 'WebTorrent peers of all nodes that live.', ({ members }) =>
    sumOfPeers(members.filter(({ isAlive }) => isAlive)),
  );
  gauge(
    'tracker_cluster_lag_seconds',
    'The longest that the last message of another node was under way.',
    lagOf,
  );
  gauge(
    'tracker_cluster_waiting_bytes',
    'News that wait for the engine.',
    ({ waitingBytes }) => waitingBytes,
  );
  counter(
    'tracker_cluster_sent_bytes_total',
    'Bytes that the engine has taken of this node.',
    ({ sent }) => sent.bytes,
  );
  counter(
    'tracker_cluster_received_bytes_total',
    'Bytes of news read from the engine.',
    ({ received }) => received.bytes,
  );
  counter(
    'tracker_cluster_sent_records_total',
    'News of peers that this node has told.',
    ({ sent }) => sent.records,
  );
  counter(
    'tracker_cluster_received_records_total',
    'News of peers that other nodes have told.',
    ({ received }) => received.records,
  );
  counter('tracker_cluster_gaps_total', 'How often messages of other nodes were lost.', ({ gaps }) => gaps);
  counter(
    'tracker_cluster_rejected_total',
    'Messages that were damaged, signed with another secret, or of another version.',
    ({ rejected }) => rejected,
  );
  counter(
    'tracker_cluster_comparisons_total',
    'How often nodes have compared what they have.',
    ({ rounds }) => rounds,
  );
  counter(
    'tracker_cluster_mended_total',
    'Peers that were added or changed by comparisons.',
    ({ mended }) => mended,
  );
}

/** What another node says of itself may be anything. */
function sumOfPeers(members: ObservedCluster['members']): number {
  const counts = members.map(({ report }) => Number(report.webTorrentPeers));
  return counts.filter((count) => count > 0 && Number.isFinite(count)).reduce((sum, count) => sum + count, 0);
}

function lagOf({ members }: ObservedCluster): number {
  const lags = members.flatMap(({ isAlive, lagMs }) => (isAlive && lagMs !== undefined ? [lagMs] : []));
  return Math.max(0, ...lags) / 1000;
}
