// What the background survey found: largest swarms, client software, swarm sizes and busiest networks.

import type { Clients, Networks, SwarmSizes, TopSwarms } from '../schema.ts';
import { ask } from './connection.ts';
import { type Cell, create, createBar, setRows, setText } from './elements.ts';
import { formatCount, formatCounted, formatShare, formatShort, formatSpan, formatTime } from './format.ts';

const topRows = 20;
const shareRows = 12;

/** Asks for all four lists; `find` is called with an info_hash that was chosen. */
export async function showLists(find: (infoHash: string) => void): Promise<void> {
  const [top, clients, sizes, networks] = await Promise.all([
    ask<TopSwarms>('api/v1/swarms'),
    ask<Clients>('api/v1/clients'),
    ask<SwarmSizes>('api/v1/swarm-sizes'),
    ask<Networks>('api/v1/networks'),
  ]);
  showTop(top, find);
  showClients(clients);
  showSizes(sizes);
  showNetworks(networks);
  showSurvey(top);
}

function showTop({ top }: TopSwarms, find: (infoHash: string) => void): void {
  setRows(
    'top',
    top.slice(0, topRows).map(({ info_hash, complete, incomplete, downloaded }) => {
      const button = create('button', '', info_hash);
      button.type = 'button';
      button.addEventListener('click', () => find(info_hash));
      return [
        { content: button, className: 'hash', heading: true },
        number(complete),
        number(incomplete),
        number(downloaded),
      ];
    }),
  );
}

function showClients(answer: Clients): void {
  const { clients, peers } = answer;
  showShares(
    'clients',
    clients.slice(0, shareRows).map(({ name, peers: count, versions }) => {
      const listed = versions.slice(0, 3).map(({ version }) => version);
      const title = create('span', '', name);
      if (listed.length > 0) title.append(create('span', 'versions', listed.join(', ')));
      return [title, count];
    }),
    peers,
  );
  setText('clients-note', estimateNotes(answer).join(' '));
}

function estimateNotes({ sampled_every: every, peers }: Clients | Networks): string[] {
  return every === 1 ? [] : [`Estimated from about ${formatShort(peers / every)} peers.`];
}

function showSizes({ sizes, swarms }: SwarmSizes): void {
  // Swarms of any size between are shown; that there are no larger ones needs no rows.
  const last = sizes.findLastIndex(({ swarms: count }) => count > 0);
  showShares(
    'sizes',
    sizes.slice(0, last + 1).map(({ from, to, swarms: count }) => {
      const range =
        to === null
          ? `${formatCount(from)} and more`
          : from === to
            ? String(from)
            : `${formatCount(from)} to ${formatCount(to)}`;
      return [create('span', '', from === 1 && to === 1 ? '1 peer' : `${range} peers`), count];
    }),
    swarms,
  );
}

function showNetworks(networks: Networks): void {
  const { ipv4, ipv6, peers, truncated, too_low_by_at_most: error } = networks;
  const all = [...ipv4, ...ipv6].sort((a, b) => b.peers - a.peers).slice(0, shareRows);
  showShares(
    'networks',
    all.map(({ network, peers: count }) => [create('span', '', network), count]),
    peers,
  );
  const notes = estimateNotes(networks);
  if (truncated) notes.push('Cut short to /16 and /32; the token shows /24 and /48.');
  if (error > 0) notes.push(`Counts may be too low by up to ${formatCount(error)}.`);
  setText('networks-note', notes.join(' '));
}

/** Bars are relative to all, so that their lengths can be compared from list to list. */
function showShares(id: string, rows: [HTMLElement, number][], total: number): void {
  setRows(
    id,
    rows.map(([title, count]) => [
      { content: title, heading: true },
      { content: createBar(total === 0 ? 0 : count / total) },
      { content: `${formatCount(count)} (${formatShare(count, total)})`, className: 'number' },
    ]),
  );
}

function showSurvey({ completed_at, started_at, swarms, peers, sampled_every: every }: TopSwarms): void {
  if (completed_at === null || started_at === null) {
    setText('survey-note', 'The first survey of all swarms is under way.');
    return;
  }
  const took = formatSpan((completed_at - started_at) / 1000);
  setText(
    'survey-note',
    `These lists follow from a survey of ${formatCounted(swarms, 'swarm')} and ${formatCounted(peers, 'peer')}, ` +
      `completed ${formatTime(completed_at)}, which took ${took}.` +
      (every === 1
        ? ''
        : ` It looked at every swarm of more than 128 peers, and at one in ${every} of the others.`),
  );
}

function number(count: number): Cell {
  return { content: formatCount(count), className: 'number' };
}
