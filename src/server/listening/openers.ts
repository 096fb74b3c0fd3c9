// Which transport serves which planned listener. A transport that is new in transport/transports.ts is missing here until
// it has its line; the compiler says so.

import type { TransportCounts } from '../../transport/transport-counts.ts';
import type { TransportName } from '../../transport/transports.ts';
import { createHttpOpeners, createHttpParts } from './http-listeners.ts';
import type { PlannedListener, Protocol } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import { createStreams, createThreads } from './threads.ts';
import { createUdpOpener } from './udp-listeners.ts';

export interface Openers {
  readonly openers: Readonly<Record<Protocol, TransportOpener>>;
  /** What transports have counted that go on with connections of others. */
  readonly upgraded: Readonly<Partial<Record<TransportName, () => TransportCounts>>>;
}

export function createOpeners(plan: readonly PlannedListener[], parts: ListenerParts): Openers {
  const wake = (thread: number) => {
    if (thread < parts.configuration.workers) threads?.workers.wake(thread);
    else streams?.workers.wake(thread);
  };
  const http = createHttpParts(plan, parts, wake);
  const threads = createThreads(plan, parts, http.inWorkers);
  const streams = createStreams(plan, parts, http.inStreams);
  const { webTorrent } = http;
  return {
    openers: {
      ...createHttpOpeners(plan, parts, http, threads, streams),
      UDP: createUdpOpener(parts, threads),
    },
    upgraded: webTorrent ? { webtorrent: webTorrent.counts } : {},
  };
}
