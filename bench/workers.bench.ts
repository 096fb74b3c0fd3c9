// `npm run bench workers`: what a second socket worker brings, with the load generator beside them on the same cores.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeCommit, describeMachine } from './machine.ts';
import { formatCount, formatTable, median } from './table.ts';
import type { LoadResult } from './udp-load.ts';
import { measure } from './udp-run.ts';
import { caracal } from './udp-servers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const loadOptions = ['--seconds', values.seconds, '--sockets', '16', '--sleep'];
const servers = [1, 2].map((workers) => caracal(`${workers} workers`, workers, []));
const missing = servers.find((server) => server.missing)?.missing;
if (missing) {
  console.error(`left out: ${missing}`);
  process.exit(1);
}

const results = new Map<string, LoadResult[]>(servers.map(({ name }) => [name, []]));
for (let round = 1; round <= rounds; round++) {
  for (const server of round % 2 === 0 ? [...servers].reverse() : servers) {
    process.stderr.write(`round ${round}/${rounds}  ${server.name} `);
    const result = await measure(server, loadOptions, false);
    results.get(server.name)!.push(result);
    process.stderr.write(`${formatCount(result.answersPerSecond).padStart(10)} answers/s\n`);
  }
}

const [one, two] = [...results.values()] as [LoadResult[], LoadResult[]];
console.log(`\ncommit ${describeCommit()}; ${describeMachine()}`);
console.log(`server and load generator share ${availableParallelism()} cores; medians of ${rounds} rounds\n`);
const head = ['', 'answers/s', 'lowest', 'highest', 'p99 ms', 'server cores', 'lost'];
const rows = [...results].map(([name, all]) => {
  const rates = all.map(({ answersPerSecond }) => answersPerSecond);
  return [
    name,
    formatCount(median(rates)),
    formatCount(Math.min(...rates)),
    formatCount(Math.max(...rates)),
    median(all.map(({ p99Ms }) => p99Ms)).toFixed(2),
    median(all.map(({ serverBusy }) => serverBusy)).toFixed(2),
    String(all.reduce((sum, { counts }) => sum + counts.lost, 0)),
  ];
});
console.log(formatTable(head, rows));
const ratio = median(two.map((result, round) => result.answersPerSecond / one[round].answersPerSecond));
console.log(`\ntwo workers against one: ${ratio.toFixed(2)} x (target: no slower, 1.0 x)`);
