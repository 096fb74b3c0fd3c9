// `npm run bench beside`: what good clients wait for their answers beside thousands of slow connections, of idle WebSockets,
// hostile WebTorrent clients and a flood of HTTP requests; one worker on one core, all others on another.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatPaths } from './http-paths.ts';
import { parseWrk, wrkMissing, wrkWords } from './http-run.ts';
import { describeCommit, describeMachine, leftovers, pinned, urgent } from './machine.ts';
import { formatCount, formatTable, median } from './table.ts';
import { endProgram, printed, runProgram, startProgram, withTracker } from './tracker-run.ts';
import type { LoadResult } from './udp-load.ts';
import { createWorkload } from './workload.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    slow: { type: 'string', default: '10000' },
    webSockets: { type: 'string', default: '20000' },
    /** Only scenes whose name contains one of these words, separated by commas. */
    only: { type: 'string', default: '' },
  },
});

const missing = wrkMissing();
if (missing) {
  console.error(`beside: left out: ${missing}`);
  process.exit(0);
}
/** What a tracker holds of WebSockets: seven eighths of its connections, which are nine tenths of its descriptors. */
const hardLimit =
  Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || Number.POSITIVE_INFINITY;
const most = Math.floor(hardLimit * 0.9 * 0.875) - 500;
const held = (wanted: string) => String(Math.min(Number(wanted), most));
if (most < Number(values.webSockets))
  console.error(`no more than ${most} connections: ulimit -Hn is ${hardLimit}`);
const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
const paths = join(directory, 'paths');
writeFileSync(paths, `${formatPaths(createWorkload(1, 1000, 5000), 50).join('\n')}\n`);

/** Clients of hostile-webtorrent.ts. */
const hostile = 20;

interface Waits {
  readonly udpMs: number;
  readonly httpMs: number;
  readonly beside: number;
}

/** Of hostile-webtorrent.ts. */
const manners = [
  ...['ten megabytes', 'ten thousand offers', 'a byte a frame'],
  ...['reading nothing', 'answering everybody', 'stealing peer_ids'],
];
const scenes = ['nothing', 'slow HTTP connections', 'idle WebSockets', ...manners, 'a flood of HTTP'].filter(
  (scene) => scene === 'nothing' || values.only.split(',').some((word) => scene.includes(word)),
);
const found = new Map<string, Waits[]>(scenes.map((scene) => [scene, []]));
const options = ['--http-port', 'any', '--udp-port', 'any', '--workers', '1', '--rate-limit', 'off'];
for (let round = 1; round <= Number(values.rounds); round++) {
  await withTracker(
    options,
    async ({ portOf }) => {
      const [http, udp] = [portOf('HTTP'), portOf('UDP')];
      // Code that is compiled just now is nobody's quiet.
      await waits(http, udp);
      note(round, 'nothing', { ...(await waits(http, udp)), beside: 0 });
      const [slow, idle] = [held(values.slow), held(values.webSockets)];
      const loads: [scene: string, program: string, words: string[], beside: number][] = [
        ['slow HTTP connections', 'slow-connections.js', ['--count', slow], Number(slow)],
        ['idle WebSockets', 'slow-connections.js', ['--count', idle, '--webtorrent'], Number(idle)],
        ...manners.map((manner): (typeof loads)[number] => [
          manner,
          'hostile-webtorrent.js',
          ['--manner', manner],
          hostile,
        ]),
      ];
      for (const [scene, program, words, beside] of loads.filter(([scene]) => found.has(scene))) {
        const load = startProgram(program, ['--port', String(http), ...words], 1, leftovers);
        await printed(load, 'OPEN');
        note(round, scene, { ...(await waits(http, udp)), beside });
        await endProgram(load);
      }
      if (!found.has('a flood of HTTP')) return;
      // It stands for other machines.
      const flood = wrk(http, 64, Number(values.seconds) + 4, leftovers);
      const { p99Ms } = await udpWaits(udp);
      const { requestsPerSecond } = await flood;
      note(round, 'a flood of HTTP', { udpMs: p99Ms, httpMs: Number.NaN, beside: requestsPerSecond });
    },
    0,
  );
}

const quiet = found.get('nothing')!;
const ratio = (scene: string, of: 'udpMs' | 'httpMs') =>
  median(found.get(scene)!.map((one, round) => one[of] / quiet[round][of]));
const rows = scenes.map((scene) => {
  const all = found.get(scene)!;
  const times = (of: 'udpMs' | 'httpMs') =>
    Number.isNaN(all[0][of])
      ? ['–', '–']
      : [median(all.map((one) => one[of])).toFixed(2), `${ratio(scene, of).toFixed(2)} x`];
  return [scene, formatCount(median(all.map(({ beside }) => beside))), ...times('udpMs'), ...times('httpMs')];
});
console.log(`commit ${describeCommit()}; ${describeMachine()}
one worker on one core, all loads on another; p99 of UDP with 2 requests under way and of HTTP with 4, medians of ${values.rounds} rounds\n`);
console.log(formatTable(['beside', 'how many', 'UDP p99 ms', 'to quiet', 'HTTP p99 ms', 'to quiet'], rows));
process.exit(0);

function note(round: number, scene: string, waits: Waits): void {
  found.get(scene)!.push(waits);
  process.stderr.write(
    `round ${round}/${values.rounds}  ${scene.padEnd(24)} UDP p99 ${waits.udpMs.toFixed(2)} ms, HTTP p99 ${waits.httpMs.toFixed(2)} ms\n`,
  );
}

async function waits(http: number, udp: number): Promise<{ udpMs: number; httpMs: number }> {
  const { p99Ms: udpMs } = await udpWaits(udp);
  return { udpMs, httpMs: await httpWaits(http) };
}

async function httpWaits(port: number): Promise<number> {
  const words = ['--port', String(port), '--paths', paths, '--seconds', values.seconds];
  const { p99Ms } = await runProgram<{ p99Ms: number }>('http-waits.js', words, 1, urgent);
  return p99Ms;
}

/** A light load, whose times tell of the server and not of its own queue. */
function udpWaits(port: number): Promise<LoadResult> {
  const few = ['--sockets', '2', '--window', '1', '--torrents', '1000', '--peers', '5000', '--sleep'];
  const time = ['--seconds', values.seconds, '--fill-seconds', '1', '--warm-up', '1'];
  return runProgram('udp-load.js', ['--port', String(port), ...few, ...time], 1, urgent);
}

async function wrk(port: number, connections: number, seconds: number, as = (words: string[]) => words) {
  const words = wrkWords(port, { paths, seconds, connections, close: false });
  const [command, ...args] = pinned(1, as(words));
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  return parseWrk(output);
}
