/** The one error a peer may see: its message becomes `failure reason` (HTTP) or a BEP 15 error packet. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

// Ready-made, because a refused request must cost no stack trace. The texts are part of the protocol's face:
// clients and the customer's own checks match on them.
export const missingInfoHash = new Failure('missing or invalid info_hash');
export const missingPeerId = new Failure('missing or invalid peer_id');
export const missingPort = new Failure('missing or invalid port');
export const invalidNumber = new Failure('invalid numeric parameter');
export const fullScrapeRefused = new Failure('full scrape not allowed');
export const fullScrapeBusy = new Failure('too many full scrapes at once');
export const trackerFull = new Failure('tracker is full');
export const badClientAddress = new Failure('invalid client address');
export const internalError = new Failure('internal error');
export const tooManyParameters = new Failure('too many parameters');
export const announceTooShort = new Failure('announce packet too short');
export const noInfoHashInScrape = new Failure('no info_hash in scrape');
export const unknownAction = new Failure('unknown action');
export const unknownConnectionId = new Failure('connection ID not recognized');

/** For more info_hashes in one scrape than `max`; make one per tracker, not one per request. */
export function tooManyInfoHashes(max: number): Failure {
  return new Failure(`too many info_hashes, max is ${max}`);
}
