// What `--verbose` says of each announce and scrape.

import { formatShownEndpoint, type IpVisibility } from '../../admin/shown-address.ts';
import { Event } from '../../protocol/event.ts';
import { decodeIpWords } from '../../protocol/ip-address.ts';
import type { Announce } from '../../tracker/announce.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Log } from '../log/log.ts';

/** Where the lines go: the log itself, or the thread that has it. */
export type RequestLines = Pick<Log, 'debug'>;

/** Makes this tracker log what it is asked and answers. Only for a verbose log: it costs more than the answers. */
export function logRequests(tracker: Tracker, log: RequestLines, logIp: IpVisibility): void {
  const announce = tracker.announce.bind(tracker);
  tracker.announce = (request, now) => {
    const failure = announce(request, now);
    const answer = failure === undefined ? answerOf(request) : { failure_reason: failure.message };
    log.debug('announce', { ...questionOf(request, logIp), ...answer });
    return failure;
  };
  const scrape = tracker.scrape.bind(tracker);
  tracker.scrape = (infoHash, at, counts) => {
    scrape(infoHash, at, counts);
    const { complete, incomplete, downloaded } = counts;
    log.debug('scrape', { info_hash: formatHash(infoHash, at), complete, incomplete, downloaded });
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
