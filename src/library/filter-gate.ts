// How a program's filter stands before the announces of this thread: what it is asked, and who waits for its answer.
import { Event } from '../protocol/event.ts';
import { type Failure, internalError } from '../protocol/failure.ts';
import { type Decision, PendingDecisions } from '../tracker/pending-decisions.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { type Announced, describe } from './announce-events.ts';
import { type AnnounceFilter, FilterFault, type FilterQuestion, verdictOf } from './announce-filter.ts';
import { TorrentDecisions } from './torrent-decisions.ts';

const patienceMs = 30_000;
const eventNames = Object.fromEntries(
  Object.entries(Event).map(([name, event]) => [event, name]),
) as Readonly<Record<Event, keyof typeof Event>>;

/**
 * Has the filter asked about every announce that the rules of access allow, but for peers that leave: by this thread, and
 * with a `ttl` (seconds) by others too, which go by what has been decided about a torrent.
 * @param failed is told what a filter threw, or a FilterFault
 * @returns ends it
 */
export function putFilterBefore(
  tracker: Tracker,
  filter: AnnounceFilter,
  ttl: number,
  failed: (error: unknown) => void,
): () => void {
  const pending = new PendingDecisions();
  tracker.decisions = pending;
  const torrents =
    ttl === 0
      ? undefined
      : new TorrentDecisions(ttl, (infoHash) => decide(filter, { infoHash, peer: undefined }, failed));
  if (torrents !== undefined) {
    tracker.protection.decideForOthers({ table: torrents.memory, ttl });
    torrents.listen();
  }
  const ask = (announced: Announced, port: number, webrtc: boolean, now: number): Decision => {
    if (announced.event === Event.stopped) return undefined;
    const refused = tracker.protection.access?.failureOf(announced, now);
    if (refused !== undefined) return refused;
    return pending.of(() =>
      torrents === undefined
        ? decide(filter, questionOf(announced, port, webrtc), failed)
        : torrents.of(announced.infoHash, announced.infoHashAt),
    );
  };
  const announce = tracker.announce.bind(tracker);
  tracker.announce = (request, now) => ask(request, request.port, false, now) ?? announce(request, now);
  const { connections } = tracker;
  const join = connections.announce.bind(connections);
  connections.announce = (visit, want, now) => ask(visit, 0, true, now) ?? join(visit, want, now);
  return () => torrents?.close();
}

function questionOf(announced: Announced, port: number, webrtc: boolean): FilterQuestion {
  const { infoHash, peerId, ip, seeder } = describe(announced, port, webrtc);
  const event = eventNames[announced.event] as 'started' | 'completed' | 'paused' | 'none';
  return { infoHash, peer: { peerId, ip, port, event, seeder, webrtc } };
}

/** Never throws and never rejects: what goes wrong is a refusal. */
function decide(
  filter: AnnounceFilter,
  question: FilterQuestion,
  failed: (error: unknown) => void,
): Decision | Promise<Decision> {
  const fail = (error: unknown): Failure => {
    failed(error);
    return internalError;
  };
  try {
    const answer = filter(question);
    if (!isPromise(answer)) return verdictOf(answer);
    return withinPatience(answer).then(verdictOf).catch(fail);
  } catch (error) {
    return fail(error);
  }
}

function isPromise(answer: unknown): answer is Promise<unknown> {
  return typeof (answer as { then?: unknown } | null)?.then === 'function';
}

async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(
      () => reject(new FilterFault('filter has not answered', `${patienceMs / 1000} s have passed`)),
      patienceMs,
    ).unref();
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(late);
  }
}
