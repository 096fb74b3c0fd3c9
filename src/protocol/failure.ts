/** The one error a peer may see: its message becomes `failure reason` (HTTP) or a BEP 15 error packet. */
export class Failure extends Error {
  /** Always the same. */
  override readonly name = 'Failure';
  /** What operators count it as. */
  readonly kind: FailureKind;
  /** Minutes after which to ask again (BEP 31); only HTTP can say it. */
  readonly retryIn: number | undefined;

  /** `retryIn`: minutes. */
  constructor(message: string, kind: FailureKind = 'other', retryIn?: number) {
    super(message);
    this.kind = kind;
    this.retryIn = retryIn;
  }
}

/** What operators tell refusals apart by; a closed list, because each is a series in their graphs. */
export const failureKinds = [
  'malformed',
  'bad_connection_id',
  'rate_limited',
  'not_allowed',
  'memory_full',
  'other',
] as const;
/** One of those kinds. */
export type FailureKind = (typeof failureKinds)[number];

// Ready-made, because a refused request must cost no stack trace. The texts are part of the protocol's face:
// clients and monitoring match on them (docs/compatibility.md).
export const missingInfoHash = new Failure('missing or invalid info_hash', 'malformed');
export const missingPeerId = new Failure('missing or invalid peer_id', 'malformed');
export const missingPort = new Failure('missing or invalid port', 'malformed');
export const invalidNumber = new Failure('invalid numeric parameter', 'malformed');
export const fullScrapeRefused = new Failure('full scrape not allowed', 'not_allowed');
export const fullScrapeBusy = new Failure('too many full scrapes at once', 'rate_limited');
export const tooManyRequests = new Failure('too many requests', 'rate_limited', 1);
export const trackerFull = new Failure('tracker is full', 'memory_full');
export const torrentUnregistered = new Failure('unregistered torrent', 'not_allowed');
export const torrentDenied = new Failure('torrent not allowed', 'not_allowed');
export const clientDenied = new Failure('client not allowed', 'not_allowed');
export const addressDenied = new Failure('address not allowed', 'not_allowed');
/** Whether it may be announced is not known yet: ask again soon. */
export const undecided = new Failure('not decided yet, ask again', 'other', 1);
export const badClientAddress = new Failure('invalid client address', 'malformed');
export const internalError = new Failure('internal error');
export const tooManyParameters = new Failure('too many parameters', 'malformed');
export const announceTooShort = new Failure('announce packet too short', 'malformed');
export const noInfoHashInScrape = new Failure('no info_hash in scrape', 'malformed');
export const unknownAction = new Failure('unknown action', 'malformed');
export const unknownConnectionId = new Failure('connection ID not recognized', 'bad_connection_id');
export const notJson = new Failure('message is not a JSON object', 'malformed');
export const invalidOffer = new Failure('missing or invalid offer', 'malformed');
export const invalidAnswer = new Failure('missing or invalid answer', 'malformed');
export const invalidOfferId = new Failure('missing or invalid offer_id', 'malformed');
export const missingToPeerId = new Failure('missing or invalid to_peer_id', 'malformed');
export const peerIdTaken = new Failure('peer_id is in use by another connection', 'not_allowed');
export const fullScrapeTooLarge = new Failure('full scrape is too large here, ask over HTTP');
export const tooManyTorrents = new Failure('too many torrents on one connection', 'rate_limited');
