// How the tracker's state reads on a terminal: the text of the commands `status`, `top` and `swarm`.

import { transportTitles } from '../../transport/transports.ts';
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatRate,
  formatSeconds,
  formatShare,
  formatSpan,
} from '../page/format.ts';
import type { Cluster, Denied, Stats, SwarmDetail, TopSwarms } from '../schema.ts';

/** More listeners than these are told in one line, but for those that do not answer. */
const mostListeners = 4;
/** Beside the heading; as many are to be seen on a terminal of 24 lines. */
const leastSwarms = 3;

/** Lines of text, without a line break after the last. */
export function formatStatus(stats: Stats): string {
  return statusLines(stats, stats.listeners.length > mostListeners).join('\n');
}

function statusLines(stats: Stats, folded: boolean): string[] {
  return [
    headline(stats),
    '',
    ...formatTable(figures(stats)),
    '',
    ...(folded ? foldedListeners(stats) : listenerTable(listeners(stats))),
    '',
    ...formatTable(
      [['transport', 'IPv4/s', 'IPv6/s', 'announces', 'scrapes', 'p50', 'p99'], ...traffic(stats)],
      [1, 2, 3, 4, 5, 6],
    ),
  ];
}

/** What is refused; of long lists the beginning. */
export function formatDenied({ info_hashes: infoHashes, networks }: Denied): string {
  const tell = (noun: string, { count, shown }: Denied['networks']) => [
    formatCounted(count, noun, noun === 'info_hash' ? 'info_hashes' : `${noun}s`),
    ...shown.map((item) => `  ${item}`),
    ...(count > shown.length ? [`  and ${formatCount(count - shown.length)} more`] : []),
  ];
  return [...tell('info_hash', infoHashes), ...tell('network', networks)].join('\n');
}

/** A node of a cluster, and those that it knows of. */
export function formatCluster(cluster: Cluster): string {
  if (cluster === null) return 'This tracker is alone: it runs without --cluster.';
  const { node, ready, engine, sent, received, gaps, rejected, comparisons, mended, nodes } = cluster;
  const webTorrent = nodes.reduce((sum, one) => sum + (one.alive ? one.webtorrent_peers : 0), 0);
  const waiting = engine.waiting_bytes > 0 ? `, ${formatBytes(engine.waiting_bytes)} wait for it` : '';
  const rows = nodes.map((one) => [
    one.node,
    one.alive ? (one.ready ? 'ready' : 'joining') : `gone for ${formatSpan(one.age_seconds)}`,
    one.version ?? '',
    formatCount(one.peers),
    one.node === node || !one.alive || one.lag_seconds === null ? '' : formatSeconds(one.lag_seconds),
    // Of one that is gone they are as they were.
    ...[one.byte_rate.out, one.byte_rate.in].map((rate) => (one.alive ? `${formatBytes(rate)}/s` : '')),
    formatCount(one.mended),
  ]);
  return [
    `node ${node}, ${ready ? 'ready' : 'not ready: it has not caught up'}`,
    '',
    ...formatTable([
      [
        'engine',
        engine.reached ? `reached${waiting}` : `away: ${engine.fault ?? 'not heard of yet'}${waiting}`,
      ],
      ['told', formatCounted(sent.records, 'record'), formatBytes(sent.bytes)],
      ['heard', formatCounted(received.records, 'record'), formatBytes(received.bytes)],
      ['lost', formatCounted(gaps, 'time'), `${formatCounted(rejected, 'message')} could not be read`],
      ['mended', formatCounted(mended, 'peer'), `in ${formatCounted(comparisons, 'comparison')}`],
      ['WebTorrent', formatCounted(webTorrent, 'peer'), 'on all nodes'],
    ]),
    '',
    ...formatTable(
      [['nodes', 'state', 'version', 'peers', 'lag', 'out', 'in', 'mended'], ...rows],
      [3, 4, 5, 6, 7],
    ),
  ].join('\n');
}

