/**
 * Knows what a WebTorrent client sends a tracker over a WebSocket: announces with offers, answers and scrapes in JSON.
 *
 * `decodeWebTorrent(bytes, at, end, message)` reads one message into a reused `WebTorrentMessage` and returns what is wrong
 * with it, if anything. An info_hash, peer_id or offer_id is a string of 20 characters, U+0000 to U+00FF, one for a byte.
 */
import { Event } from './event.ts';
import {
  type Failure,
  invalidAnswer,
  invalidNumber,
  invalidOffer,
  invalidOfferId,
  missingInfoHash,
  missingPeerId,
  missingToPeerId,
  notJson,
  unknownAction,
} from './failure.ts';
import { JsonScanner } from './json-scanner.ts';
import { parseLatin1 } from './latin1.ts';

/** Of an info_hash, a peer_id or an offer_id. */
export const idBytes = 20;

/** What a client says. The arrays begin on word boundaries of memory of their own, so they may be kept as views. */
export class WebTorrentMessage {
  /** An answer is an announce that has `answer`; it says nothing about its sender. */
  kind: 'announce' | 'answer' | 'scrape' = 'announce';
  /** `hashCount` info_hashes, one after another; an announce's or answer's is the first. */
  readonly infoHashes: Uint8Array<ArrayBuffer>;
  /** 0 in a scrape asks for everything. In a refused message the first, if any, may be named in the refusal. */
  hashCount = 0;
  /** 20 bytes. */
  readonly peerId = new Uint8Array(idBytes);

  // Announces.
  /** Unknown ones are none. */
  event: Event = Event.none;
  /** `left` is there and 0; clients that do not know the size say null, −1 or nothing. */
  seeding = false;
  /** Negative: as many as the tracker likes. */
  numwant = -1;
  /** Offers to be relayed. */
  offerCount = 0;
  /** 20 bytes for each offer. */
  readonly offerIds: Uint8Array<ArrayBuffer>;
  /**
   * Offer i's SDP is `bytes[sdpAt[i] .. sdpEnd[i])` of the message, a JSON string without its quotes, checked to the last
   * character, so that it can be copied into another message as it is.
   */
  readonly sdpAt: Int32Array<ArrayBuffer>;
  /** See `sdpAt`. */
  readonly sdpEnd: Int32Array<ArrayBuffer>;

  // Answers.
  /** Whose offer is answered, 20 bytes. */
  readonly toPeerId = new Uint8Array(idBytes);
  /** Which offer is answered, 20 bytes. */
  readonly offerId = new Uint8Array(idBytes);
  /** As `sdpAt` and `sdpEnd`. */
  answerSdpAt = 0;
  /** As `sdpEnd`. */
  answerSdpEnd = 0;

  /** Of more info_hashes in a scrape the first ones are taken; no more than there is room for. */
  mostHashes: number;

  /** Of more offers, or more info_hashes in a scrape, the first ones are taken. */
  constructor(maxOffers: number, maxHashes: number) {
    this.offerIds = new Uint8Array(maxOffers * idBytes);
    this.sdpAt = new Int32Array(maxOffers);
    this.sdpEnd = new Int32Array(maxOffers);
    this.infoHashes = new Uint8Array(maxHashes * idBytes);
    this.mostHashes = maxHashes;
  }
}

const ACTION = parseLatin1('action');
const INFO_HASH = parseLatin1('info_hash');
const PEER_ID = parseLatin1('peer_id');
const TO_PEER_ID = parseLatin1('to_peer_id');
const LEFT = parseLatin1('left');
const NUMWANT = parseLatin1('numwant');
const EVENT = parseLatin1('event');
const OFFERS = parseLatin1('offers');
const OFFER = parseLatin1('offer');
const ANSWER = parseLatin1('answer');
const OFFER_ID = parseLatin1('offer_id');
const TYPE = parseLatin1('type');
const SDP = parseLatin1('sdp');
const ANNOUNCE = parseLatin1('announce');
const SCRAPE = parseLatin1('scrape');

const events: [Uint8Array, Event][] = [
  [parseLatin1('started'), Event.started],
  [parseLatin1('stopped'), Event.stopped],
  [parseLatin1('completed'), Event.completed],
  [parseLatin1('paused'), Event.paused],
];

