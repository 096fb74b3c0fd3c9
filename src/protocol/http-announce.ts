/** Knows the query string of an HTTP announce (BEP 3, 21, 23): what a tracker reads from it, and what it refuses. */
import { Event } from './event.ts';
import {
  type Failure,
  invalidNumber,
  missingInfoHash,
  missingPeerId,
  missingPort,
  tooManyParameters,
} from './failure.ts';
import { HttpQuery, queryName } from './http-query.ts';
import { decodePercent } from './percent.ts';

/** No client sends a fifth of this; more would be work for nothing. */
const maxParameters = 100;

/** What an announce asks. One instance is reused for every request; the two byte arrays may be kept as views. */
export class HttpAnnounceQuestion {
  /** 20 bytes. */
  readonly infoHash = new Uint8Array(20);
  /** 20 bytes. */
  readonly peerId = new Uint8Array(20);
  /** 1 to 65535. */
  port = 0;
  /** Unknown ones are none. */
  event: Event = Event.none;
  /** `left` is there and 0; clients that do not know the size say −1, 2^64 − 1 or nothing. */
  seeding = false;
  /** Negative: as many as the tracker likes. */
  numwant = -1;
  /** False only for `compact=0`: the peers are wanted as dictionaries. */
  compact = true;
  /** Dictionaries are wanted without `peer id`. */
  noPeerId = false;
}

const INFO_HASH = queryName('info_hash');
const PEER_ID = queryName('peer_id');
const PORT = queryName('port');
const LEFT = queryName('left');
const UPLOADED = queryName('uploaded');
const DOWNLOADED = queryName('downloaded');
const NUMWANT = queryName('numwant');
const EVENT = queryName('event');
const COMPACT = queryName('compact');
const NO_PEER_ID = queryName('no_peer_id');

// One bit for each parameter: the first of equal names counts.
const infoHashBit = 1;
const peerIdBit = 2;
const portBit = 4;
const leftBit = 8;
const uploadedBit = 16;
const downloadedBit = 32;
const numwantBit = 64;
const eventBit = 128;
const compactBit = 256;
const noPeerIdBit = 512;
type ParameterBit =
  | typeof infoHashBit
  | typeof peerIdBit
  | typeof portBit
  | typeof leftBit
  | typeof uploadedBit
  | typeof downloadedBit
  | typeof numwantBit
  | typeof eventBit
  | typeof compactBit
  | typeof noPeerIdBit;

/** Numbers of any size and sign; an empty one counts as absent. */
const numberBits = leftBit | uploadedBit | downloadedBit | numwantBit;

const query = new HttpQuery();
/** Bytes of the longest value; a number may have any length, so as many as a whole request may have. */
export const longestValue = 8 * 1024;
const value = new Uint8Array(longestValue);
let valueLength = 0;

/**
 * Reads the query string `bytes[at .. end)` into `into` and returns undefined, or what is wrong with it, checked in this
 * order: more than 100 parameters, info_hash, peer_id, port, any of the numbers (left, uploaded, downloaded, numwant).
 * `ip`, `ipv4`, `ipv6` and unknown parameters are passed over.
 */
export function decodeHttpAnnounce(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: HttpAnnounceQuestion,
): Failure | undefined {
  let seen = 0;
  let good = 0;
  let parameters = 0;
  into.event = Event.none;
  into.seeding = false;
  into.numwant = -1;
  into.compact = true;
  into.noPeerId = false;
  query.start(bytes, at, end);
  while (query.next()) {
    if (++parameters > maxParameters) return tooManyParameters;
    const bit = bitOfName();
    if (bit === 0 || (seen & bit) !== 0) continue;
    if (query.valueAt === query.valueEnd && (bit & numberBits) !== 0) continue;
    seen |= bit;
    // The two long ones are decoded where they are wanted; another length than 20 does not fit or leaves a gap.
    const target = bit === infoHashBit ? into.infoHash : bit === peerIdBit ? into.peerId : value;
    valueLength = decodePercent(bytes, query.valueAt, query.valueEnd, target);
    if (readValue(bit, into)) good |= bit;
  }
  if ((good & infoHashBit) === 0) return missingInfoHash;
  if ((good & peerIdBit) === 0) return missingPeerId;
  if ((good & portBit) === 0) return missingPort;
  return good === seen ? undefined : invalidNumber;
}

