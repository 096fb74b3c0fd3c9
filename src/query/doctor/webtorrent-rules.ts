// Checks what a WebTorrent tracker is for: an offer reaches another peer and its answer comes back, and nothing else is passed on.
import { randomBytes } from 'node:crypto';
import type { WebTorrentTrackerMessage } from '../../protocol/webtorrent-client.ts';
import { createDescription } from '../asking/session-description.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatMs, leechersText, seedsText } from '../report/wording.ts';
import type { Examination } from './examination.ts';
import { OfferingPeer, withOfferingPeers } from './offering-peer.ts';

// Beyond this, an offer may rightly go to others.
const largestSwarm = 10;
/** How long to wait for what should not come. */
const silenceSeconds = 1;

const newId = () => new Uint8Array(randomBytes(20));

export async function checkOffers(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = `${endpoint.address}, two peers`;
  const infoHash = examination.createInfoHash();
  await withOfferingPeers(examination, endpoint, infoHash, async (a, b) => {
    await b.announce('started');
    const offer = { offerId: newId(), sdp: createDescription('offer') };
    const reply = await a.announce('started', [offer]);
    if (reply.failureReason !== undefined) {
      const refused = `refused: ${reply.failureReason}`;
      return examination.skip('round-trip', subject, refused, 'name a torrent that it serves with -H');
    }
    if ((reply.complete ?? 0) + (reply.incomplete ?? 0) > largestSwarm) {
      const seen = 'the swarm is too large for one offer to find one peer';
      return examination.skip('round-trip', subject, seen, 'leave -H out');
    }
    const arrived = await b.hear((message) => message.offer !== undefined && same(message.peerId, a.peerId));
    if (!judgeOffer(examination, subject, arrived, offer)) return;
    const answer = createDescription('answer');
    b.answer(a, offer.offerId, answer);
    const back = await a.hear((message) => message.answer !== undefined && same(message.peerId, b.peerId));
    judgeAnswer(examination, subject, back, offer.offerId, answer);
    judgeCounts(examination, subject, reply);
    await checkStrayAnswer(examination, subject, a, b);
    await checkStopped(examination, subject, a, b);
  });
}

function same(bytes: Uint8Array | undefined, others: Uint8Array): boolean {
  return bytes !== undefined && Buffer.compare(bytes, others) === 0;
}

function judgeOffer(
  examination: Examination,
  subject: string,
  arrived: WebTorrentTrackerMessage | undefined,
  offer: { offerId: Uint8Array; sdp: string },
): boolean {
  if (!arrived) {
    const advice = 'send the offers of an announce to other peers of the swarm over their connections';
    examination.fail('round-trip', subject, 'an offer of peer A does not arrive at peer B', advice);
    return false;
  }
  if (arrived.offer === offer.sdp && same(arrived.offerId, offer.offerId)) return true;
  const advice = 'pass offer and offer_id on as they came';
  examination.fail('round-trip', subject, 'an offer of peer A arrives at peer B changed', advice);
  return false;
}

function judgeAnswer(
  examination: Examination,
  subject: string,
  back: WebTorrentTrackerMessage | undefined,
  offerId: Uint8Array,
  sdp: string,
): void {
  if (back?.answer === sdp && same(back.offerId, offerId)) {
    const seen = 'an offer of peer A arrives at peer B, and the answer comes back';
    examination.pass('round-trip', subject, seen);
    return;
  }
  const seen = back ? 'comes back changed' : 'does not come back';
  const advice = 'send an answer to the connection of to_peer_id, as it came';
  examination.fail('round-trip', subject, `the offer arrives, but its answer ${seen}`, advice);
}

function judgeCounts(examination: Examination, subject: string, reply: WebTorrentTrackerMessage): void {
  if (examination.options.infoHash) return;
  const seen = `two leechers are counted as ${seedsText(reply.complete)} and ${leechersText(reply.incomplete)}`;
  if (reply.complete === 0 && reply.incomplete === 2) examination.pass('counts', subject, seen);
  else examination.warn('counts', subject, seen, 'count every peer of the swarm, the announcer too');
}

/** An answer to an offer that nobody made. */
async function checkStrayAnswer(
  examination: Examination,
  subject: string,
  a: OfferingPeer,
  b: OfferingPeer,
): Promise<void> {
  b.answer(a, newId(), createDescription('answer'));
  const stray = await a.hear((message) => message.answer !== undefined, silenceSeconds);
  if (!stray)
    return examination.pass('stray-answer', subject, 'an answer that nobody asked for is not passed on');
  const advice = 'remember the offers that were passed on, and pass on one answer to each';
  examination.warn('stray-answer', subject, 'an answer to no offer is passed on to any peer_id', advice);
}

/** After `stopped` no more offers come, though the connection stands. */
async function checkStopped(
  examination: Examination,
  subject: string,
  a: OfferingPeer,
  b: OfferingPeer,
): Promise<void> {
  await a.announce('stopped');
  await b.announce('none', [{ offerId: newId(), sdp: createDescription('offer') }]);
  const late = await a.hear((message) => message.offer !== undefined, silenceSeconds);
  if (!late) return examination.pass('stopped', subject, 'peer A is sent no more offers once it has stopped');
  const advice = 'remove a peer at once when it sends stopped: offers to it are lost';
  examination.fail('stopped', subject, 'peer A is still sent offers after it has stopped', advice);
}

export async function checkOfferId(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = `${endpoint.address}, bad offer_id`;
  if (examination.options.infoHash) {
    // Passed on, it would harm the clients of a real swarm.
    return examination.skip(
      'offer-id',
      subject,
      'not tried in a swarm that others may be in',
      'leave -H out',
    );
  }
  await withOfferingPeers(examination, endpoint, examination.createInfoHash(), async (a, b) => {
    await b.announce('started');
    const bad = { offerId: new Uint8Array(5).fill(0x78), sdp: createDescription('offer') };
    const reply = await a.announce('started', [bad]).catch(orGone);
    const passedOn = await b.hear((message) => message.offer !== undefined, silenceSeconds);
    if (passedOn) {
      const seen =
        'an offer_id of 5 characters is passed on: libtorrent gives up its connection to the tracker for it';
      return examination.fail(
        'offer-id',
        subject,
        seen,
        'take only an offer_id of 20 characters up to U+00FF',
      );
    }
    const how = reply === undefined ? 'the connection is closed' : (reply.failureReason ?? 'it is dropped');
    examination.pass(
      'offer-id',
      subject,
      `an offer_id of 5 characters is not passed on: ${formatReason(how)}`,
    );
  });
}

function orGone(error: unknown): undefined {
  if (!(error instanceof TrackerError)) throw error;
  return undefined;
}

function formatReason(reason: string): string {
  return reason.slice(0, 200);
}

export async function checkPing(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = endpoint.address;
  const peer = await OfferingPeer.open(examination, endpoint, newId());
  try {
    const startedMs = performance.now();
    await examination.within((deadline) => peer.client.ping(deadline), 5);
    examination.pass('ping', subject, `a ping is answered in ${formatMs(performance.now() - startedMs)}`);
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    const advice = 'answer a ping with a pong (RFC 6455, 5.5.2): libtorrent pings every 10 s';
    examination.fail('ping', subject, `a ping is not answered: ${error.message}`, advice);
  } finally {
    peer.client.close();
  }
}
