// Checks an announce's answer against the rules: the interval, BEP 7, 21 and 23.
import { formatCount } from '../../cli/format-count.ts';
import { decodeHttpAnnounceReply } from '../../protocol/http-client-replies.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { isWebSocket } from '../network/tracker-url.ts';
import { formatSeconds } from '../report/wording.ts';
import { type Examination, withVisitors } from './examination.ts';
import type { FirstAnswer } from './first-announce.ts';

// What lists of public trackers accept.
const shortestInterval = 300;
const longestInterval = 3 * 3600;

/** A WebTorrent peer makes new offers when it announces, so it comes more often. */
const shortestWebSocketInterval = 30;

export function judgeInterval(examination: Examination, { endpoint, answer }: FirstAnswer): void {
  const subject = endpoint.address;
  const { interval, minInterval } = answer;
  if (interval === null) {
    examination.fail(
      'interval',
      subject,
      'the answer names no interval',
      'name one: clients do not know when to come back',
    );
    return;
  }
  const shown = formatSeconds(interval);
  const webSocket = isWebSocket(examination.url);
  const shortest = webSocket ? shortestWebSocketInterval : shortestInterval;
  const range = webSocket ? 'WebTorrent clients live with 30 s to 3 h' : 'public lists accept 5 min to 3 h';
  if (interval < shortest) {
    examination.warn(
      'interval',
      subject,
      `the interval is ${shown}: shorter than lists take`,
      `raise it; ${range}`,
    );
  } else if (interval > longestInterval) {
    examination.warn(
      'interval',
      subject,
      `the interval is ${shown}: longer than lists take`,
      `lower it; ${range}`,
    );
  } else examination.pass('interval', subject, `the interval is ${shown}; ${range}`);
  if (minInterval !== null && minInterval > interval) {
    const seen = `min interval (${minInterval} s) is longer than interval (${interval} s)`;
    examination.warn('min-interval', subject, seen, 'lower min interval');
  }
}

/** BEP 21: libtorrent says `paused` whenever a torrent is finished in part. */
export async function checkPaused(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = endpoint.address;
  const visitor = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  await withVisitors([visitor], async () => {
    const { answer } = await visitor.announce(infoHash, 'paused');
    if (answer.failureReason === null) {
      examination.pass('bep21', subject, 'an announce with event paused is accepted (BEP 21)');
      return;
    }
    const seen = `an announce with event paused is refused: ${answer.failureReason}`;
    examination.fail(
      'bep21',
      subject,
      seen,
      'accept paused (UDP: 4); libtorrent sends it for every partial seed',
    );
  });
}

/** BEP 23 and BEP 7, over HTTP: the form of the peer lists, seen by a peer that is given another. */
export async function checkPeerForms(examination: Examination, endpoint: Endpoint): Promise<void> {
  const a = examination.createVisitor(endpoint);
  const b = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  await withVisitors([a, b], async () => {
    await a.announce(infoHash, 'started');
    const compact = await b.announce(infoHash, 'started');
    const dictionaries = await b.announce(infoHash, 'none', { compact: false }).catch(orRefused);
    const refused = dictionaries ? peersOf(dictionaries.http?.body) : 'no answer';
    judgeCompact(examination, endpoint, peersOf(compact.http?.body), refused);
    if (endpoint.family === 6) judgePeers6(examination, endpoint, compact.http?.body);
  });
}

type PeersForm = 'compact' | 'dictionaries' | 'no peers' | 'no answer';

/** Trackers that know compact peers only may refuse the question. */
function orRefused(error: unknown): undefined {
  if (!(error instanceof TrackerError)) throw error;
  return undefined;
}

function peersOf(body: Uint8Array | undefined): PeersForm {
  const peers = body && decodeHttpAnnounceReply(body).peers;
  if (peers === undefined) return 'no peers';
  return Array.isArray(peers) ? 'dictionaries' : 'compact';
}

function judgeCompact(
  examination: Examination,
  endpoint: Endpoint,
  asked: PeersForm,
  refused: PeersForm,
): void {
  const subject = endpoint.address;
  const seen = `compact=1 gets ${asked}, compact=0 gets ${refused}`;
  if (asked === 'dictionaries') {
    examination.warn(
      'bep23',
      subject,
      `${seen} (BEP 23)`,
      'answer compact=1 with compact peers: a tenth of the bytes',
    );
  } else examination.pass('bep23', subject, `${seen} (BEP 23)`);
}

function judgePeers6(examination: Examination, endpoint: Endpoint, body: Uint8Array | undefined): void {
  const subject = endpoint.address;
  const peers6 = body && decodeHttpAnnounceReply(body).peers6;
  if (peers6 && peers6.length > 0 && peers6.length % 18 === 0) {
    examination.pass('bep7', subject, `IPv6 peers come in peers6, ${peers6.length} bytes (BEP 7)`);
  } else {
    const seen = peers6 === undefined ? 'no peers6' : `peers6 of ${formatCount(peers6.length, 'byte')}`;
    examination.fail(
      'bep7',
      subject,
      `a client over IPv6 is given ${seen} (BEP 7)`,
      'put IPv6 peers into peers6, 18 bytes each',
    );
  }
}
