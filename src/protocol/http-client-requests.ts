/** Knows the query strings that a client announces and scrapes with over HTTP (BEP 3, 21, 23, 48). */
import { Event } from './event.ts';
import { formatPercent } from './percent.ts';

/** What a client announces. Byte counts are 0 to 2^63; what is undefined is left out. */
export interface HttpAnnounceRequest {
  /** 20 bytes. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** 1 to 65535. */
  port: number;
  /** Bytes since `started`. */
  uploaded: number | bigint;
  /** Bytes since `started`. */
  downloaded: number | bigint;
  /** Bytes that it lacks; 0 is a seeder. */
  left: number | bigint;
  /** None is left out. */
  event?: Event | undefined;
  /** Peers wanted. */
  numwant?: number | undefined;
  /** Peers as bytes (BEP 23). */
  compact?: boolean | undefined;
  /** Dictionaries without peer_ids. */
  noPeerId?: boolean | undefined;
  /** Letters and digits, the same for every address of one client. */
  key?: string | undefined;
  /** What the tracker called itself in its last reply. */
  trackerId?: Uint8Array | undefined;
}

/** The query string of an announce, without the question mark. */
export function formatHttpAnnounce(request: HttpAnnounceRequest): string {
  const { infoHash, peerId, port, uploaded, downloaded, left } = request;
  let text = `info_hash=${formatPercent(infoHash)}&peer_id=${formatPercent(peerId)}&port=${port}`;
  text += `&uploaded=${uploaded}&downloaded=${downloaded}&left=${left}`;
  if (request.compact !== undefined) text += `&compact=${request.compact ? 1 : 0}`;
  if (request.noPeerId !== undefined) text += `&no_peer_id=${request.noPeerId ? 1 : 0}`;
  if (request.numwant !== undefined) text += `&numwant=${request.numwant}`;
  if (request.event !== undefined && request.event !== Event.none)
    text += `&event=${formatEvent(request.event)}`;
  if (request.key !== undefined) text += `&key=${request.key}`;
  if (request.trackerId !== undefined) text += `&trackerid=${formatPercent(request.trackerId)}`;
  return text;
}

/** An event's name in a query string; the empty text for none. */
export function formatEvent(event: Event): string {
  switch (event) {
    case Event.started:
      return 'started';
    case Event.stopped:
      return 'stopped';
    case Event.completed:
      return 'completed';
    case Event.paused:
      return 'paused';
    case Event.none:
      return '';
  }
}

/** The query string that asks for these info_hashes, 20 bytes each, without the question mark. */
export function formatHttpScrape(infoHashes: readonly Uint8Array[]): string {
  return infoHashes.map((infoHash) => `info_hash=${formatPercent(infoHash)}`).join('&');
}
