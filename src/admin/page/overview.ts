// The live part of the page: tiles, listeners, traffic, refusals and upkeep, from the figures of each second.

import type { Stats } from '../schema.ts';
import { byId, type Cell, createBar, setRows, setText } from './elements.ts';
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatRate,
  formatSeconds,
  formatShare,
  formatShort,
  formatSpan,
  formatTime,
} from './format.ts';
import { peerKinds, refusalTitles, transportTitles } from './titles.js';

export function showStats(stats: Stats): void {
  showHealth(stats);
  showTiles(stats);
  showListeners(stats);
  showTransports(stats);
  showTraffic(stats);
  showMore(stats);
  showSplit(stats);
  showReasons(stats);
  showUpkeep(stats);
}

export function showDisconnected(message: string): void {
  byId('health').className = 'pill bad';
  setText('health-text', message);
}

function showHealth({ ready, listeners, started_at: startedAt, at, version, host }: Stats): void {
  const name = `${host} – Caracal`;
  if (document.title !== name) document.title = name;
  setText('host', host);
  const silent = listeners.filter(({ answering }) => !answering).length;
  byId('health').className = `pill ${ready ? 'good' : 'bad'}`;
  setText(
    'health-text',
    ready ? 'All listeners answer' : `${silent} of ${listeners.length} listeners silent`,
  );
  setText('uptime', `Running for ${formatSpan((at - startedAt) / 1000)}`);
  setText('version', `Version ${version}`);
}

function showTiles(stats: Stats): void {
  const allSeeders = inAll(stats.peers.seeders);
  const peers = allSeeders + inAll(stats.peers.leechers);
  const announces = sumOf(stats.transports, ({ announces: { ipv4, ipv6 } }) => ipv4 + ipv6);
  setText('announces', formatRate(stats.announce_rate));
  setText('announces-sub', `${formatCount(announces)} since the start`);
  setText('peers', formatCount(peers));
  setText(
    'peers-sub',
    `${formatCounted(allSeeders, 'seeder')}, ${formatCounted(peers - allSeeders, 'leecher')}`,
  );
  setText('swarms', formatCount(stats.swarms));
  setText('swarms-sub', stats.swarms === 0 ? '' : `${(peers / stats.swarms).toFixed(1)} peers each`);
  showLatency(stats);
  showBytes(stats);
  showLosses(stats);
  showMemory(stats);
  setText('cpu', stats.cpu.toFixed(2));
  setText('cpu-sub', `${formatBytes(stats.memory.resident)} resident`);
}

