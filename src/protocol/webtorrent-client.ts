/** Knows how a WebTorrent client writes to a tracker and reads what it says: known keys into typed fields, oddities reported, nothing trusted. */
import { formatLatin1, parseLatin1 } from './latin1.ts';

const idBytes = 20;

/** What a client announces. */
export interface WebTorrentClientAnnounce {
  /** 20 bytes. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** Bytes that it lacks; 0 is a seeder. */
  left: number;
  /** `none` is left out. */
  event: string;
  /** Negative: left out. */
  numwant: number;
  /** To as many other peers; 10 at most are usual. */
  offers: readonly ClientOffer[];
}

/** An offer of a data channel. */
export interface ClientOffer {
  /** 20 bytes, random. */
  offerId: Uint8Array;
  /** The session description. */
  sdp: string;
}

/** An announce as libtorrent and browsers write it. */
export function formatWebTorrentAnnounce(announce: WebTorrentClientAnnounce): string {
  const { infoHash, peerId, left, event, numwant, offers } = announce;
  return JSON.stringify({
    action: 'announce',
    info_hash: formatLatin1(infoHash),
    peer_id: formatLatin1(peerId),
    uploaded: 0,
    downloaded: 0,
    left,
    numwant: numwant < 0 ? undefined : numwant,
    event: event === 'none' ? undefined : event,
    offers: offers.map(({ offerId, sdp }) => ({
      offer: { type: 'offer', sdp },
      offer_id: formatLatin1(offerId),
    })),
  });
}

/** No info_hash asks for everything. */
export function formatWebTorrentScrape(infoHashes: readonly Uint8Array[]): string {
  const hashes = infoHashes.map((infoHash) => formatLatin1(infoHash));
  return JSON.stringify({ action: 'scrape', info_hash: hashes.length > 1 ? hashes : hashes[0] });
}

/** The answer to an offer that came from `toPeerId`. */
export function formatWebTorrentAnswer(answer: {
  infoHash: Uint8Array;
  peerId: Uint8Array;
  toPeerId: Uint8Array;
  offerId: Uint8Array;
  sdp: string;
}): string {
  return JSON.stringify({
    action: 'announce',
    info_hash: formatLatin1(answer.infoHash),
    peer_id: formatLatin1(answer.peerId),
    to_peer_id: formatLatin1(answer.toPeerId),
    answer: { type: 'answer', sdp: answer.sdp },
    offer_id: formatLatin1(answer.offerId),
  });
}

/** The counts of one torrent. */
export interface WebTorrentFile {
  /** The key as sent, in characters. */
  key: string;
  /** Seeders. */
  complete: number | undefined;
  /** Leechers. */
  incomplete: number | undefined;
  /** How often it was downloaded whole. */
  downloaded: number | undefined;
}

/** A message of a tracker. What is undefined was not there, or not of its kind; then `findings` says so. */
export interface WebTorrentTrackerMessage {
  /** `announce` or `scrape`, of trackers that keep to the protocol. */
  action: string | undefined;
  /** 20 bytes. */
  infoHash: Uint8Array | undefined;
  /** Why it was refused. */
  failureReason: string | undefined;
  /** What the tracker warns of. */
  warningMessage: string | undefined;
  /** Seconds. */
  interval: number | undefined;
  /** Seconds that a client should wait at least. */
  minInterval: number | undefined;
  /** Seeders. */
  complete: number | undefined;
  /** Leechers. */
  incomplete: number | undefined;
  /** How often it was downloaded whole. */
  downloaded: number | undefined;
  /** To be sent with the next announce. */
  trackerId: string | undefined;
  /** Of a relayed offer or answer: who it is from, which one, and its SDP. */
  peerId: Uint8Array | undefined;
  /** 20 bytes. */
  offerId: Uint8Array | undefined;
  /** Its session description. */
  offer: string | undefined;
  /** Its session description. */
  answer: string | undefined;
  /** Of a scrape's reply. */
  files: WebTorrentFile[] | undefined;
  /** How many there were, also of those left out. */
  fileCount: number;
  /** Seconds between two scrapes at least. */
  minRequestInterval: number | undefined;
  /** What libtorrent or a browser would not take. */
  findings: string[];
}

type Json = Record<string, unknown>;

/**
 * Reads one message; of `files` the first `maxFiles` are kept.
 * @throws SyntaxError when it is no JSON object.
 */
export function decodeWebTorrentTracker(text: string, maxFiles: number): WebTorrentTrackerMessage {
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) throw new SyntaxError('not a JSON object');
  const findings: string[] = [];
  const number = (key: string, from: Json = parsed) => readNumber(from, key, findings);
  const word = (key: string) => (typeof parsed[key] === 'string' ? parsed[key] : undefined);
  const id = (key: string) => readId(parsed, key, findings);
  const { files, flags } = parsed;
  const entries = isObject(files) ? Object.entries(files) : undefined;
  const message = {
    action: word('action'),
    infoHash: id('info_hash'),
    failureReason: word('failure reason'),
    warningMessage: word('warning message'),
    interval: number('interval'),
    minInterval: number('min interval') ?? number('min_interval'),
    complete: number('complete'),
    incomplete: number('incomplete'),
    downloaded: number('downloaded'),
    trackerId: word('tracker id'),
    peerId: id('peer_id'),
    offerId: id('offer_id'),
    offer: readDescription(parsed, 'offer', findings),
    answer: readDescription(parsed, 'answer', findings),
    files: entries?.slice(0, maxFiles).map(([key, value]) => {
      const file = isObject(value) ? value : {};
      return {
        key,
        complete: number('complete', file),
        incomplete: number('incomplete', file),
        downloaded: number('downloaded', file),
      };
    }),
    fileCount: entries?.length ?? 0,
    minRequestInterval: isObject(flags) ? number('min_request_interval', flags) : undefined,
    findings,
  };
  if (message.action === undefined) findings.push('no action: browsers give up the connection');
  if (message.infoHash === undefined && files === undefined && parsed.info_hash === undefined) {
    findings.push('no info_hash: libtorrent gives up the connection');
  }
  return message;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readNumber(from: Json, key: string, findings: string[]): number | undefined {
  const value = Object.hasOwn(from, key) ? from[key] : undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return value;
  findings.push(`${key} is no whole number: libtorrent gives up the connection`);
  return undefined;
}

function readId(from: Json, key: string, findings: string[]): Uint8Array | undefined {
  const value = from[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length === idBytes && /^[\0-\u00ff]*$/.test(value)) {
    return parseLatin1(value);
  }
  findings.push(`${key} is not ${idBytes} characters up to U+00FF`);
  return undefined;
}

function readDescription(from: Json, type: 'offer' | 'answer', findings: string[]): string | undefined {
  const value = from[type];
  if (value === undefined) return undefined;
  if (isObject(value) && value.type === type && typeof value.sdp === 'string') return value.sdp;
  findings.push(`an ${type} without its type and sdp`);
  return undefined;
}