/** The same with the largest swarms below it, cut to `rows` lines of `columns` characters. */
export function formatTop(stats: Stats, top: TopSwarms | undefined, rows: number, columns: number): string {
  const swarms = (top?.top ?? []).map(({ info_hash, complete, incomplete, downloaded }) => [
    info_hash,
    formatCount(complete),
    formatCount(incomplete),
    formatCount(downloaded),
  ]);
  const below = 2 + Math.min(swarms.length, leastSwarms);
  const whole = statusLines(stats, stats.listeners.length > mostListeners);
  const lines = [
    ...(whole.length + below > rows ? statusLines(stats, true) : whole),
    '',
    ...formatTable([['largest swarms', 'seeders', 'leechers', 'downloaded'], ...swarms], [1, 2, 3]),
  ];
  return lines
    .slice(0, rows)
    .map((line) => fit(line, columns))
    .join('\n');
}

/** Cut at a space, so that no number loses digits and looks like a smaller one. */
function fit(line: string, columns: number): string {
  if (line.length <= columns) return line;
  const end = line.lastIndexOf(' ', columns - 1);
  return `${line.slice(0, Math.max(end, 0)).trimEnd()}…`;
}

export function formatSwarm(swarm: SwarmDetail): string {
  if (!swarm.known) return `Nobody is in the swarm ${swarm.info_hash}.`;
  const counts = formatTable([
    ['info_hash', swarm.info_hash],
    ['seeders', formatCount(swarm.complete)],
    ['leechers', formatCount(swarm.incomplete)],
    ['downloaded', formatCount(swarm.downloaded)],
  ]);
  const peers = (swarm.peers ?? []).map(({ address, port, seeder, client }) => [
    address ?? 'not shown',
    String(port),
    seeder ? 'seeder' : 'leecher',
    client,
  ]);
  if (peers.length === 0) return counts.join('\n');
  const all = swarm.complete + swarm.incomplete;
  if (peers.length < all) counts.push('', `${formatCount(peers.length)} of ${formatCount(all)} peers:`);
  return [...counts, '', ...formatTable([['address', 'port', 'role', 'client'], ...peers], [1])].join('\n');
}

function headline({ version, started_at, at, ready, listeners }: Stats): string {
  const checked = listeners.filter(({ checked_at }) => checked_at !== null);
  const silent = checked.filter(({ answering }) => !answering).length;
  const health = ready
    ? 'all listeners answer'
    : silent > 0
      ? `${silent} of ${listeners.length} listeners do NOT answer`
      : `${listeners.length - checked.length} of ${listeners.length} listeners not checked yet`;
  return `Caracal ${version}, running for ${formatSpan((at - started_at) / 1000)}, ${health}`;
}

function figures(stats: Stats): string[][] {
  const allSeeders = sum(Object.values(stats.peers.seeders));
  const allLeechers = sum(Object.values(stats.peers.leechers));
  const refusals = Object.entries(stats.refused).filter(([, count]) => count > 0);
  const early = sum(stats.transports.map(({ early_announces: count }) => count));
  const { kernel, unsent, exceptions } = stats.dropped;
  return [
    [
      'announces',
      `${formatRate(stats.announce_rate)}/s`,
      early > 0 ? `${formatCount(early)} too early, given few peers` : '',
    ],
    [
      'peers',
      formatCount(allSeeders + allLeechers),
      `${formatCounted(allSeeders, 'seeder')}, ${formatCounted(allLeechers, 'leecher')}`,
    ],
    [
      'swarms',
      formatCount(stats.swarms),
      stats.evictions > 0 ? `${formatCount(stats.evictions)} evicted` : '',
    ],
    passed(stats),
    [
      'refused',
      `${formatRate(stats.refused_rate)}/s`,
      refusals.map(([reason, count]) => `${reason} ${formatCount(count)}`).join(', '),
    ],
    [
      'dropped',
      `${formatRate(stats.dropped_rate)}/s`,
      kernel + unsent + exceptions === 0
        ? ''
        : `kernel ${formatCount(kernel)}, unsent ${formatCount(unsent)}, exceptions ${formatCount(exceptions)}`,
    ],
    [
      'memory',
      formatBytes(stats.memory.swarms),
      `${formatShare(stats.memory.swarms, stats.memory.limit)} of ${formatBytes(stats.memory.limit)}, ` +
        `${formatBytes(stats.memory.resident)} resident, ${stats.cpu.toFixed(2)} cores`,
    ],
    ...upkeep(stats),
  ];
}

