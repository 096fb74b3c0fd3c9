// Looking for one swarm: its counts, what an operator may do with it, and its peers where they may be shown.

import type { SwarmDetail } from '../schema.ts';
import { ask, storedToken } from './connection.ts';
import { showDenied } from './denied.ts';
import { byId, create } from './elements.ts';
import { formatCount } from './format.ts';
import { parseInfoHashInput } from './info-hash-input.ts';

export function setUpSearch(): void {
  byId<HTMLFormElement>('search').addEventListener('submit', (event) => {
    event.preventDefault();
    void find(byId<HTMLInputElement>('info-hash').value);
  });
}

/** Shows a swarm as if this had been typed: an info_hash or a magnet link. */
export async function find(text: string): Promise<void> {
  const input = byId<HTMLInputElement>('info-hash');
  const infoHash = parseInfoHashInput(text);
  if (infoHash === undefined) {
    const wanted =
      '40 hexadecimal digits, 32 letters and digits in base32, or a magnet link with one of them';
    show(create('p', 'bad-text', `There is no info_hash in this: ${wanted}.`));
    input.focus();
    return;
  }
  input.value = infoHash;
  await showSwarm(infoHash);
  // The result stands below it, and would often be out of sight.
  byId('search-title').scrollIntoView({ block: 'start' });
}

/** @param before what is said above the swarm */
async function showSwarm(infoHash: string, ...before: HTMLElement[]): Promise<void> {
  try {
    show(...before, ...describe(await ask<SwarmDetail>(`api/v1/swarms/${infoHash}`)));
  } catch (error) {
    show(...before, create('p', 'bad-text', (error as Error).message));
  }
}

function show(...content: HTMLElement[]): void {
  byId('search-result').replaceChildren(...content);
}

function describe(swarm: SwarmDetail): HTMLElement[] {
  const content: HTMLElement[] = [];
  if (swarm.known) content.push(createFacts(swarm));
  else content.push(create('p', 'quiet', `Nobody is in the swarm ${swarm.info_hash}.`));
  if (storedToken() === '') {
    content.push(create('p', 'quiet', 'The token shows the peers and lets you drop and deny.'));
    return content;
  }
  content.push(createActions(swarm));
  if (swarm.peers !== null && swarm.peers.length > 0) content.push(...createPeers(swarm, swarm.peers));
  return content;
}

function createFacts({ complete, incomplete, downloaded, webrtc }: SwarmDetail): HTMLElement {
  const facts = create('dl', 'facts');
  const overWebRtc = webrtc.complete + webrtc.incomplete;
  for (const [title, count] of [
    ['Seeders', complete],
    ['Leechers', incomplete],
    ...(overWebRtc > 0 ? ([['Of these WebRTC', overWebRtc]] as const) : []),
    ['Downloaded', downloaded],
  ] as const) {
    facts.append(create('div', '', create('dt', '', title), create('dd', '', formatCount(count))));
  }
  return facts;
}

function createPeers(
  { complete, incomplete }: SwarmDetail,
  peers: NonNullable<SwarmDetail['peers']>,
): HTMLElement[] {
  const heads = ['Address', 'Port', 'Role', 'Client'].map((title) => {
    const head = create('th', title === 'Port' ? 'number' : '', title);
    head.scope = 'col';
    return head;
  });
  const rows = peers.map(({ address, port, webrtc, seeder, client }) =>
    create(
      'tr',
      '',
      create('td', '', address ?? 'not shown'),
      create('td', 'number', webrtc ? 'WebRTC' : String(port)),
      create('td', '', seeder ? 'seeder' : 'leecher'),
      create('td', '', client),
    ),
  );
  const table = create(
    'table',
    '',
    create('thead', '', create('tr', '', ...heads)),
    create('tbody', '', ...rows),
  );
  const region = create('div', 'scroll peers', table);
  region.tabIndex = 0;
  region.setAttribute('role', 'region');
  region.setAttribute('aria-label', 'Peers of this swarm');
  const all = complete + incomplete;
  const shown = peers.length < all ? `${formatCount(peers.length)} of ${formatCount(all)}` : formatCount(all);
  return [create('p', 'quiet', `${shown} ${all === 1 ? 'peer' : 'peers'}`), region];
}

function createActions({ info_hash: infoHash, known }: SwarmDetail): HTMLElement {
  const path = `api/v1/swarms/${infoHash}`;
  const drop = createAction('Drop this swarm', infoHash, `${path}/drop`, 'Forget this swarm and its peers?');
  drop.disabled = !known;
  return create(
    'div',
    'row',
    drop,
    createAction('Deny this info_hash', infoHash, `${path}/deny`, 'Refuse this info_hash from now on?'),
    createAction('Deny it no longer', infoHash, `${path}/undeny`),
  );
}

function createAction(title: string, infoHash: string, path: string, question?: string): HTMLButtonElement {
  const button = create('button', '', title);
  button.type = 'button';
  button.addEventListener('click', async () => {
    if (question !== undefined && !window.confirm(question)) return;
    button.disabled = true;
    try {
      const { done } = await ask<{ done: string }>(path, 'POST');
      await showSwarm(infoHash, create('p', 'good-text', done));
      await showDenied();
    } catch (error) {
      button.disabled = false;
      await showSwarm(infoHash, create('p', 'bad-text', (error as Error).message));
    }
  });
  return button;
}
