// `npm run bench http`: announces over HTTP, connections kept and one a request, one core against one core.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatPaths } from './http-paths.ts';
import { type HttpResult, measureHttp, wrkMissing } from './http-run.ts';
import { findHttpServers, names } from './http-servers.ts';
import { canPin, describeCommit, describeMachine } from './machine.ts';
import { formatCount, formatMarkdownTable, formatTable, median, type Rows } from './table.ts';
import { createWorkload } from './workload.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    torrents: { type: 'string', default: '10000' },
    peers: { type: 'string', default: '100000' },
    numwant: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
    save: { type: 'boolean', default: false },
  },
});

/** What the tracker with one worker, over epoll or with --io-uring, must reach against another: requests a second, kept and one a request. */
const targets: readonly (readonly [name: string, kept: number | undefined, closed: number])[] = [
  [names.node, 4, 3],
  [names.responder, 0.75, 0.85],
  [names.opentracker, undefined, 1],
  [names.bittorrentTracker, 1, 1],
];

const missing = wrkMissing();
if (missing !== undefined) {
  console.error(`http: left out: ${missing}`);
  process.exit(0);
}
if (!canPin()) console.error('not pinned to cores: it takes two cores and taskset');

const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const workload = createWorkload(1, Number(values.torrents), Number(values.peers));
const paths = join(directory, 'paths');
writeFileSync(paths, `${formatPaths(workload, Number(values.numwant)).join('\n')}\n`);

const wanted = values.only.split(',');
const servers = findHttpServers(workload, Number(values.numwant)).filter(({ name, missing }) => {
  if (missing) console.error(`left out: ${name}: ${missing}`);
  return !missing && wanted.some((word) => name.includes(word));
});
const kept = new Map<string, HttpResult[]>();
const closed = new Map<string, HttpResult[]>();
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const [results, close] of [
    [kept, false],
    [closed, true],
  ] as const) {
    for (const server of servers.filter(({ keepsAlive }) => keepsAlive || close)) {
      const manner = close ? 'one a request' : 'kept';
      process.stderr.write(`round ${round}/${values.rounds}  ${manner.padEnd(14)}${server.name.padEnd(28)}`);
      const result = await measureHttp(server, {
        paths,
        close,
        seconds: Number(values.seconds),
        connections: Number(values.connections),
      });
      results.set(server.name, [...(results.get(server.name) ?? []), result]);
      process.stderr.write(`${formatCount(result.requestsPerSecond).padStart(8)} requests/s\n`);
    }
  }
}

/** Requests by second of the server's processor: the load's core is often the limit of requests/s. */
const perProcessorSecond = ({ requestsPerSecond, serverBusy }: HttpResult) => requestsPerSecond / serverBusy;
const head = [
  ...['server', 'connections', 'requests/s', 'lowest', 'highest', 'p99 ms', 'failed', 'server core'],
  'a processor second',
];
const rows = [...resultRows('kept', kept), ...resultRows('one a request', closed)];
const ratioHead = [
  ...['server', 'against', 'kept', 'a processor second', 'target'],
  ...['one a request', 'a processor second', 'target'],
];
const ratios = [names.workers, names.uring].flatMap(ratioRows);
const command = `npm run bench http -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '');
const about = `${command}\ncommit ${describeCommit()}; ${describeMachine()}
${values.torrents} torrents, ${values.peers} peers, numwant ${values.numwant}; ${values.connections} connections, server and wrk on one core each`;
console.log(`\n${about}\n\n${formatTable(head, rows)}\n\n${formatTable(ratioHead, ratios)}`);
if (values.save) save();

function resultRows(manner: string, results: ReadonlyMap<string, readonly HttpResult[]>): Rows {
  return [...results].map(([name, rounds]) => {
    const rates = rounds.map((result) => result.requestsPerSecond);
    return [
      name,
      manner,
      formatCount(median(rates)),
      formatCount(Math.min(...rates)),
      formatCount(Math.max(...rates)),
      median(rounds.map((result) => result.p99Ms)).toFixed(2),
      String(rounds.reduce((sum, result) => sum + result.failed, 0)),
      `${Math.round(median(rounds.map((result) => result.serverBusy)) * 100)} %`,
      formatCount(median(rounds.map(perProcessorSecond))),
    ];
  });
}

/** Medians of the ratios of servers in the same round. */
function ratioRows(own: string): Rows {
  const ratios = (results: ReadonlyMap<string, readonly HttpResult[]>, name: string) => {
    const ours = results.get(own);
    const theirs = results.get(name);
    if (!ours || !theirs) return ['–', '–'];
    return [({ requestsPerSecond }: HttpResult) => requestsPerSecond, perProcessorSecond].map((of) => {
      const all = ours.map((result, round) => of(result) / of(theirs[round]));
      return `${median(all).toFixed(2)} x`;
    });
  };
  return targets.map(([name, wantedKept, wantedClosed]) => [
    own,
    name,
    ...ratios(kept, name),
    wantedKept === undefined ? '–' : `${wantedKept} x`,
    ...ratios(closed, name),
    `${wantedClosed} x`,
  ]);
}

function save(): void {
  const folder = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const lines = about.split('\n').map((line) => `- ${line}`);
  const tables = [formatMarkdownTable(head, rows), formatMarkdownTable(ratioHead, ratios)];
  const text = `# HTTP, ${date}\n\n${lines.join('\n')}\n- Medians of ${values.rounds} interleaved rounds of ${values.seconds} s\n\n${tables.join('\n\n')}\n`;
  writeFileSync(join(folder, `${date}-http.md`), text);
}