function inAll(counts: Stats['peers']['seeders']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function showBytes({ transports }: Stats): void {
  const [bytesIn, bytesOut] = [
    sumOf(transports, ({ byte_rate: { in: bytes } }) => bytes),
    sumOf(transports, ({ byte_rate: { out: bytes } }) => bytes),
  ];
  const packets = sumOf(transports, ({ packet_rate: rate }) => (rate === null ? 0 : rate.in + rate.out));
  setText('traffic', formatBytes(bytesIn + bytesOut));
  setText(
    'traffic-sub',
    `${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out, ${formatShort(packets)} packets`,
  );
}

function sumOf(
  transports: Stats['transports'],
  count: (transport: Stats['transports'][number]) => number,
): number {
  return transports.reduce((sum, transport) => sum + count(transport), 0);
}

function showLatency({ transports }: Stats): void {
  const busiest = transports
    .filter(({ latency }) => latency !== null)
    .sort((a, b) => rateOf(b) - rateOf(a))[0];
  setText('latency', busiest?.latency ? formatSeconds(busiest.latency.p50) : '–');
  setText(
    'latency-sub',
    busiest?.latency
      ? `${transportTitles[busiest.transport]}, p99 ${formatSeconds(busiest.latency.p99)}`
      : 'no requests',
  );
}

function rateOf({ announce_rate: { ipv4, ipv6 }, scrape_rate }: Stats['transports'][number]): number {
  return ipv4 + ipv6 + scrape_rate;
}

function showLosses(stats: Stats): void {
  const [reason, most] = Object.entries(stats.refused).sort(([, a], [, b]) => b - a)[0];
  const inAll = Object.values(stats.refused).reduce((sum, count) => sum + count, 0);
  setText('refused', formatRate(stats.refused_rate));
  setText(
    'refused-sub',
    most === 0
      ? 'none so far'
      : `${formatCount(inAll)} so far, most: ${refusalTitles[reason as keyof Stats['refused']].toLowerCase()}`,
  );
  setText('dropped', formatRate(stats.dropped_rate));
  const { kernel, unsent } = stats.dropped;
  setText(
    'dropped-sub',
    kernel + unsent === 0 ? 'none so far' : `${formatShort(kernel)} in, ${formatShort(unsent)} out`,
  );
  byId('dropped').classList.toggle('bad-text', stats.dropped_rate > 0);
}

function showMemory({ memory }: Stats): void {
  const share = memory.swarms / memory.limit;
  setText('memory', formatBytes(memory.swarms));
  setText('memory-sub', `${formatShare(memory.swarms, memory.limit)} of ${formatBytes(memory.limit)}`);
  const bar = byId('memory-bar');
  bar.classList.toggle('full', share > 0.9);
  (bar.firstElementChild as HTMLElement).style.width = `${(100 * share).toFixed(1)}%`;
}

function showListeners({ listeners }: Stats): void {
  setRows(
    'listeners',
    listeners.map(({ transport, address, port, answering, checked_at, answer_seconds, fault }) => [
      {
        content: `${transportTitles[transport]} ${address.includes(':') ? `[${address}]` : address}:${port}`,
        heading: true,
      },
      checked_at === null
        ? { content: 'not checked yet' }
        : answering
          ? { content: 'answers', className: 'good-text' }
          : { content: fault ?? 'silent', className: 'bad-text' },
      number(answer_seconds === null ? '–' : formatSeconds(answer_seconds)),
    ]),
  );
}

function showTransports({ transports }: Stats): void {
  setRows(
    'transports',
    transports.map(({ transport, announce_rate, announces, scrapes, latency }) => [
      { content: transportTitles[transport], heading: true },
      number(formatRate(announce_rate.ipv4)),
      number(formatRate(announce_rate.ipv6)),
      number(formatCount(announces.ipv4 + announces.ipv6)),
      number(formatCount(scrapes)),
      ...(['p50', 'p99'] as const).map((percentile) =>
        number(latency === null ? '–' : formatSeconds(latency[percentile])),
      ),
    ]),
  );
}

function showTraffic({ transports }: Stats): void {
  setRows(
    'traffic-table',
    transports.map(({ transport, bytes, byte_rate, packet_rate }) => [
      { content: transportTitles[transport], heading: true },
      number(formatBytes(byte_rate.in)),
      number(formatBytes(byte_rate.out)),
      number(packet_rate === null ? '–' : formatRate(packet_rate.in)),
      number(packet_rate === null ? '–' : formatRate(packet_rate.out)),
      number(formatBytes(bytes.in + bytes.out)),
    ]),
  );
}

function showMore({ transports }: Stats): void {
  const rows = transports.flatMap(({ transport, more }) =>
    more
      .filter(({ count }) => count > 0)
      .map(({ title, count }) => [
        {
          content: `${transportTitles[transport]}: ${title[0].toLowerCase()}${title.slice(1)}`,
          heading: true,
        },
        number(formatCount(count)),
      ]),
  );
  byId('more-card').hidden = rows.length === 0;
  setRows('more', rows);
}

function showReasons({ transports, refused, dropped, evictions }: Stats): void {
  const rows: [string, number][] = Object.entries(refusalTitles).map(([reason, title]) => [
    title,
    refused[reason as keyof Stats['refused']],
  ]);
  rows.push(
    ['Announced too early, given few peers', sumOf(transports, ({ early_announces: early }) => early)],
    ['Dropped by the kernel before it was read', dropped.kernel],
    ['Answer not taken by the kernel', dropped.unsent],
    ['Failed by a defect of the tracker', dropped.exceptions],
    ['Swarms evicted from full memory', evictions],
  );
  // Sorting would make rows jump about under the reader's eyes.
  setRows(
    'reasons',
    rows
      .filter(([, count]) => count > 0)
      .map(([title, count]) => [{ content: title, heading: true }, number(formatCount(count))]),
  );
  const none = rows.filter(([, count]) => count === 0).map(([title]) => title);
  byId('reasons-none').hidden = none.length === 0;
  setText('reasons-none-title', `${none.length} more, never so far`);
  setText('reasons-none-list', none.join(' · '));
}

/** By kind of those who are in swarms now; which transport a peer came over nobody keeps, only what was announced. */
function showSplit({ peers: { seeders, leechers }, transports }: Stats): void {
  const kinds = (Object.keys(seeders) as (keyof typeof seeders)[]).map((kind): [string, number] => [
    `Peers over ${peerKinds[kind]}`,
    seeders[kind] + leechers[kind],
  ]);
  const announces = transports.map(({ transport, announces: { ipv4, ipv6 } }): [string, number] => [
    `Announces over ${transportTitles[transport]}`,
    ipv4 + ipv6,
  ]);
  const shares = (rows: [string, number][]) => {
    const total = rows.reduce((sum, [, count]) => sum + count, 0);
    return rows.map(([name, count]): Cell[] => [
      { content: name, heading: true },
      { content: createBar(total === 0 ? 0 : count / total) },
      number(`${formatCount(count)} (${formatShare(count, total)})`),
    ]);
  };
  setRows('split', [...shares(kinds), ...shares(announces)]);
}

function showUpkeep(stats: Stats): void {
  const { snapshot, certificates, at } = stats;
  const rows: Cell[][] = [];
  if (snapshot === null) rows.push([title('Snapshot'), { content: 'swarms are not saved (--data-dir)' }]);
  else {
    const age =
      snapshot.saved_at === null ? 'none yet' : `${formatSpan((at - snapshot.saved_at) / 1000)} old`;
    const detail = `${formatBytes(snapshot.bytes)}, took ${formatSeconds(snapshot.duration_seconds)}`;
    rows.push([title('Snapshot'), { content: snapshot.saved_at === null ? age : `${age}, ${detail}` }]);
    if (snapshot.failure !== null) {
      rows.push([title('Last saving failed'), { content: snapshot.failure, className: 'bad-text' }]);
    }
  }
  for (const { name, days_left: days } of certificates) {
    rows.push([
      title(`Certificate ${name}`),
      {
        content: days <= 0 ? 'has expired' : `${days.toFixed(days < 10 ? 1 : 0)} days left`,
        className: days <= 7 ? 'bad-text' : days <= 20 ? 'warn-text' : '',
      },
    ]);
  }
  rows.push([title('Started'), { content: formatTime(stats.started_at) }]);
  setRows('upkeep', rows);
}

function title(text: string): Cell {
  return { content: text, heading: true };
}

function number(text: string, more = ''): Cell {
  return { content: text, className: `number ${more}`.trim() };
}
