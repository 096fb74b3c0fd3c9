// `npm run soak`: the long form of every fault suite, and the table of their figures in docs/reliability.md.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Figures, measure } from './figures.ts';
import { formatReliability } from './reliability-page.ts';
import { suites } from './suites.ts';

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const seed = Number(process.argv.find((word) => word.startsWith('--seed='))?.slice(7) ?? 1);
const long = !process.argv.includes('--short');
const page = fileURLToPath(new URL('../../../docs/reliability.md', import.meta.url));

const rows: Figures[] = [];
let failed = false;
for (const suite of suites) {
  if (words.length > 0 && !words.some((word) => suite.fault.includes(word))) continue;
  if (suite.skip) {
    console.error(`caracal: skipped: ${suite.fault} (${suite.skip})`);
    continue;
  }
  const { figures, broken } = await measure(suite, { seed, long });
  rows.push(figures);
  for (const line of broken) console.error(`caracal: ${suite.fault}: ${line}`);
  failed ||= broken.length > 0;
}
// A part of the suites is no table.
if (words.length === 0) {
  const machine = `Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} processors`;
  writeFileSync(
    page,
    formatReliability(rows, { long, seed, machine, day: new Date().toISOString().slice(0, 10) }),
  );
}
process.exit(failed ? 1 : 0);
