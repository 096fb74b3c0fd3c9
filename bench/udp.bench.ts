// `npm run bench udp`: UDP announces, scrapes and connects, one core against one core, ours against the others.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { canPin, describeCommit, describeMachine } from './machine.ts';
import { formatCount, formatMarkdownTable, formatTable } from './table.ts';
import type { LoadResult } from './udp-load.ts';
import { ratioHead, ratioRows, resultHead, resultRows } from './udp-report.ts';
import { measure } from './udp-run.ts';
import { findServers } from './udp-servers.ts';
import { createWorkload } from './workload.ts';

const usage = `npm run bench udp -- [options, each as --name=value]
  --seconds=3        measured time for each server in each round
  --rounds=3         rounds; in each, every server runs once
  --only=TEXT        only servers whose name contains one of these words, separated by commas
  --torrents=10000 --peers=100000 --numwant=50 --seed=1
  --fill-seconds=10         at most for all peers to announce once before the measured time
  --sockets=8 --window=16   sockets of the load generator, and requests under way on each
  --no-segments      send every request as a datagram of its own (slower load generator)
  --server-args=...  more options for our own tracker, separated by spaces
  --json             print everything as JSON instead of a table
  --save             also write docs/benchmarks/<date>-udp.md`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    torrents: { type: 'string', default: '10000' },
    peers: { type: 'string', default: '100000' },
    numwant: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    'fill-seconds': { type: 'string', default: '10' },
    sockets: { type: 'string', default: '8' },
    window: { type: 'string', default: '16' },
    'no-segments': { type: 'boolean', default: false },
    'server-args': { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const { torrents, peers, numwant, seed, sockets, window } = values;
const workload = createWorkload(Number(seed), Number(torrents), Number(peers), Number(sockets));
const extra = values['server-args'].split(' ').filter((word) => word !== '');
const wanted = values.only.split(',');
const loadOptions = Object.entries({
  torrents,
  peers,
  numwant,
  seed,
  sockets,
  window,
  seconds: values.seconds,
  'fill-seconds': values['fill-seconds'],
})
  .flatMap(([name, value]) => [`--${name}`, value])
  .concat(values['no-segments'] ? ['--no-segments'] : []);

const servers = findServers(workload, Number(numwant), extra).filter(
  ({ name }) => values.only === '' || wanted.some((word) => name.includes(word)),
);
for (const { name, missing } of servers) if (missing) console.error(`left out: ${name}: ${missing}`);
if (!canPin()) console.error('not pinned to cores: it takes two cores and taskset');

let present = servers.filter(({ missing }) => !missing);
const results = new Map<string, LoadResult[]>(present.map(({ name }) => [name, []]));
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const server of present) {
    process.stderr.write(`round ${round}/${values.rounds}  ${server.name.padEnd(20)} `);
    try {
      const result = await measure(server, loadOptions);
      results.get(server.name)!.push(result);
      process.stderr.write(`${formatCount(result.answersPerSecond).padStart(8)} answers/s\n`);
    } catch (error) {
      process.stderr.write(`left out: ${error instanceof Error ? error.message : error}\n`);
      results.delete(server.name);
      present = present.filter((other) => other !== server);
    }
  }
}
if (results.size === 0) process.exit(1);

const command = `npm run bench udp -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '');
const about = { commit: describeCommit(), machine: describeMachine(), command };
const note = `${torrents} torrents, ${peers} peers, numwant ${numwant}; server and load generator on one core each`;
const ratios = ratioRows(results);
if (values.json) {
  console.log(JSON.stringify({ ...about, loadOptions, results: Object.fromEntries(results) }, undefined, 2));
} else {
  console.log(`\n${about.command}\ncommit ${about.commit}; ${about.machine}\n${note}\n`);
  console.log(formatTable(resultHead, resultRows(results)));
  if (ratios.length > 0) console.log(`\n${formatTable(ratioHead, ratios)}`);
}
if (values.save) save();

function save(): void {
  const directory = fileURLToPath(new URL('../../docs/benchmarks/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${new Date().toISOString().slice(0, 10)}-udp.md`);
  const text = `# UDP, ${new Date().toISOString().slice(0, 10)}

- Command: \`${about.command}\`
- Commit: ${about.commit}
- Machine: ${about.machine}
- Load: ${note}; medians of ${values.rounds} interleaved rounds of ${values.seconds} s

${formatMarkdownTable(resultHead, resultRows(results))}

${ratios.length > 0 ? `${formatMarkdownTable(ratioHead, ratios)}\n` : ''}`;
  writeFileSync(file, text);
  console.error(`written: ${file}`);
}