const scanner = new JsonScanner();
// What was good of the message being read; of equal keys the last counts, as in JSON.parse.
let isAnnounce = false;
let isScrape = false;
let isAnswer = false;
let goodHashes = false;
let severalHashes = false;
let goodPeerId = false;
let goodToPeerId = false;
let goodOfferId = false;
let goodAnswer = false;
let goodLeft = false;
let goodNumwant = false;
let badOffer: Failure | undefined;
// Where the SDP of the description last read lies.
let sdpAt = 0;
let sdpEnd = 0;

/**
 * Reads the message `bytes[at .. end)` into `into` and returns undefined, or what is wrong with it, checked in this order:
 * JSON that is no object or too deep, action, info_hash, peer_id, then of an announce the numbers (left, numwant) and
 * offers that would be relayed, of an answer to_peer_id, offer_id and the answer. Other keys are passed over.
 */
export function decodeWebTorrent(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: WebTorrentMessage,
): Failure | undefined {
  forget(into);
  scanner.start(bytes, at, end);
  if (!scanner.isObject()) return notJson;
  for (let more = scanner.firstKey(); more; more = scanner.nextKey()) readValue(into);
  if (!scanner.finish()) return notJson;
  if (!isAnnounce && !isScrape) return unknownAction;
  into.kind = isScrape ? 'scrape' : isAnswer ? 'answer' : 'announce';
  if (!goodHashes) return missingInfoHash;
  if (isScrape) return undefined;
  if (severalHashes || into.hashCount === 0) return missingInfoHash;
  if (!goodPeerId) return missingPeerId;
  return isAnswer ? faultOfAnswer() : faultOfAnnounce();
}

function forget(into: WebTorrentMessage): void {
  into.kind = 'announce';
  into.hashCount = 0;
  into.event = Event.none;
  into.seeding = false;
  into.numwant = -1;
  into.offerCount = 0;
  isAnnounce = isScrape = isAnswer = severalHashes = false;
  goodPeerId = goodToPeerId = goodOfferId = goodAnswer = false;
  goodHashes = goodLeft = goodNumwant = true;
  badOffer = undefined;
}

function faultOfAnnounce(): Failure | undefined {
  return goodLeft && goodNumwant ? badOffer : invalidNumber;
}

function faultOfAnswer(): Failure | undefined {
  if (!goodToPeerId) return missingToPeerId;
  if (!goodOfferId) return invalidOfferId;
  return goodAnswer ? undefined : invalidAnswer;
}

/** Reads the value of the key last read. */
function readValue(into: WebTorrentMessage): void {
  if (scanner.stringIs(ACTION)) readAction();
  else if (scanner.stringIs(INFO_HASH)) readHashes(into);
  else if (scanner.stringIs(PEER_ID)) goodPeerId = readId(into.peerId, 0);
  else if (scanner.stringIs(OFFERS)) readOffers(into);
  else if (scanner.stringIs(LEFT)) readLeft(into);
  else if (scanner.stringIs(NUMWANT)) readNumwant(into);
  else if (scanner.stringIs(EVENT)) readEvent(into);
  else if (scanner.stringIs(TO_PEER_ID)) goodToPeerId = readId(into.toPeerId, 0);
  else if (scanner.stringIs(OFFER_ID)) goodOfferId = readId(into.offerId, 0);
  else if (scanner.stringIs(ANSWER)) readAnswer(into);
  else scanner.skip(1);
}

function readAction(): void {
  const text = scanner.isString();
  scanner.skip(1);
  isAnnounce = text && scanner.stringIs(ANNOUNCE);
  isScrape = text && scanner.stringIs(SCRAPE);
}

/** A string, several, or nothing. */
function readHashes(into: WebTorrentMessage): void {
  into.hashCount = 0;
  goodHashes = true;
  severalHashes = scanner.isArray();
  if (!severalHashes) {
    if (scanner.isString()) readHash(into);
    else goodHashes = readNull();
    return;
  }
  for (let more = scanner.firstItem(); more; more = scanner.nextItem()) {
    if (into.hashCount < into.mostHashes) readHash(into);
    else scanner.skip(2);
  }
  // An empty list asks for nothing, not for everything.
  if (into.hashCount === 0) goodHashes = false;
}

