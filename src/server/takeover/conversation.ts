// What the two trackers of a takeover say to each other, and where.
import { join } from 'node:path';
import { maxDescriptors } from '../../net/pass-descriptors.ts';
import { formatVersion } from '../../swarm/snapshot-format.ts';
import type { PlannedListener } from '../listening/listen-plan.ts';
import type { PassedFilter } from '../listening/passed-filters.ts';

/*
 * A line each, over a Unix socket in the data directory that only its owner may open:
 *
 *   new: take N     old: its version and the protocols of its sockets as JSON, and with them the sockets and the
 *                        filters of network interfaces, in as many lines as it takes; to another version than its own `otherVersion`, and nothing else
 *   new: copy       old: every swarm, and what has changed meanwhile, as sections of a snapshot; it goes on answering
 *   new: ready      old: stops answering and sends what has changed since
 *   new: serving P  old: `yours`, or `mine` where that took too long and it serves again; P is the new one's process
 *   new: done       old: ends
 *
 * Up to `ready` either side may break off and nothing has happened. An old tracker that ends goes on listening until it has
 * saved everything, and keeps whoever knocks waiting; so a new one that is broken off and finds nobody there any more has
 * to serve, and loads what was saved. A new one that is told to end takes nobody's place. What arrives after it waits in the sockets' queues,
 * which both processes hold, so it is answered by whoever serves then. The old tracker alone decides who that is, once,
 * and ends only when it knows that the new one has heard it: one that hears `mine`, or nothing, ends. So there is one
 * tracker whoever of the two is slow or dies. A connection that ends in place of `yours` or `mine` is the end of the old
 * process, because one that lives on keeps it open.
 */

/** Of the conversation, and of the sections that are sent in it: only equal ones understand each other. */
export const takeoverVersion = `2.${formatVersion}`;

export const lines = {
  take: 'take',
  copy: 'copy',
  ready: 'ready',
  serving: 'serving',
  yours: 'yours',
  mine: 'mine',
  done: 'done',
} as const;

export interface OwnedSocket {
  protocol: PlannedListener['protocol'];
  descriptor: number;
}

/** What a descriptor is: a socket of a protocol, or what holds a filter to a network interface, `filter driver eth0`. */
type Passed = PlannedListener['protocol'] | `filter ${string}`;

export function nameFilter({ attachment, interfaceName }: PassedFilter): Passed {
  return `filter ${attachment} ${interfaceName}`;
}

/** Undefined for a socket. */
export function readFilter(passed: Passed, descriptor: number): PassedFilter | undefined {
  const [kind, attachment, interfaceName] = passed.split(' ');
  if (kind !== 'filter' || interfaceName === undefined) return undefined;
  return { interfaceName, attachment: attachment as PassedFilter['attachment'], descriptor };
}

/** What the old tracker says first. */
export interface Greeting {
  version: string;
  /** Of the descriptors that come with this line; empty where the versions differ. */
  protocols: Passed[];
  /** How many sockets come with lines that follow. */
  more: number;
}

export const otherVersion: Greeting = { version: takeoverVersion, protocols: [], more: 0 };

/** The lines in which these sockets are passed, each with no more of them than the kernel takes; at least one line. */
export function greetingsOf(
  sockets: readonly OwnedSocket[],
  filters: readonly PassedFilter[],
): { greeting: Greeting; descriptors: readonly number[] }[] {
  const greetings = [];
  let rest: { protocol: Passed; descriptor: number }[] = [
    ...sockets,
    ...filters.map((filter) => ({ protocol: nameFilter(filter), descriptor: filter.descriptor })),
  ];
  do {
    const some = rest.slice(0, maxDescriptors);
    rest = rest.slice(maxDescriptors);
    const protocols = some.map(({ protocol }) => protocol);
    greetings.push({
      greeting: { version: takeoverVersion, protocols, more: rest.length },
      descriptors: some.map(({ descriptor }) => descriptor),
    });
  } while (rest.length > 0);
  return greetings;
}

export function formatGreeting(greeting: Greeting): string {
  return `${JSON.stringify(greeting)}\n`;
}

/** Anything but a version may be missing from what another version says, and that too from the first one. */
export function parseGreeting(text: string): Greeting {
  const { version = 'none', protocols = [], more = 0 } = JSON.parse(text) as Partial<Greeting>;
  return { version, protocols, more };
}

export function doorPath(directory: string): string {
  return join(directory, 'takeover.sock');
}
