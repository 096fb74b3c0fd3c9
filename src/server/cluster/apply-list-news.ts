// What an operator has done at another node is done here too: refused in this node's own lists, dropped from its swarms.
import { formatCount } from '../../cli/format-count.ts';
import type { ListNews } from '../../cluster/list-news.ts';
import type { SaidOfList } from '../../cluster/list-record.ts';
import { parseCidr } from '../../protocol/cidr.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { AccessLists } from '../lists/access-lists.ts';
import { parseInfoHash } from '../lists/list-file.ts';
import type { Log } from '../log/log.ts';

export interface ListNewsParts {
  readonly access: AccessLists | undefined;
  readonly store: SwarmStore;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Resolves to why something that was read is not in force. */
  readonly reload: () => Promise<string | undefined>;
}

interface Lines {
  info(line: string): unknown;
  warn(line: string): unknown;
}

/** So many lines are read; a node that has been away for long may have to take up thousands. */
const mostLines = 20;

/** Never rejects: what cannot be done here is said in the log. */
export async function applyListNews(said: readonly SaidOfList[], parts: ListNewsParts): Promise<void> {
  const { log } = parts;
  const told = { info: 0, warn: 0 };
  for (const news of said) {
    await applyOne(news, {
      ...parts,
      log: {
        info: (line) => ++told.info <= mostLines && log.info(line),
        warn: (line) => ++told.warn <= mostLines && log.warn(line),
      },
    });
  }
  const more = (count: number) => Math.max(0, count - mostLines);
  if (more(told.info) + more(told.warn) > 0)
    log.info(
      `Cluster: as much was said elsewhere ${formatCount(more(told.info), 'time')} more, and ${formatCount(more(told.warn), 'time')} more it is not so here.`,
    );
}

async function applyOne(
  { node, ...news }: SaidOfList,
  parts: Omit<ListNewsParts, 'log'> & { log: Lines },
): Promise<void> {
  const { log } = parts;
  try {
    await apply(news, parts);
    log.info(`Cluster: ${describe(news)}, as node ${node} said.`);
  } catch (error) {
    log.warn(
      `cluster: node ${node} said "${describe(news)}", which is not so here: ${(error as Error).message}`,
    );
  }
}

async function apply(
  { action, subject }: ListNews,
  { access, store, reload }: Omit<ListNewsParts, 'log'>,
): Promise<void> {
  if (action === 'reload') {
    const fault = await reload();
    if (fault !== undefined) throw new Error(fault);
    return;
  }
  if (action === 'drop') return drop(store, subject);
  if (access === undefined) throw new Error('there is no list to write it to');
  if (action === 'deny') {
    await access.deny(infoHashIn(subject));
    return drop(store, subject);
  }
  if (action === 'undeny') return access.undeny(infoHashIn(subject));
  const network = parseCidr(subject);
  if (network === undefined) throw new Error('it is no network');
  if (action === 'denyNetwork') await access.denyNetwork(network);
  else await access.undenyNetwork(network);
}

/** In slices, so that announces go on. */
async function drop(store: SwarmStore, subject: string): Promise<void> {
  const words = new Int32Array(5);
  parseInfoHash(infoHashIn(subject), words, 0);
  while (!store.drop(words, 0)) await new Promise(setImmediate);
}

function infoHashIn(subject: string): string {
  if (!/^[0-9a-f]{40}$/.test(subject)) throw new Error('it is no info_hash');
  return subject;
}

function describe({ action, subject }: ListNews): string {
  return subject === '' ? action : `${action} ${subject}`;
}