/** Bytes over all transports, and the packets of those that have such. */
function passed({ transports }: Stats): string[] {
  const bytes = (way: 'in' | 'out') => formatBytes(sum(transports.map(({ byte_rate: rate }) => rate[way])));
  const packets = (way: 'in' | 'out') =>
    formatRate(sum(transports.map(({ packet_rate: rate }) => rate?.[way] ?? 0)));
  return [
    'traffic',
    `${bytes('in')}/s`,
    `in, ${bytes('out')}/s out; packets ${packets('in')}/s in, ${packets('out')}/s out`,
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function upkeep({ snapshot, certificates, at }: Stats): string[][] {
  const rows = certificates.map(({ name, days_left }) => [
    'certificate',
    `${formatCounted(Math.floor(days_left), 'day')} left`,
    name,
  ]);
  if (snapshot === null) return rows;
  const age = snapshot.saved_at === null ? 'none yet' : `${formatSpan((at - snapshot.saved_at) / 1000)} old`;
  const detail = `${formatBytes(snapshot.bytes)} in ${formatSeconds(snapshot.duration_seconds)}`;
  return [['snapshot', age, snapshot.failure ?? (snapshot.saved_at === null ? '' : detail)], ...rows];
}

function listeners(stats: Stats): string[][] {
  return stats.listeners.map(({ transport, address, port, answering, checked_at, answer_seconds, fault }) => [
    `${transportTitles[transport]} ${address.includes(':') ? `[${address}]` : address}:${port}`,
    checked_at === null ? 'not checked yet' : answering ? 'answers' : (fault ?? 'silent'),
    answer_seconds === null ? '-' : formatSeconds(answer_seconds),
  ]);
}

function listenerTable(rows: readonly string[][]): string[] {
  return formatTable([['listener', 'state', 'answer in'], ...rows], [2]);
}

/** One line for all that answer or were not asked, and the others one by one. */
function foldedListeners(stats: Stats): string[] {
  const silent = stats.listeners.filter(({ checked_at, answering }) => checked_at !== null && !answering);
  const answering = stats.listeners.filter((listener) => listener.answering);
  const unasked = stats.listeners.length - silent.length - answering.length;
  const slowest = Math.max(...answering.map(({ answer_seconds: seconds }) => seconds ?? 0));
  const counts = [
    ...(answering.length > 0 ? [`${answering.length} answer, the slowest in ${formatSeconds(slowest)}`] : []),
    ...(unasked > 0 ? [`${unasked} not checked yet`] : []),
    ...(silent.length > 0 ? [`${silent.length} do NOT answer`] : []),
  ];
  return [
    `listeners  ${counts.join(', ')}`,
    ...(silent.length > 0 ? listenerTable(listeners({ ...stats, listeners: silent })) : []),
  ];
}

function traffic(stats: Stats): string[][] {
  return stats.transports.map(({ transport, announce_rate, announces, scrapes, latency }) => [
    transportTitles[transport],
    formatRate(announce_rate.ipv4),
    formatRate(announce_rate.ipv6),
    formatCount(announces.ipv4 + announces.ipv6),
    formatCount(scrapes),
    latency === null ? '-' : formatSeconds(latency.p50),
    latency === null ? '-' : formatSeconds(latency.p99),
  ]);
}

/** Columns two spaces apart; those in `right` are aligned to the right. */
function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
}
