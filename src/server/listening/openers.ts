// Which opener serves which planned listener: the transport's own, which its description leads to, or, where transports
// share threads, connections and certificates, the one that is made for all of them.

import type { ListeningDescription } from '../../transport/description.ts';
import type { OpenerModule, OpenerParts } from '../../transport/opener.ts';
import type { TransportCounts } from '../../transport/transport-counts.ts';
import {
  type ListeningTransport,
  listeningTransports,
  type TransportName,
} from '../../transport/transports.ts';
import { monotonicSeconds } from '../clock.ts';
import { type ClosableGuests, createHttpOpeners, createHttpParts } from './http-listeners.ts';
import type { PlannedListener, Protocol } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import { LiveParts } from './live-change.ts';
import type { PassedFilter } from './passed-filters.ts';
import { createStreams, createThreads, datagramWorkers, type Threads } from './threads.ts';

export interface Openers {
  /** Of the protocols of the plan, and perhaps others. */
  readonly openers: Readonly<Record<Protocol, TransportOpener>>;
  /** What transports have counted that go on with connections of others. */
  readonly upgraded: Readonly<Partial<Record<TransportName, () => TransportCounts>>>;
  /** Requests to somebody else's HTTP server. */
  readonly guests: ClosableGuests | undefined;
  /** Filters of network interfaces, for another tracker. */
  readonly filters: () => readonly PassedFilter[];
  /** What a reload changes on the main thread. */
  readonly here: LiveParts;
}

type TitleWithOpener = Extract<ListeningTransport, { opener: unknown }>['title'];
/** Those without an opener of their own: the compiler asks for each. */
type SharedOpeners = Record<Exclude<Protocol, TitleWithOpener>, TransportOpener>;

export async function createOpeners(
  plan: readonly PlannedListener[],
  parts: ListenerParts,
): Promise<Openers> {
  const wake = (thread: number) => {
    if (thread < parts.configuration.workers) threads?.workers.wake(thread);
    else streams?.workers.wake(thread);
  };
  const http = createHttpParts(plan, parts, wake);
  const threads = createThreads(plan, parts, http.inWorkers);
  const streams = createStreams(plan, parts, http.inStreams);
  const { webTorrent, guests } = http;
  const shared: SharedOpeners = createHttpOpeners(parts, http, threads, streams);
  const own = await loadOpeners(plan, parts, threads);
  return {
    openers: { ...shared, ...own } as Record<Protocol, TransportOpener>,
    upgraded: webTorrent ? { webtorrent: webTorrent.counts } : {},
    guests,
    filters: () => threads?.workers.filters() ?? [],
    here: new LiveParts(parts.tracker, parts.log, parts.configuration, {
      names: http.names,
      rules: webTorrent?.shared.rules,
    }),
  };
}

async function loadOpeners(
  plan: readonly PlannedListener[],
  { tracker, keys, failed, log }: ListenerParts,
  threads: Threads | undefined,
): Promise<Partial<Record<Protocol, TransportOpener>>> {
  const parts: OpenerParts = {
    ...{ tracker, keys, failed, clock: monotonicSeconds },
    warn: (message, fields) => log.warn(message, fields),
    workers: threads && datagramWorkers(threads),
  };
  const own: [Protocol, TransportOpener][] = [];
  for (const { title, opener } of listeningTransports as readonly ListeningDescription[]) {
    if (opener === undefined || !plan.some(({ protocol }) => protocol === title)) continue;
    const { createOpener } = (await import(opener.href)) as OpenerModule;
    own.push([title as Protocol, createOpener(parts)]);
  }
  return Object.fromEntries(own);
}
