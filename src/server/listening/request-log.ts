// What `--verbose` says of each announce and scrape. One that is not decided yet is made once more when it is, where a thread
// waits for decisions, and has its line then.

import { formatShownEndpoint, type IpVisibility } from '../../admin/shown-address.ts';
import { Event } from '../../protocol/event.ts';
import { undecided } from '../../protocol/failure.ts';
import { decodeIpWords } from '../../protocol/ip-address.ts';
import type { Announce } from '../../tracker/announce.ts';
import type { ConnectionVisit } from '../../tracker/connection-peers.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Log } from '../log/log.ts';

/** Where the lines go: the log itself, or the thread that has it. */
export type RequestLines = Pick<Log, 'debug'>;

/**
 * Makes this tracker log what it is asked and answers. Only for a verbose log: it costs more than the answers. Returns how
 * to end it.
 */
export function logRequests(tracker: Tracker, log: RequestLines, logIp: IpVisibility): () => void {
  const announce = tracker.announce.bind(tracker);
  tracker.announce = (request, now) => {
    const failure = announce(request, now);
    if (failure === undecided && tracker.decisions !== undefined) return failure;
    const answer = failure === undefined ? answerOf(request) : { failure_reason: failure.message };
    log.debug('announce', { ...questionOf(request, logIp), ...answer });
    return failure;
  };
  const { connections } = tracker;
  const join = connections.announce.bind(connections);
  connections.announce = (visit, want, now) => {
    const joined = join(visit, want, now);
    if (joined === undecided && tracker.decisions !== undefined) return joined;
    const { complete, incomplete, otherCount: peers } = visit;
    const answer =
      typeof joined === 'string' ? { complete, incomplete, peers } : { failure_reason: joined.message };
    log.debug('announce', { ...connectionOf(visit, logIp), ...answer });
    return joined;
  };
  const stop = connections.stop.bind(connections);
  connections.stop = (visit) => {
    const stopped = stop(visit);
    if (stopped) log.debug('stopped', connectionOf(visit, logIp));
    return stopped;
  };
  const scrape = tracker.scrape.bind(tracker);
  tracker.scrape = (infoHash, at, counts) => {
    scrape(infoHash, at, counts);
    const { complete, incomplete, downloaded } = counts;
    log.debug('scrape', { info_hash: formatHash(infoHash, at), complete, incomplete, downloaded });
  };
  return () => {
    tracker.announce = announce;
    connections.announce = join;
    connections.stop = stop;
    tracker.scrape = scrape;
  };
}

function connectionOf(visit: ConnectionVisit, logIp: IpVisibility) {
  const { infoHash, infoHashAt, address, addressAt, family, event, seeding } = visit;
  return {
    info_hash: formatHash(infoHash, infoHashAt),
    // A WebRTC peer has no port to be reached at.
    peer: formatShownEndpoint(decodeIpWords(address, addressAt, family), 0, logIp),
    transport: 'webtorrent',
    event: eventNames[event],
    seeder: seeding,
  };
}

const eventNames = Object.fromEntries(Object.entries(Event).map(([name, event]) => [event, name]));

function questionOf(
  { infoHash, infoHashAt, address, addressAt, family, port, event, seeding, numwant }: Announce,
  logIp: IpVisibility,
) {
  return {
    info_hash: formatHash(infoHash, infoHashAt),
    peer: formatShownEndpoint(decodeIpWords(address, addressAt, family), port, logIp),
    event: eventNames[event],
    seeder: seeding,
    numwant,
  };
}

function answerOf({ complete, incomplete, peers, ipv4Peers }: Announce) {
  return { complete, incomplete, peers: peers + ipv4Peers };
}

function formatHash(words: Int32Array, at: number): string {
  return Buffer.from(words.buffer, words.byteOffset + at * 4, 20).toString('hex');
}
