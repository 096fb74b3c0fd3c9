// `npm run bench https`: TLS handshakes (ECDSA P-256) with one stream worker and with two, full and resumed, and what a flood of
// them does to UDP.
//
// The load generator shares the cores, so what is compared is handshakes a second of the server's processor time and, beside it,
// handshakes a second of the clock.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { HttpsLoadResult } from './https-client.ts';
import { describeCommit, describeMachine, leftovers, urgent } from './machine.ts';
import { formatCount, formatMarkdownTable, formatTable, median } from './table.ts';
import { processorSeconds } from './thread-time.ts';
import { runProgram, withTracker } from './tracker-run.ts';
import type { LoadResult } from './udp-load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    generators: { type: 'string', default: '2' },
    save: { type: 'boolean', default: false },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const files = makeCertificate();

interface Measured {
  perSecond: number;
  perProcessorSecond: number;
  failed: number;
  resumed: number;
}

const cases = [
  { name: '1 stream worker, full', workers: 1, resume: false },
  { name: '2 stream workers, full', workers: 2, resume: false },
  { name: '2 stream workers, resumed', workers: 2, resume: true },
] as const;
const results = new Map<string, Measured[]>(cases.map(({ name }) => [name, []]));
const quiet: LoadResult[] = [];
const flooded: LoadResult[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const { name, workers, resume } of cases) {
    const measured = await withServer(workers, async ({ httpsPort, pid }) => {
      // What is compiled on the way counts to nobody.
      await handshakes(httpsPort, pid, resume, 1);
      return await handshakes(httpsPort, pid, resume);
    });
    results.get(name)!.push(measured);
    process.stderr.write(
      `round ${round}/${values.rounds}  ${name.padEnd(28)}${formatCount(measured.perSecond)} a second\n`,
    );
  }
  await withServer(2, async ({ httpsPort, udpPort, pid }) => {
    quiet.push(await udp(udpPort));
    const flood = handshakes(httpsPort, pid, false, Number(values.seconds) + 4, leftovers);
    flooded.push(await udp(udpPort));
    await flood;
  });
  process.stderr.write(
    `round ${round}/${values.rounds}  UDP p99 ${quiet.at(-1)!.p99Ms.toFixed(2)} ms quiet, ${flooded.at(-1)!.p99Ms.toFixed(2)} flooded\n`,
  );
}
report();
process.exit(0);

interface Server {
  httpsPort: number;
  udpPort: number;
  pid: number;
}

function withServer<T>(streamWorkers: number, use: (server: Server) => Promise<T>): Promise<T> {
  const ports = ['--http-port', '0', '--udp-port', 'any', '--https-port', 'any', ...files];
  const threads = ['--workers', '1', '--stream-workers', String(streamWorkers)];
  return withTracker([...ports, ...threads], ({ pid, portOf }) =>
    use({ httpsPort: portOf('HTTPS'), udpPort: portOf('UDP'), pid }),
  );
}

async function handshakes(
  port: number,
  pid: number,
  resume: boolean,
  seconds = Number(values.seconds),
  as = (words: string[]) => words,
): Promise<Measured> {
  const before = processorSeconds(pid);
  const options = ['--port', String(port), '--seconds', String(seconds), ...(resume ? ['--resume'] : [])];
  const loads = await Promise.all(
    Array.from({ length: Number(values.generators) }, () =>
      runProgram<HttpsLoadResult>('https-client.js', options, undefined, as),
    ),
  );
  const used = processorSeconds(pid) - before;
  const sum = (of: (load: HttpsLoadResult) => number) => loads.reduce((total, load) => total + of(load), 0);
  const connections = sum((load) => load.connections);
  return {
    perSecond: sum((load) => load.connections / load.seconds),
    perProcessorSecond: connections / used,
    failed: sum((load) => load.failed),
    resumed: sum((load) => load.resumed) / Math.max(1, connections),
  };
}

/** A light load, whose times tell of the server and not of its own queue. */
function udp(port: number): Promise<LoadResult> {
  const few = ['--sockets', '2', '--window', '1', '--torrents', '1000', '--peers', '5000', '--sleep'];
  const time = ['--seconds', values.seconds, '--fill-seconds', '1', '--warm-up', '1'];
  return runProgram('udp-load.js', ['--port', String(port), ...few, ...time], undefined, urgent);
}

function makeCertificate(): string[] {
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
    {
      stdio: 'ignore',
    },
  );
  return ['--cert', cert, '--key', key];
}

function report(): void {
  const head = ['handshakes', 'a second', 'a second of processor', 'resumed', 'failed'];
  const rows = [...results].map(([name, rounds]) => [
    name,
    formatCount(median(rounds.map(({ perSecond }) => perSecond))),
    formatCount(median(rounds.map(({ perProcessorSecond }) => perProcessorSecond))),
    `${Math.round(median(rounds.map(({ resumed }) => resumed)) * 100)} %`,
    String(rounds.reduce((sum, { failed }) => sum + failed, 0)),
  ]);
  const [one, two, resumed] = cases.map(({ name }) => results.get(name)!);
  const ratio = (of: Measured[], to: Measured[], what: 'perSecond' | 'perProcessorSecond') =>
    median(of.map((each, round) => each[what] / to[round][what]));
  const p99 = median(flooded.map((each, round) => each.p99Ms / quiet[round].p99Ms));
  const ratioHead = ['ratio', 'of the clock', 'of processor time', 'target'];
  const ratios = [
    // Processor time says what a handshake costs; as many of it are to be had with two threads as there are cores for them.
    [
      'two threads against one',
      ratio(two, one, 'perSecond'),
      2 * ratio(two, one, 'perProcessorSecond'),
      '1.7 x',
    ],
    [
      'resumed against full',
      ratio(resumed, two, 'perSecond'),
      ratio(resumed, two, 'perProcessorSecond'),
      '2 x',
    ],
  ].map(([name, clock, processor, target]) => [
    String(name),
    `${(clock as number).toFixed(2)} x`,
    `${(processor as number).toFixed(2)} x`,
    String(target),
  ]);
  ratios.push(['UDP p99, flooded against quiet', `${p99.toFixed(2)} x`, '–', '< 1.5 x']);
  const command = `npm run bench https -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '');
  const about = `${command}\ncommit ${describeCommit()}; ${describeMachine()}
${values.generators} load generators on the same cores, 16 connections each, one announce a connection; TLS 1.3, ECDSA P-256`;
  console.log(`\n${about}\n\n${formatTable(head, rows)}\n\n${formatTable(ratioHead, ratios)}`);
  if (!values.save) return;
  const folder = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const lines = about.split('\n').map((line) => `- ${line}`);
  const tables = [formatMarkdownTable(head, rows), formatMarkdownTable(ratioHead, ratios)];
  writeFileSync(
    join(folder, `${date}-https.md`),
    `# HTTPS, ${date}\n\n${lines.join('\n')}\n- Medians of ${values.rounds} rounds of ${values.seconds} s\n\n${tables.join('\n\n')}\n`,
  );
}
