// Checks that every address of a tracker answers an announce, says why one does not, and that the addresses agree.
import { webPageOf } from '../asking/http-answer.ts';
import type { AnnounceAnswer } from '../asking/tracker-answer.ts';
import { scopeOf } from '../network/address-scope.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { connectFirst, isOwnLack, startTls } from '../network/tcp-connect.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatTrackerUrl, type TrackerUrl } from '../network/tracker-url.ts';
import { formatMs, speedOf } from '../report/wording.ts';
import { type Diagnosis, diagnoseError, diagnosePage, diagnoseStatus, speaksTls } from './diagnosis.ts';
import { findAnswering, likelyUrls, usualPorts } from './elsewhere.ts';
import type { Examination } from './examination.ts';
import { meaningOf } from './failure-meaning.ts';
import type { AddressReport, FindingId } from './finding.ts';
import { announceFirst, type FirstAnswer, type FirstReply } from './first-announce.ts';
import { failScope, isHidden } from './names.ts';
import { explainSilence } from './udp-silence.ts';

interface FailedAddress {
  report: AddressReport;
  diagnosis: Diagnosis;
}

const handshakeSeconds = 4;

type Outcome = { found: FirstAnswer } | { failure: FailedAddress } | { lack: true };

/** One announce to each address at once; fills in its times. Returns what each of the answering ones said. */
export async function checkAddresses(examination: Examination): Promise<FirstAnswer[]> {
  const infoHash = examination.createInfoHash();
  const outcomes = await Promise.all(
    examination.addresses.map((report) => checkAddress(examination, report, infoHash)),
  );
  const found = outcomes.flatMap((outcome) => ('found' in outcome ? [outcome.found] : []));
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure] : []));
  if (failures.length > 0) await reportFailures(examination, failures, found.length === 0);
  if (outcomes.length > 0 && found.length + failures.length === 0) reportNothingTried(examination);
  if (found.length > 1) compare(examination, found);
  return found;
}

async function checkAddress(
  examination: Examination,
  report: AddressReport,
  infoHash: Uint8Array,
): Promise<Outcome> {
  const endpoint = endpointOf(examination, report);
  const visitor = examination.createVisitor(endpoint);
  const { url } = examination;
  try {
    const reply = await examination.within((deadline) =>
      announceFirst(url, visitor, report, infoHash, deadline),
    );
    const diagnosis = diagnoseReply(url, reply);
    const answer = readable(reply);
    if (diagnosis && (!answer || diagnosis.id !== 'http-status')) {
      report.error = diagnosis.message;
      return { failure: { report, diagnosis } };
    }
    if (diagnosis) examination.fail(diagnosis.id, report.address, diagnosis.message, diagnosis.advice);
    judge(examination, report, answer ?? reply.read());
    await visitor.announce(infoHash, 'stopped', { numwant: 0 }).catch(() => {});
    return { found: { ...reply, endpoint, answer: answer ?? reply.read() } };
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    report.error = error.message;
    if (isOwnLack(error) && error.redirects.length === 0 && mayLack(report)) {
      skipForLack(examination, report);
      return { lack: true };
    }
    return { failure: { report, diagnosis: diagnoseError(url, report.address, error) } };
  } finally {
    await visitor.leave();
  }
}

function readable({ read }: FirstReply): AnnounceAnswer | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TrackerError) return undefined;
    throw error;
  }
}

function diagnoseReply(url: TrackerUrl, reply: FirstReply): Diagnosis | undefined {
  const { http } = reply;
  if (!http) return undefined;
  const at = http.redirects.length > 0 ? http.url : url;
  const page = webPageOf(http.body);
  if (http.status !== 200) {
    const diagnosis = diagnoseStatus(at, http, page);
    // Peers with a wrong status: what is wrong is the status alone.
    if (readable(reply) === undefined || diagnosis.id === 'http-status') return diagnosis;
    const message = `the announce is answered with peers, but with HTTP status ${http.status}`;
    return {
      id: 'http-status',
      message,
      advice: 'answer with status 200: clients take any other status for a dead tracker',
    };
  }
  return page === undefined ? undefined : diagnosePage(at, page);
}

/** A private address that is not reached is a matter of where one stands, but not of an address family. */
function mayLack({ address }: AddressReport): boolean {
  return scopeOf(address) === 'public' || address.includes(':');
}

function skipForLack(examination: Examination, { address, family }: AddressReport): void {
  const seen = `not tried: this machine has no IPv${family} (no address or no route of that family)`;
  examination.skip('own-network', address, seen, `run the doctor where there is IPv${family}`);
}

