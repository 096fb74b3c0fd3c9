// How a node of a cluster is told of in an answer of the API.

import type { ObservedCluster, ObservedNode } from '../observed-tracker.ts';
import type { Cluster } from '../schema.ts';

export function describeCluster(cluster: ObservedCluster): Cluster {
  const { node, isReady, isReached, fault, members, waitingBytes, sent, received } = cluster;
  const { gaps, rejected, rounds, mended, stale } = cluster;
  return {
    node,
    ready: isReady,
    engine: { reached: isReached, fault: fault ?? null, waiting_bytes: waitingBytes },
    sent: { messages: sent.messages, bytes: sent.bytes, records: sent.records },
    received: { ...received },
    ...{ gaps, rejected, comparisons: rounds, mended, stale },
    nodes: members.map(describeNode),
  };
}

/** What a node says of itself is checked: it may be another version's. */
function describeNode({ node, isAlive, ageMs, report, lagMs }: ObservedNode) {
  const count = (value: unknown) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0);
  return {
    node,
    alive: isAlive,
    age_seconds: ageMs / 1000,
    version: typeof report.version === 'string' ? report.version.slice(0, 40) : null,
    ready: report.ready === true,
    peers: count(report.peers),
    lag_seconds: lagMs === undefined ? null : Math.max(0, lagMs) / 1000,
    byte_rate: { in: count(report.bytesIn), out: count(report.bytesOut) },
    mended: count(report.mended),
    webtorrent_peers: count(report.webTorrentPeers),
  };
}
