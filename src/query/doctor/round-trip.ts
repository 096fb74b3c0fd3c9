// Checks what a tracker is for: peer B is given peer A, `stopped` removes A, and nobody is given himself.

import { formatCount } from '../../cli/format-count.ts';
import type { AnnounceAnswer, ListedPeer } from '../asking/tracker-answer.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { leechersText, seedsText } from '../report/wording.ts';
import { type Examination, type Visitor, withVisitors } from './examination.ts';
import { blame, type Sides, unmapped } from './listed-address.ts';

// Beyond this B's 200 peers are a sample that A may rightly be missing from.
const largestSwarm = 150;

export async function checkRoundTrip(examination: Examination, endpoint: Endpoint): Promise<void> {
  const a = examination.createVisitor(endpoint);
  const b = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  const subject = `${endpoint.address}, two peers`;
  await withVisitors([a, b], async () => {
    const { localAddress } = await a.announce(infoHash, 'started');
    const { answer } = await b.announce(infoHash, 'started', { numwant: 200 });
    if (answer.failureReason !== null) {
      examination.skip(
        'round-trip',
        subject,
        `refused: ${answer.failureReason}`,
        'name a torrent that it serves with -H',
      );
      return;
    }
    if ((answer.complete ?? 0) + (answer.incomplete ?? 0) > largestSwarm) {
      examination.skip('round-trip', subject, 'the swarm is too large to find one peer in', 'leave -H out');
      return;
    }
    const given = judgeGiven(examination, subject, answer, a);
    judgeOwnAddresses(examination, subject, answer, given, {
      local: localAddress,
      tracker: endpoint.address,
    });
    if (peerOf(answer, b)) {
      examination.warn('self', subject, 'a peer is given itself', 'leave the announcer out of its own list');
    }
    if (!given) return;
    judgeCounts(examination, subject, answer);
    await a.announce(infoHash, 'stopped', { numwant: 0 });
    const later = await b.announce(infoHash, 'none', { numwant: 200 });
    if (peerOf(later.answer, a)) {
      const advice = 'remove a peer at once when it sends stopped; until then others try in vain to reach it';
      examination.fail('stopped', subject, 'peer B is still given peer A after A has stopped', advice);
    } else examination.pass('stopped', subject, 'peer A is gone once it has stopped');
  });
}

function judgeGiven(
  examination: Examination,
  subject: string,
  answer: AnnounceAnswer,
  a: Visitor,
): ListedPeer | undefined {
  const given = peerOf(answer, a);
  if (given)
    examination.pass('round-trip', subject, `peer B is given peer A as ${given.ip} port ${given.port}`);
  else {
    const advice = 'is the announce stored at all, and under the address it came from?';
    const seen = answer.peers.length === 0 ? 'no peers' : formatCount(answer.peers.length, 'other peer');
    examination.fail('round-trip', subject, `peer B is given ${seen}, not peer A`, advice);
  }
  return given;
}

/** Others are given the address that the announce came from, and external ip (BEP 24) is the same. */
function judgeOwnAddresses(
  examination: Examination,
  subject: string,
  answer: AnnounceAnswer,
  given: ListedPeer | undefined,
  sides: Omit<Sides, 'listed'>,
): void {
  const listed = given && blame({ ...sides, listed: given.ip });
  const same = given && answer.externalIp !== null && unmapped(given.ip) === unmapped(answer.externalIp);
  if (given && listed) {
    const both = same ? ', and external ip says the same' : '';
    const seen = `peer A is handed to others as ${given.ip}${both}: ${listed.because}`;
    examination[listed.verdict]('peer-address', subject, seen, listed.advice);
    if (same) return;
  } else if (given) {
    examination.pass('peer-address', subject, `peer A is handed to others as ${given.ip}, as it should be`);
  }
  const external = answer.externalIp === null ? undefined : blame({ ...sides, listed: answer.externalIp });
  if (external) {
    const seen = `external ip (BEP 24) is ${answer.externalIp}: ${external.because}`;
    examination[external.verdict]('external-ip', subject, seen, external.advice);
  } else if (given && answer.externalIp !== null && !same) {
    const seen = `others are given ${given.ip}, while external ip says ${answer.externalIp}`;
    examination.warn(
      'external-ip',
      subject,
      seen,
      'both must be the address that the announce came from (BEP 24)',
    );
  } else if (answer.externalIp !== null) {
    examination.pass('external-ip', subject, `external ip (BEP 24) is ${answer.externalIp}`);
  } else if (examination.url.scheme !== 'udp') {
    examination.skip('external-ip', subject, 'no external ip (BEP 24, optional)');
  }
}

function judgeCounts(examination: Examination, subject: string, answer: AnnounceAnswer): void {
  const { complete, incomplete } = answer;
  const seen = `${seedsText(complete)} and ${leechersText(incomplete)}`;
  if (examination.options.infoHash) return;
  if (complete === 0 && incomplete === 2)
    examination.pass('counts', subject, `two leechers are counted as ${seen}`);
  else
    examination.warn(
      'counts',
      subject,
      `two leechers are counted as ${seen}`,
      'count every peer of the swarm, the announcer too',
    );
}

/** A visitor is known by its port, which no other peer of a new torrent has. */
export function peerOf(answer: AnnounceAnswer, visitor: Visitor): ListedPeer | undefined {
  return answer.peers.find(({ port }) => port === visitor.port);
}