function bitOfName(): ParameterBit | 0 {
  switch (query.nameEnd - query.nameAt) {
    case 4:
      return query.is(PORT) ? portBit : query.is(LEFT) ? leftBit : 0;
    case 5:
      return query.is(EVENT) ? eventBit : 0;
    case 7:
      if (query.is(PEER_ID)) return peerIdBit;
      return query.is(NUMWANT) ? numwantBit : query.is(COMPACT) ? compactBit : 0;
    case 8:
      return query.is(UPLOADED) ? uploadedBit : 0;
    case 9:
      return query.is(INFO_HASH) ? infoHashBit : 0;
    case 10:
      return query.is(DOWNLOADED) ? downloadedBit : query.is(NO_PEER_ID) ? noPeerIdBit : 0;
    default:
      return 0;
  }
}

/** Takes the decoded value; false when it is wrong. What is a mere wish cannot be wrong. */
function readValue(bit: ParameterBit, into: HttpAnnounceQuestion): boolean {
  switch (bit) {
    case infoHashBit:
    case peerIdBit:
      return valueLength === 20;
    case portBit:
      into.port = valueLength <= 5 && isDigits(0) ? toNumber(0) : 0;
      return into.port >= 1 && into.port <= 65535;
    case leftBit:
      into.seeding = isZero();
      return isNumber();
    case uploadedBit:
    case downloadedBit:
      return isNumber();
    case numwantBit:
      return readNumwant(into);
    case eventBit:
      into.event = toEvent();
      return true;
    case compactBit:
      into.compact = !(valueLength === 1 && value[0] === 0x30);
      return true;
    case noPeerIdBit:
      into.noPeerId = valueLength === 1 && value[0] === 0x31;
      return true;
    default:
      // A bit without a case of its own does not compile.
      return bit satisfies never;
  }
}

function readNumwant(into: HttpAnnounceQuestion): boolean {
  if (!isNumber()) return false;
  const negative = value[0] === MINUS && !isZero();
  into.numwant = negative ? -1 : Math.min(toNumber(signs()), 0x7fffffff);
  return true;
}

const MINUS = 0x2d;
const PLUS = 0x2b;

/** How many signs the value begins with: 0 or 1. */
function signs(): number {
  return valueLength > 0 && (value[0] === MINUS || value[0] === PLUS) ? 1 : 0;
}

/** Whether the value is a whole number, of any size and sign. */
function isNumber(): boolean {
  return isDigits(signs());
}

/** Whether the value from `from` on is decimal digits only, at least one. */
function isDigits(from: number): boolean {
  if (valueLength <= from) return false;
  for (let i = from; i < valueLength; i++) {
    const digit = value[i];
    if (digit < 0x30 || digit > 0x39) return false;
  }
  return true;
}

/** Whether a number is 0. */
function isZero(): boolean {
  for (let i = signs(); i < valueLength; i++) if (value[i] !== 0x30) return false;
  return true;
}

function toNumber(from: number): number {
  let number = 0;
  for (let i = from; i < valueLength; i++) number = number * 10 + (value[i] - 0x30);
  return number;
}

const events: [Uint8Array, Event][] = [
  [queryName('started'), Event.started],
  [queryName('stopped'), Event.stopped],
  [queryName('completed'), Event.completed],
  [queryName('paused'), Event.paused],
];

function toEvent(): Event {
  for (let i = 0; i < events.length; i++) {
    const [name, event] = events[i];
    if (isValue(name)) return event;
  }
  return Event.none;
}

function isValue(name: Uint8Array): boolean {
  if (valueLength !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (value[i] !== name[i]) return false;
  return true;
}
