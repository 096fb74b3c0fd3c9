// The nodes of the cluster: which live, how far each lags, and what was mended. Of a tracker that is alone there is no such card.

import type { Cluster } from '../schema.ts';
import { ask } from './connection.ts';
import { byId, type Cell, setRows, setText } from './elements.ts';
import { formatBytes, formatCount, formatCounted, formatSeconds, formatSpan } from './format.ts';

type Present = NonNullable<Cluster>;

/** Resolves to whether there is a cluster; in the first second of a start there seems to be none. */
export async function showCluster(): Promise<boolean> {
  const cluster = await ask<Cluster>('api/v1/cluster');
  byId('cluster-card').hidden = cluster === null;
  if (cluster === null) return false;
  showEngine(cluster);
  setRows(
    'cluster',
    cluster.nodes.map((node) => rowOf(node, cluster)),
  );
  const { mended, comparisons, gaps, rejected, nodes } = cluster;
  const webTorrent = nodes.reduce((sum, node) => sum + (node.alive ? node.webtorrent_peers : 0), 0);
  const notes = [
    `${formatCounted(mended, 'difference')} mended here in ${formatCounted(comparisons, 'comparison')}`,
    ...(webTorrent > 0 ? [`${formatCounted(webTorrent, 'WebTorrent peer')} on all nodes`] : []),
    ...(gaps > 0 ? [`messages were lost ${formatCounted(gaps, 'time')}`] : []),
    ...(rejected > 0 ? [`${formatCounted(rejected, 'message')} could not be read`] : []),
    ...(versionsOf(cluster).size > 1 ? ['the nodes run different versions'] : []),
  ];
  setText('cluster-note', `${notes.join(', ')}.`);
  return true;
}

function showEngine({ engine, ready }: Present): void {
  const place = byId('cluster-engine');
  const waiting = engine.waiting_bytes > 0 ? `, ${formatBytes(engine.waiting_bytes)} wait` : '';
  place.className = engine.reached ? (ready ? 'good-text' : 'warn-text') : 'bad-text';
  setText(
    place,
    engine.reached
      ? `${ready ? 'engine reached' : 'catching up'}${waiting}`
      : `engine away: ${engine.fault ?? 'not reached yet'}${waiting}`,
  );
}

function rowOf(node: Present['nodes'][number], cluster: Present): Cell[] {
  const isOwn = node.node === cluster.node;
  const state: Cell = node.alive
    ? node.ready
      ? { content: 'ready', className: 'good-text' }
      : { content: 'joining', className: 'warn-text' }
    : { content: `gone for ${formatSpan(node.age_seconds)}`, className: 'bad-text' };
  const isOdd = versionsOf(cluster).size > 1;
  return [
    { content: isOwn ? `${node.node} (this one)` : node.node, heading: true },
    state,
    number(formatCount(node.peers)),
    number(isOwn || !node.alive || node.lag_seconds === null ? '–' : formatSeconds(node.lag_seconds)),
    // Of one that is gone they are as they were.
    ...[node.byte_rate.out, node.byte_rate.in].map((rate) => number(node.alive ? formatBytes(rate) : '–')),
    number(formatCount(node.mended)),
    { content: node.version ?? '–', className: isOdd ? 'warn-text' : 'quiet' },
  ];
}

function versionsOf({ nodes }: Present): Set<string | null> {
  return new Set(nodes.filter(({ alive }) => alive).map(({ version }) => version));
}

function number(text: string): Cell {
  return { content: text, className: 'number' };
}
