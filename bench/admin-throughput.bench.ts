// `npm run bench admin`: what an open dashboard takes from the UDP throughput of a tracker that holds 10 million peers.
//
// One tracker, one load, and a dashboard that is opened and closed again every few seconds. Each stretch with it is
// compared with the one beside it without, because machines drift by more than a dashboard costs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { saveSnapshot } from '../src/server/storage/snapshot-file.ts';
import { openDashboard } from './dashboard-client.ts';
import { createFilledStore } from './filled-store.ts';
import { describeCommit, describeMachine, pinned, pinSelf } from './machine.ts';
import { medianInterval } from './paired-median.ts';
import { formatCount, formatTable, median } from './table.ts';
import { sideTime, threadTimes } from './thread-time.ts';
import type { LoadResult } from './udp-load.ts';
import { createWorkload } from './workload.ts';

const { values } = parseArgs({
  options: {
    peers: { type: 'string' },
    pairs: { type: 'string' },
    'window-ms': { type: 'string', default: '2500' },
    quick: { type: 'boolean', default: false },
  },
});
const peers = Number(values.peers ?? (values.quick ? 1_000_000 : 10_000_000));
const pairs = Number(values.pairs ?? (values.quick ? 8 : 36));
const windowMs = Number(values['window-ms']);
const torrents = peers / 10;
const sockets = 8;
const memoryLimit = '1GiB';

const directory = mkdtempSync(join(tmpdir(), 'caracal-bench-'));
const children: ChildProcess[] = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});
process.once('SIGINT', () => process.exit(130));

const machine = describeMachine();
writeSnapshot();
const { url, udpPort, pid } = await startTracker();
const load = startLoad(udpPort, pid);
// Looking costs the machine from which one looks; here the generator's core, which has time to spare.
pinSelf(1);
await load.begun;
await pause(3000);
/** Seconds' figures that each open dashboard was shown. */
const events: number[] = [];
const differences: number[] = [];
const closedRates: number[] = [];
const openRates: number[] = [];
const stretches: { open: Stretch; closed: Stretch }[] = [];
for (let pair = 0; pair < pairs; pair++) {
  // Now one first, now the other, so that a drift cancels out.
  const openFirst = pair % 2 === 0;
  const first = await watchFor(openFirst);
  const second = await watchFor(!openFirst);
  stretches.push(openFirst ? { open: first, closed: second } : { open: second, closed: first });
}
const result = await load.result;
for (const { open, closed } of stretches) {
  const [openRate, closedRate] = [load.rateIn(open), load.rateIn(closed)];
  openRates.push(openRate);
  closedRates.push(closedRate);
  differences.push((1 - openRate / closedRate) * 100);
}
report();
process.exit(0);

interface Stretch {
  from: number;
  to: number;
  /** Share of a core that all threads used but the one that answers UDP. */
  side: number;
}

function writeSnapshot(): void {
  const workload = createWorkload(1, torrents, peers, sockets);
  saveSnapshot(createFilledStore(workload, sockets, 2 ** 30), directory);
}

async function startTracker() {
  const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
  const options = [
    ...['--host', '127.0.0.1', '--http-port', '0', '--udp-port', 'any', '--workers', '1'],
    ...['--admin-port', 'any', '--data-dir', directory, '--memory-limit', memoryLimit],
    // Saving would fall into some stretches and not into others.
    ...['--snapshot-interval', '604800'],
  ];
  const child = start(pinned(0, [process.execPath, main, ...options]));
  let log = '';
  child.stdout!.on('data', (piece) => {
    log += piece;
  });
  const limit = performance.now() + 60_000;
  while (!/Tracker running/.test(log)) {
    if (child.exitCode !== null || performance.now() > limit) throw new Error(`no tracker: ${log}`);
    await pause(50);
  }
  if (!log.includes(`Loaded ${peers} peers`)) throw new Error(`the peers did not come back: ${log}`);
  const udp = /UDP tracker listening on 127\.0\.0\.1:(\d+)/.exec(log);
  const admin = /Admin listening on (http:\S+?)\/?$/m.exec(log);
  return { url: admin![1], udpPort: udp![1], pid: child.pid! };
}

function startLoad(port: string, serverPid: number) {
  const program = fileURLToPath(new URL('udp-load.js', import.meta.url));
  const options = {
    port,
    'server-pid': serverPid,
    // On a busy machine a stretch takes longer than it should.
    seconds: ((2 * pairs * (windowMs + 50)) / 1000) * 1.15 + 8,
    'warm-up': 0,
    'fill-seconds': 0,
    torrents,
    peers,
    sockets,
    // Enough under way for the tracker to go on while the generator's core does something else.
    window: 64,
    'report-ms': 100,
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = start(pinned(1, [process.execPath, program, ...words]));
  const times: number[] = [];
  const answers: number[] = [];
  let rest = '';
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  child.stdout!.on('data', (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const [time, count] = line.split(' ').map(Number);
      if (count === undefined) rest = line;
      else {
        times.push(time);
        answers.push(count);
      }
    }
    begin();
  });
  const result = once(child, 'close').then(() => JSON.parse(rest) as LoadResult);
  /** Answers until a moment, between two reports in proportion. */
  const until = (at: number) => {
    const next = times.findIndex((time) => time >= at);
    if (next < 1) throw new Error('the load generator ended too early: the machine is too busy to measure');
    const share = (at - times[next - 1]) / (times[next] - times[next - 1]);
    return answers[next - 1] + share * (answers[next] - answers[next - 1]);
  };
  const rateIn = ({ from, to }: Stretch) => ((until(to) - until(from)) / (to - from)) * 1000;
  return { begun, result, rateIn };
}

function start([command, ...args]: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function watchFor(open: boolean): Promise<Stretch> {
  const before = threadTimes(pid);
  const from = Date.now();
  const dashboard = open ? openDashboard(url, (error) => fail(error)) : undefined;
  await pause(windowMs);
  if (dashboard !== undefined) events.push(dashboard.events);
  dashboard?.close();
  const to = Date.now();
  const side = sideTime(before, threadTimes(pid)) / (to - from);
  await pause(50);
  return { from, to, side };
}

function fail(error: unknown): never {
  console.error('the dashboard did not get what it asked for:', error);
  process.exit(1);
}

function report(): void {
  const { median: cost, from, to, certainty } = medianInterval(differences);
  console.log(`\nWhat an open dashboard takes from UDP (${machine}, commit ${describeCommit()})`);
  console.log(
    `${formatCount(peers)} peers, one worker; ${pairs} pairs of ${windowMs / 1000} s with and without\n`,
  );
  const percent = (value: number) => `${value.toFixed(2)} %`;
  console.log(
    formatTable(
      [
        ...['answers/s closed', 'open', 'cost, median', `${(certainty * 100).toFixed(0)} % interval`],
        ...['other threads closed', 'open', 'load busy'],
      ],
      [
        [
          formatCount(median(closedRates)),
          formatCount(median(openRates)),
          percent(cost),
          `${percent(from)} to ${percent(to)}`,
          ...(['closed', 'open'] as const).map((arm) =>
            percent(median(stretches.map((both) => both[arm].side)) * 100),
          ),
          percent(result.loadBusy * 100),
        ],
      ],
    ),
  );
  const blind = events.filter((shown) => shown === 0).length;
  if (blind > 0)
    console.log(`${blind} of ${pairs} dashboards were shown nothing in time: the machine is busy`);
  const { lost, errors, nonsense } = result.counts;
  if (lost + errors + nonsense > 0) console.log(`lost ${lost}, errors ${errors}, nonsense ${nonsense}`);
}
