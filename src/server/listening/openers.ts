// Which transport serves which planned listener. A transport that is new in transport/transports.ts is missing here until
// it has its line; the compiler says so.
import { createHttpOpeners } from './http-listeners.ts';
import type { PlannedListener, Protocol } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import { createUdpOpener } from './udp-listeners.ts';

export type Openers = Readonly<Record<Protocol, TransportOpener>>;

export function createOpeners(plan: readonly PlannedListener[], parts: ListenerParts): Openers {
  return {
    ...createHttpOpeners(plan, parts),
    UDP: createUdpOpener(plan, parts),
  };
}