function readHash(into: WebTorrentMessage): void {
  if (readId(into.infoHashes, into.hashCount * idBytes)) into.hashCount++;
  else goodHashes = false;
}

/** Reads any value; whether it is an id, which is written to `into` then. */
function readId(into: Uint8Array, at: number): boolean {
  const text = scanner.isString();
  return scanner.skip(3) && text && scanner.copyLatin1(into, at, idBytes);
}

/** Reads any value but a number, an array or an object; whether it is null. */
function readNull(): boolean {
  const isNull = scanner.isNull();
  scanner.skip(1);
  return isNull;
}

function readLeft(into: WebTorrentMessage): void {
  goodLeft = readNumberOrNull();
  into.seeding = goodLeft && scanner.number === 0;
}

function readNumwant(into: WebTorrentMessage): void {
  goodNumwant = readNumberOrNull();
  const { number } = scanner;
  into.numwant = goodNumwant && number >= 0 ? Math.min(Math.trunc(number), 0x7fffffff) : -1;
}

/** Reads any value; whether it is a number, or null, which is read as −1. */
function readNumberOrNull(): boolean {
  if (scanner.isNumber()) return scanner.readNumber();
  const isNull = readNull();
  scanner.number = -1;
  return isNull;
}

/** A mere wish, which cannot be wrong. */
function readEvent(into: WebTorrentMessage): void {
  into.event = Event.none;
  const text = scanner.isString();
  if (!scanner.skip(1) || !text) return;
  for (let i = 0; i < events.length; i++) {
    const [name, event] = events[i];
    if (scanner.stringIs(name)) into.event = event;
  }
}

function readOffers(into: WebTorrentMessage): void {
  into.offerCount = 0;
  badOffer = undefined;
  if (!scanner.isArray()) {
    if (!readNull()) badOffer = invalidOffer;
    return;
  }
  for (let more = scanner.firstItem(); more; more = scanner.nextItem()) {
    if (into.offerCount === into.sdpAt.length || badOffer !== undefined) scanner.skip(2);
    else readOffer(into);
  }
}

function readOffer(into: WebTorrentMessage): void {
  let goodOffer = false;
  let goodId = false;
  const index = into.offerCount;
  if (!scanner.isObject()) scanner.skip(2);
  else {
    for (let more = scanner.firstKey(); more; more = scanner.nextKey()) {
      if (scanner.stringIs(OFFER)) {
        goodOffer = readDescription(OFFER, 3);
        into.sdpAt[index] = sdpAt;
        into.sdpEnd[index] = sdpEnd;
      } else if (scanner.stringIs(OFFER_ID)) goodId = readId(into.offerIds, index * idBytes);
      else scanner.skip(3);
    }
  }
  if (goodOffer && goodId) into.offerCount++;
  else badOffer = goodOffer ? invalidOfferId : invalidOffer;
}

function readAnswer(into: WebTorrentMessage): void {
  isAnswer = !scanner.isNull();
  goodAnswer = readDescription(ANSWER, 1);
  into.answerSdpAt = sdpAt;
  into.answerSdpEnd = sdpEnd;
}

/** Reads any value; whether it is a session description of that type. */
function readDescription(type: Uint8Array, depth: number): boolean {
  let goodType = false;
  let goodSdp = false;
  if (!scanner.isObject()) {
    scanner.skip(depth);
    return false;
  }
  for (let more = scanner.firstKey(); more; more = scanner.nextKey()) {
    if (scanner.stringIs(TYPE)) {
      goodType = scanner.isString();
      scanner.skip(depth + 1);
      goodType &&= scanner.stringIs(type);
    } else if (scanner.stringIs(SDP)) {
      goodSdp = scanner.isString();
      scanner.skip(depth + 1);
      // Half a surrogate pair makes libtorrent's reader give up its connection to the tracker.
      goodSdp &&= scanner.paired && scanner.stringEnd > scanner.stringAt;
      sdpAt = scanner.stringAt;
      sdpEnd = scanner.stringEnd;
    } else scanner.skip(depth + 1);
  }
  return goodType && goodSdp;
}
