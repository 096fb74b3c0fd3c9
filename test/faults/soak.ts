// `npm run soak`: the long form of every fault suite, and the table of their figures in docs/reliability.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type FaultSuite, type Figures, measure } from './figures.ts';
import { findingsIn, formatReliability } from './reliability-page.ts';
import { suites } from './suites.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Suites whose sentence holds it; as a plain word too. */
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    /** For the restarts: how many peers are carried over, and how often. */
    peers: { type: 'string' },
    restarts: { type: 'string' },
    /** For the nodes of a cluster: announces a second to each. */
    'per-second': { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const words = [...values.only, ...positionals].map((word) => word.toLowerCase());
const { peers, restarts, 'per-second': perSecond } = values;
const scale = {
  seed: Number(values.seed),
  long: !values.short,
  ...(peers === undefined ? {} : { peers: Number(peers) }),
  ...(restarts === undefined ? {} : { restarts: Number(restarts) }),
  ...(perSecond === undefined ? {} : { perSecond: Number(perSecond) }),
};
const page = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

const chosen = suites.filter(
  ({ fault }) => words.length === 0 || words.some((word) => fault.toLowerCase().includes(word)),
);
if (chosen.length === 0) {
  console.error(`caracal: no suite is called ${words.join(' or ')}; there are:`);
  for (const { fault } of suites) console.error(`  ${fault}`);
  process.exit(2);
}

// Before hours of work that could not be written down.
const findings = findingsIn(readFileSync(page, 'utf8'));
const rows: Figures[] = [];
const problems: string[] = [];
let failed = false;
const start = performance.now();
for (const [i, suite] of chosen.entries()) {
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.error(`caracal: ${i + 1} of ${chosen.length}, after ${minutes} min: ${suite.fault}`);
  await survive(suite);
}
for (const problem of problems) console.error(`caracal: ${problem}`);
// A part of the suites is no table.
if (words.length === 0) {
  const machine = `Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} processors`;
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(page, formatReliability(rows, problems, { ...scale, machine, day }, findings));
}
process.exit(failed ? 1 : 0);

/** However a suite ends, the next one has its turn. */
async function survive(suite: FaultSuite): Promise<void> {
  if (suite.skip) {
    problems.push(`not run: ${suite.fault} (${suite.skip})`);
    return;
  }
  try {
    const { figures, broken } = await measure(suite, scale);
    rows.push(figures);
    for (const line of broken) problems.push(`${suite.fault}: ${line}`);
    failed ||= broken.length > 0;
  } catch (error) {
    console.error(error);
    failed = true;
    problems.push(`${suite.fault}: did not come to an end`);
  }
}