function reportNothingTried(examination: Examination): void {
  const families = [...new Set(examination.addresses.map(({ family }) => `IPv${family}`))].join(' or ');
  const seen = `nothing could be examined: the name has only ${families} addresses, and this machine has no ${families}`;
  examination.fail('own-network', examination.url.host, seen, 'run the doctor on another machine');
}

async function reportFailures(
  examination: Examination,
  failures: FailedAddress[],
  all: boolean,
): Promise<void> {
  await Promise.all(failures.map((failure) => explain(examination, failure)));
  if (all && isHidden(examination)) return failHidden(examination, failures);
  for (const failure of failures) {
    const { report } = failure;
    const { id, message, advice } = failure.diagnosis;
    // What is true of one address of a name is most often true of all.
    const first = all && failure === failures[0];
    const whole = first ? await adviseOnPlaces(examination, failure) : advice;
    examination.fail(id, report.address, message, `${whole}${forFamily(report, all)}`);
  }
}

/** Looks again where the first look leaves a better cause possible. */
async function explain(examination: Examination, failure: FailedAddress): Promise<void> {
  if (await hasTls(examination, failure)) failure.diagnosis = speaksTls(examination.url);
  if (failure.diagnosis.id !== 'udp-silent') return;
  const endpoint = endpointOf(examination, failure.report);
  failure.diagnosis = (await explainSilence(examination, endpoint)) ?? failure.diagnosis;
}

/** The record is the cause; what comes of it at the addresses is told with it. */
function failHidden(examination: Examination, failures: readonly FailedAddress[]): void {
  const seen = [...new Set(failures.map(({ diagnosis }) => diagnosis.message))].join('; ');
  failScope(examination, `; from here: ${seen}`);
}

function forFamily({ family }: AddressReport, all: boolean): string {
  return family === 6 && !all ? '; it answers over IPv4: is it told to listen on IPv6?' : '';
}

/** Plain HTTP to a TLS port is closed, refused with an alert, or answered with some 400: only TLS itself proves it. */
async function hasTls(examination: Examination, { report, diagnosis }: FailedAddress): Promise<boolean> {
  const { url } = examination;
  const plain = url.scheme === 'http' || url.scheme === 'ws';
  const maybe: FindingId[] = ['closed', 'not-http', 'http-status', 'no-upgrade'];
  if (!plain || !maybe.includes(diagnosis.id)) return false;
  try {
    return await examination.within(async (deadline) => {
      const { socket } = await connectFirst([report.address], url.port, deadline);
      const tls = await startTls(socket, { host: url.host, insecure: true }, deadline);
      tls.destroy();
      return true;
    }, handshakeSeconds);
  } catch (error) {
    if (error instanceof TrackerError) return false;
    throw error;
  }
}

/** The advice, with where else on this host the tracker answers. */
async function adviseOnPlaces(
  examination: Examination,
  { report, diagnosis }: FailedAddress,
): Promise<string> {
  const { url, options } = examination;
  const found = await findAnswering(
    likelyUrls(url),
    ({ port }) => ({ ...endpointOf(examination, report), port }),
    examination.createInfoHash(),
    options,
  );
  const { advice } = diagnosis;
  if (found.length > 0) {
    const shown = found.slice(0, 4).map((one) => formatTrackerUrl(one));
    const better = diagnosis.adviceFor?.(found) ?? advice;
    return `${better}. Found: ${shown.join(' and ')} ${shown.length === 1 ? 'answers' : 'answer'}`;
  }
  if (!nobodyThere.has(diagnosis.id)) return advice;
  const ports = [...new Set([url.port, ...usualPorts])].join(', ');
  return `${advice}. Tried too: ports ${ports} over http, https and udp: no tracker answers`;
}

const nobodyThere = new Set<FindingId>(['connection-refused', 'connection-silent', 'udp-silent']);

function endpointOf(examination: Examination, { address, family }: AddressReport): Endpoint {
  return { address, family, port: examination.url.port };
}

function judge(examination: Examination, report: AddressReport, answer: AnnounceAnswer): void {
  const total = (report.connect_ms ?? 0) + (report.tls_ms ?? 0) + (report.answer_ms ?? 0);
  report.answered = answer.failureReason === null;
  if (answer.failureReason !== null) {
    const own = examination.options.infoHash !== undefined;
    const { meant, id, message, advice } = meaningOf(answer.failureReason, own);
    if (meant) examination.warn(id, report.address, message, advice);
    else examination.fail(id, report.address, message, advice);
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
