// Looking for one swarm: its counts, its peers where they may be shown, and what an operator may do with it.

import type { SwarmDetail } from '../schema.ts';
import { ask, storedToken } from './connection.ts';
import { byId, create } from './elements.ts';
import { formatCount } from './format.ts';

export function setUpSearch(): void {
  byId<HTMLFormElement>('search').addEventListener('submit', (event) => {
    event.preventDefault();
    void find(byId<HTMLInputElement>('info-hash').value.trim());
  });
}

/** Shows a swarm as if its info_hash had been typed. */
export async function find(infoHash: string): Promise<void> {
  const input = byId<HTMLInputElement>('info-hash');
  input.value = infoHash;
  if (!/^[0-9a-f]{40}$/i.test(infoHash)) {
    show(create('p', 'bad-text', 'An info_hash is 40 hexadecimal digits.'));
    input.focus();
    return;
  }
  try {
    show(...describe(await ask<SwarmDetail>(`api/v1/swarms/${infoHash}`)));
    byId('search-title').scrollIntoView({ block: 'nearest' });
  } catch (error) {
    show(create('p', 'bad-text', (error as Error).message));
  }
}

function show(...content: HTMLElement[]): void {
  byId('search-result').replaceChildren(...content);
}

function describe(swarm: SwarmDetail): HTMLElement[] {
  if (!swarm.known) return [create('p', 'quiet', `Nobody is in the swarm ${swarm.info_hash}.`)];
  const facts = create('dl', 'facts');
  for (const [title, count] of [
    ['Seeders', swarm.complete],
    ['Leechers', swarm.incomplete],
    ['Downloaded', swarm.downloaded],
  ] as const) {
    facts.append(create('div', '', create('dt', '', title), create('dd', '', formatCount(count))));
  }
  const content: HTMLElement[] = [facts];
  if (swarm.peers === null) content.push(create('p', 'quiet', 'The token shows the peers.'));
  else content.push(createPeers(swarm.peers));
  if (storedToken() !== '') content.push(createActions(swarm.info_hash));
  return content;
}

function createPeers(peers: NonNullable<SwarmDetail['peers']>): HTMLElement {
  const heads = ['Address', 'Port', 'Role', 'Client'].map((title) => {
    const head = create('th', title === 'Port' ? 'number' : '', title);
    head.scope = 'col';
    return head;
  });
  const rows = peers.map(({ address, port, seeder, client }) =>
    create(
      'tr',
      '',
      create('td', '', address ?? 'not shown'),
      create('td', 'number', String(port)),
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
  const region = create('div', 'scroll', table);
  region.tabIndex = 0;
  region.setAttribute('role', 'region');
  region.setAttribute('aria-label', 'Peers of this swarm');
  return region;
}

function createActions(infoHash: string): HTMLElement {
  return create(
    'div',
    'row',
    createAction('Drop this swarm', 'Forget this swarm and its peers?', `api/v1/swarms/${infoHash}/drop`),
    createAction(
      'Deny this info_hash',
      'Refuse this info_hash from now on?',
      `api/v1/swarms/${infoHash}/deny`,
    ),
  );
}

function createAction(title: string, question: string, path: string): HTMLElement {
  const button = create('button', '', title);
  button.type = 'button';
  button.addEventListener('click', async () => {
    if (!window.confirm(question)) return;
    try {
      const { done } = await ask<{ done: string }>(path, 'POST');
      show(create('p', '', done));
    } catch (error) {
      show(create('p', 'bad-text', (error as Error).message));
    }
  });
  return button;
}
