// Which transport serves which planned listener. A transport that is new in transport/transports.ts is missing here until
// it has its line; the compiler says so.
import { createHttpOpeners, createHttpParts } from './http-listeners.ts';
import type { PlannedListener, Protocol } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import { createThreads } from './threads.ts';
import { createUdpOpener } from './udp-listeners.ts';

export type Openers = Readonly<Record<Protocol, TransportOpener>>;

export function createOpeners(plan: readonly PlannedListener[], parts: ListenerParts): Openers {
  const http = createHttpParts(plan, parts, (thread) => threads?.workers.wake(thread));
  const threads = createThreads(plan, parts, http.inWorkers);
  return {
    ...createHttpOpeners(plan, parts, http, threads),
    UDP: createUdpOpener(parts, threads),
  };
}
