// Checks that every address of a tracker answers an announce, how fast each step is, and that the addresses agree.
import type { TLSSocket } from 'node:tls';
import { Action } from '../../protocol/udp-packets.ts';
import { encodeUdpAnnounce, formatAnnounceQuery } from '../asking/announce-question.ts';
import { readAnnounceAnswer } from '../asking/http-answer.ts';
import type { AnnounceAnswer } from '../asking/tracker-answer.ts';
import { readUdpAnnounce } from '../asking/udp-answer.ts';
import type { Deadline } from '../network/deadline.ts';
import { getHttp, type HttpAnswer } from '../network/http-client.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { targetWith } from '../network/tracker-url.ts';
import { UdpClient } from '../network/udp-client.ts';
import { formatMs, speedOf } from '../report/wording.ts';
import { type CertificateFacts, factsOf } from './certificate.ts';
import type { Examination, Visitor } from './examination.ts';
import type { AddressReport } from './finding.ts';

export interface FirstAnswer {
  endpoint: Endpoint;
  answer: AnnounceAnswer;
  http: HttpAnswer | undefined;
  certificate: CertificateFacts | undefined;
}

/** One announce to each address at once; fills in its times. Returns what each of the working ones answered. */
export async function checkAddresses(examination: Examination): Promise<FirstAnswer[]> {
  const infoHash = examination.createInfoHash();
  const answers = await Promise.all(
    examination.addresses.map((report) => checkAddress(examination, report, infoHash)),
  );
  const found = answers.filter((answer) => answer !== undefined);
  if (found.length > 1) compare(examination, found);
  return found;
}

async function checkAddress(
  examination: Examination,
  report: AddressReport,
  infoHash: Uint8Array,
): Promise<FirstAnswer | undefined> {
  const endpoint = { address: report.address, family: report.family, port: examination.url.port };
  const visitor = examination.createVisitor(endpoint);
  try {
    const ask = examination.url.scheme === 'udp' ? announceUdp : announceHttp;
    const found = await examination.within((deadline) =>
      ask(examination, visitor, report, infoHash, deadline),
    );
    report.answered = true;
    judge(examination, report, found.answer);
    await visitor.announce(infoHash, 'stopped', { numwant: 0 }).catch(() => {});
    return { endpoint, ...found };
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    report.error = error.message;
    const advice =
      report.family === 6 ? `${reachAdvice}; is the tracker told to listen on IPv6?` : reachAdvice;
    examination.fail(
      'address',
      report.address,
      `no answer over IPv${report.family}: ${error.message}`,
      advice,
    );
    return undefined;
  } finally {
    await visitor.leave();
  }
}

const reachAdvice =
  'check that the tracker listens on this address and port and that no firewall stands between';

type Found = Omit<FirstAnswer, 'endpoint'>;

async function announceUdp(
  examination: Examination,
  visitor: Visitor,
  report: AddressReport,
  infoHash: Uint8Array,
  deadline: Deadline,
): Promise<Found> {
  const client = await UdpClient.open(visitor.endpoint, deadline);
  try {
    const startedMs = performance.now();
    const connectionId = await client.connect(deadline);
    report.connect_ms = round(performance.now() - startedMs);
    const askedMs = performance.now();
    const reply = await client.ask(Action.announce, deadline, (view, transactionId) =>
      encodeUdpAnnounce(view, transactionId, connectionId, question(visitor, infoHash), examination.url),
    );
    report.answer_ms = round(performance.now() - askedMs);
    return { answer: readUdpAnnounce(reply, report.family), http: undefined, certificate: undefined };
  } finally {
    client.close();
  }
}

async function announceHttp(
  examination: Examination,
  visitor: Visitor,
  report: AddressReport,
  infoHash: Uint8Array,
  deadline: Deadline,
): Promise<Found> {
  const { url } = examination;
  let certificate: CertificateFacts | undefined;
  const options = {
    userAgent: visitor.identity.userAgent,
    pinned: report.address,
    insecure: true,
    onTls: (socket: TLSSocket) => {
      // Of the tracker itself, not of where it may redirect to.
      certificate ??= url.scheme === 'https' ? factsOf(socket) : undefined;
    },
  };
  const target = targetWith(url, formatAnnounceQuery(question(visitor, infoHash)));
  const http = await getHttp(url, target, options, deadline);
  report.connect_ms = round(http.timings.connectMs);
  report.tls_ms = http.timings.tlsMs === null ? null : round(http.timings.tlsMs);
  report.answer_ms = round(http.timings.answerMs);
  if (http.status !== 200) {
    const advice =
      'answer refusals with status 200 and a failure reason: clients take any other status for a dead tracker';
    examination.fail(
      'http-status',
      report.address,
      `the announce was answered with HTTP status ${http.status}`,
      advice,
    );
  }
  return { answer: readAnnounceAnswer(http.body, http.family), http, certificate };
}

function question(visitor: Visitor, infoHash: Uint8Array) {
  const { identity, port } = visitor;
  return { infoHash, identity, port, event: 'started' as const, left: 1_000_000_000, numwant: 50 };
}

function judge(examination: Examination, report: AddressReport, answer: AnnounceAnswer): void {
  const total = (report.connect_ms ?? 0) + (report.tls_ms ?? 0) + (report.answer_ms ?? 0);
  if (answer.failureReason !== null) {
    report.answered = false;
    const advice = examination.options.infoHash
      ? 'the tracker does not serve this torrent to us; use another one with -H'
      : 'if it serves only certain torrents, name one of them with -H';
    examination.fail('address', report.address, `the announce is refused: ${answer.failureReason}`, advice);
  } else if (speedOf(total).tier === 'Slow') {
    examination.warn(
      'address',
      report.address,
      `answers, slowly: ${formatMs(total)}`,
      'look at the load and the distance of the server',
    );
  } else
    examination.pass('address', report.address, `answers over IPv${report.family} in ${formatMs(total)}`);
  for (const oddity of answer.compliance) {
    examination.warn(
      'answer',
      report.address,
      `the answer is odd: ${oddity}`,
      'some clients reject such an answer as a whole',
    );
  }
}

function compare(examination: Examination, answers: readonly FirstAnswer[]): void {
  const intervals = new Set(answers.map(({ answer }) => answer.interval));
  const subject = examination.url.host;
  const shown = answers
    .map(({ endpoint, answer }) => `${endpoint.address} ${answer.interval ?? '-'} s`)
    .join(', ');
  const spread = Math.max(...[...intervals].map(Number)) - Math.min(...[...intervals].map(Number));
  // Some trackers vary the interval on purpose, to spread the load.
  if (spread <= 0.2 * Math.max(...[...intervals].map(Number))) {
    examination.pass('agreement', subject, `all ${answers.length} addresses answer alike`);
  } else {
    examination.warn(
      'agreement',
      subject,
      `the addresses name different intervals: ${shown}`,
      'is it the same tracker behind each address?',
    );
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
