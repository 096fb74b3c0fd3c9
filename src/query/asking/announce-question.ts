// Knows what tracker-query asks in an announce, and how that is written as an HTTP query and as a UDP packet.
import { Event } from '../../protocol/event.ts';
import { formatHttpAnnounce } from '../../protocol/http-client-requests.ts';
import { parseIp } from '../../protocol/ip-address.ts';
import { type ConnectionIdHalves, encodeAnnounceRequest } from '../../protocol/udp-client-packets.ts';
import { encodeUrlData } from '../../protocol/udp-options.ts';
import { requestAt } from '../../protocol/udp-packets.ts';
import type { TrackerUrl } from '../network/tracker-url.ts';
import type { Identity } from './identity.ts';

export type EventName = keyof typeof Event;

export interface AnnounceQuestion {
  infoHash: Uint8Array;
  identity: Identity;
  port: number;
  event: EventName;
  left: number;
  /** -1 leaves it to the tracker. */
  numwant: number;
  /** More query parameters, already encoded; the doctor's only. */
  extra?: string;
  /** An IPv4 address to claim in a UDP announce's IP field; the doctor's only. */
  claimedIp?: string;
  /** WebSocket only: offer to peers, to hear who answers. */
  listPeers?: boolean;
  /** `false` asks for dictionaries (BEP 23). */
  compact?: boolean;
}

/** The query of an HTTP announce. */
export function formatAnnounceQuery(question: AnnounceQuestion): string {
  const { infoHash, port, left, numwant, identity, compact = true } = question;
  const query = formatHttpAnnounce({
    infoHash,
    peerId: identity.peerId,
    port,
    uploaded: 0,
    downloaded: 0,
    left,
    event: Event[question.event],
    numwant: numwant < 0 ? undefined : numwant,
    compact,
    noPeerId: true,
    key: identity.key.toString(16).toUpperCase().padStart(8, '0'),
  });
  return question.extra ? `${query}&${question.extra}` : query;
}

/** Writes a UDP announce with the URL's path as BEP 41 options; returns its length. */
export function encodeUdpAnnounce(
  view: DataView,
  transactionId: number,
  connectionId: ConnectionIdHalves,
  question: AnnounceQuestion,
  url: Pick<TrackerUrl, 'path' | 'query'>,
): number {
  const length = encodeAnnounceRequest(view, 0, {
    ...connectionId,
    transactionId,
    infoHash: question.infoHash,
    peerId: question.identity.peerId,
    downloaded: 0,
    left: question.left,
    uploaded: 0,
    event: Event[question.event],
    key: question.identity.key | 0,
    numwant: question.numwant,
    port: question.port,
  });
  const claimed = question.claimedIp === undefined ? undefined : parseIp(question.claimedIp);
  if (claimed?.length === 4) new Uint8Array(view.buffer, view.byteOffset).set(claimed, requestAt.ip);
  const options = encodeUrlData(new TextEncoder().encode(urlDataOf(url)));
  new Uint8Array(view.buffer, view.byteOffset).set(options, length);
  return length + options.length;
}

/** BEP 41: path and query, when there is more than the root. */
function urlDataOf({ path, query }: Pick<TrackerUrl, 'path' | 'query'>): string {
  if (query !== '') return `${path}?${query}`;
  return path === '/' ? '' : path;
}
