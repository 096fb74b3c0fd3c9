// How announces that this thread answers become events of the tracker.
import { Event } from '../protocol/event.ts';
import { decodeIpWords, formatIp } from '../protocol/ip-address.ts';
import type { Announce } from '../tracker/announce.ts';
import type { ConnectionVisit } from '../tracker/connection-peers.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { bytesOf, formatInfoHash } from './info-hash-bytes.ts';
import type { AnnounceEvent } from './tracker.ts';

/** The events that are about one announce. */
export type AnnounceEventName = 'start' | 'complete' | 'update' | 'pause' | 'stop';

const names: readonly AnnounceEventName[] = Object.entries({
  update: Event.none,
  complete: Event.completed,
  start: Event.started,
  stop: Event.stopped,
  pause: Event.paused,
})
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name as AnnounceEventName);

export interface AnnounceEvents {
  /** Whether anybody listens: an event that nobody hears is not made. */
  isHeard(name: AnnounceEventName): boolean;
  raise(name: AnnounceEventName, event: AnnounceEvent): void;
}

/** Has this thread's tracker raise an event for each announce that it answers. */
export function raiseAnnounceEvents(tracker: Tracker, events: AnnounceEvents): void {
  const tell = (announced: Announced, port: number, webrtc: boolean, event = announced.event) => {
    const name = names[event];
    if (events.isHeard(name)) events.raise(name, describe(announced, port, webrtc));
  };
  const announce = tracker.announce.bind(tracker);
  tracker.announce = (request, now) => {
    const failure = announce(request, now);
    if (failure === undefined) tell(request, request.port, false);
    return failure;
  };
  const { connections } = tracker;
  const join = connections.announce.bind(connections);
  connections.announce = (visit, want, now) => {
    const joined = join(visit, want, now);
    if (joined === 'joined' || joined === 'renewed') tell(visit, 0, true);
    return joined;
  };
  const stop = connections.stop.bind(connections);
  connections.stop = (visit) => {
    const stopped = stop(visit);
    if (stopped) tell(visit, 0, true, Event.stopped);
    return stopped;
  };
}

/** What both kinds of announce say of the one who announces. */
export type Announced = Pick<
  Announce & ConnectionVisit,
  'infoHash' | 'infoHashAt' | 'peerId' | 'peerIdAt' | 'address' | 'addressAt' | 'family' | 'event' | 'seeding'
>;

/** The same in words, in memory of its own. */
export function describe(announced: Announced, port: number, webrtc: boolean): AnnounceEvent {
  const { infoHash, infoHashAt, peerId, peerIdAt, address, addressAt, family, seeding } = announced;
  return {
    infoHash: formatInfoHash(infoHash, infoHashAt),
    peerId: bytesOf(peerId, peerIdAt),
    ip: formatIp(decodeIpWords(address, addressAt, family)),
    port,
    seeder: seeding,
    webrtc,
  };
}
