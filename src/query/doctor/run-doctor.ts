// Knows the order of an examination, and what becomes of its findings: a report, and an exit code by the worst of them.

import { UsageError } from '../../cli/usage-error.ts';
import { warmUp } from '../asking/warm-up.ts';
import type { RawOptions } from '../command/command-line.ts';
import { choice, type Format, familiesOf, readTorrents, timeoutOf } from '../command/settings.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { isWebSocket, parseTrackerUrl, type TrackerUrl } from '../network/tracker-url.ts';
import type { Console } from '../terminal/console.ts';
import { formatJson } from '../terminal/sanitise.ts';
import { checkPaused, checkPeerForms, judgeInterval } from './announce-rules.ts';
import { judgeCertificate } from './certificate.ts';
import { Examination } from './examination.ts';
import { type DoctorReport, summarise } from './finding.ts';
import type { FirstAnswer } from './first-announce.ts';
import { checkForeignAddress, checkPortZero } from './foreign-address.ts';
import { gradeOf } from './grade.ts';
import { checkLoss } from './loss.ts';
import { checkName, checkTrackerRecord, judgeScopes } from './names.ts';
import { checkProtocols, judgeRedirects } from './protocols.ts';
import { checkAddresses } from './reach.ts';
import { doctorLines, findingLines } from './report-doctor.ts';
import { checkRoundTrip } from './round-trip.ts';
import { checkFullScrape, checkScrape } from './scrape-rules.ts';
import { checkSharedSwarm } from './shared-swarm.ts';
import { checkConnectionId, checkReflection } from './udp-abuse.ts';
import { PacketMaker } from './udp-packets.ts';
import { checkConnect, checkUrlData } from './udp-rules.ts';
import { checkOfferId, checkOffers, checkPing } from './webtorrent-rules.ts';

/** Returns the exit code: 1 when anything fails, with `--strict` also when anything warns. */
export async function runDoctor(argument: string, options: RawOptions, console: Console): Promise<number> {
  const url = parseTrackerUrl(argument);
  const format = choice<Format>(options, 'format');
  const torrents = options.hash === undefined ? [] : await readTorrents(options);
  if (torrents.length > 1) throw new UsageError("'doctor' takes one -H");
  const startedAt = new Date().toISOString();
  const examination = new Examination(url, {
    timeoutSeconds: timeoutOf(options),
    families: familiesOf(options),
    insecure: options.insecure === true,
    infoHash: torrents[0]?.infoHash,
    interrupt: console.interrupt,
  });
  const terminal = format === 'table' ? console.out : console.err;
  const live = format === 'table' && console.out.live;
  if (live) {
    // As they come, without the advice: that stands in the report.
    examination.onFinding = (finding) => {
      for (const line of findingLines({ ...finding, advice: '' }, console.out.columns))
        console.out.line(...line);
    };
  }
  await warmUp(url.scheme);
  await examine(examination, (step) => terminal.redraw([[{ text: `examining: ${step} ...`, style: 'dim' }]]));
  terminal.clearLive();
  if (live) console.out.line('');
  const report = createReport(url, startedAt, examination);
  if (format === 'table') {
    for (const line of doctorLines(report, console.out.columns, { shown: live })) console.out.line(...line);
  } else await console.write(`${formatJson(report, format === 'json' ? 2 : 0)}\n`);
  const { fail, warn } = report.summary;
  return fail > 0 || (options.strict === true && warn > 0) ? 1 : 0;
}

function createReport(url: TrackerUrl, startedAt: string, examination: Examination): DoctorReport {
  const { addresses, findings } = examination;
  return {
    url: url.text,
    started_at: startedAt,
    addresses,
    findings,
    summary: summarise(findings),
    grade: gradeOf(findings, addresses),
  };
}

type Step = [name: string, run: () => Promise<void>];

async function examine(examination: Examination, show: (step: string) => void): Promise<void> {
  const { url, options } = examination;
  let first: FirstAnswer[] = [];
  const beginning: Step[] = [
    ['name', () => checkName(examination)],
    ['name record', () => checkTrackerRecord(examination)],
    [
      'addresses',
      async () => {
        first = await checkAddresses(examination);
        judgeFirstAnswers(examination, first);
        judgeScopes(examination);
      },
    ],
  ];
  await runSteps(examination, beginning, show);
  const ending: Step[] = [];
  for (const endpoint of examination.onePerFamily) ending.push(...stepsAt(examination, endpoint));
  ending.push(['one swarm behind all addresses', () => checkSharedSwarm(examination)]);
  const [working] = examination.working;
  if (working) {
    ending.push(
      ['full scrape', () => checkFullScrape(examination, working)],
      ['other protocols', () => checkProtocols(examination, working)],
    );
  }
  await runSteps(examination, ending, show);
  if (options.interrupt.aborted) {
    examination.skip('interrupted', url.host, 'the examination was interrupted');
  }
}

function judgeFirstAnswers(examination: Examination, answers: readonly FirstAnswer[]): void {
  for (const { endpoint, certificate } of answers) {
    if (certificate) judgeCertificate(examination, endpoint.address, certificate);
  }
  const accepted = answers.find(({ answer }) => answer.failureReason === null);
  if (accepted) judgeInterval(examination, accepted);
  const [any] = answers;
  if (any) judgeRedirects(examination, any);
}

function stepsAt(examination: Examination, endpoint: Endpoint): Step[] {
  const at = endpoint.address;
  if (isWebSocket(examination.url)) {
    return [
      [`offer and answer, ${at}`, () => checkOffers(examination, endpoint)],
      [`offer_id, ${at}`, () => checkOfferId(examination, endpoint)],
      [`ping, ${at}`, () => checkPing(examination, endpoint)],
      [`event paused, ${at}`, () => checkPaused(examination, endpoint)],
      [`scrape, ${at}`, () => checkScrape(examination, endpoint)],
    ];
  }
  const steps: Step[] = [
    [`loss, ${at}`, () => checkLoss(examination, endpoint)],
    [`two-peer round trip, ${at}`, () => checkRoundTrip(examination, endpoint)],
    [`foreign address, ${at}`, () => checkForeignAddress(examination, endpoint)],
    [`port 0, ${at}`, () => checkPortZero(examination, endpoint)],
    [`event paused, ${at}`, () => checkPaused(examination, endpoint)],
    [`scrape, ${at}`, () => checkScrape(examination, endpoint)],
  ];
  if (examination.url.scheme !== 'udp') {
    steps.push([`peer lists, ${at}`, () => checkPeerForms(examination, endpoint)]);
    return steps;
  }
  const packets = new PacketMaker(examination.url, examination.createInfoHash());
  steps.push(
    [
      `connection_id, ${at}`,
      async () => {
        const connectionId = await checkConnect(examination, endpoint, packets);
        if (connectionId) await checkConnectionId(examination, endpoint, packets, connectionId);
      },
    ],
    [`options, ${at}`, () => checkUrlData(examination, endpoint, packets)],
    [`reflection, ${at}`, () => checkReflection(examination, endpoint, packets)],
  );
  return steps;
}

async function runSteps(
  examination: Examination,
  steps: Step[],
  show: (step: string) => void,
): Promise<void> {
  for (const [name, run] of steps) {
    if (examination.options.interrupt.aborted) return;
    show(name);
    try {
      await run();
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      const advice = 'it answered before: look for limits on the number of requests, or packet loss';
      examination.warn('incomplete', name, `could not be examined: ${error.message}`, advice);
    }
  }
}
