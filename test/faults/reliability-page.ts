// What docs/reliability.md says: what is promised, how it is shown, and the figures of the last run.
import type { Figures } from './figures.ts';

export interface RunDescription {
  long: boolean;
  seed: number;
  machine: string;
  /** YYYY-MM-DD. */
  day: string;
}

const notFigures = ['fault', 'seed', 'seconds'];

const findingsHeading = '## What a hostile reading found\n';
const figuresHeading = '## Figures\n';

/**
 * The part of a page that people write, with its heading.
 * @throws Error when the page has none: it would be lost
 */
export function findingsIn(page: string): string {
  const from = page.indexOf(findingsHeading);
  const to = page.indexOf(figuresHeading);
  if (from < 0 || to < from) throw new Error('docs/reliability.md has lost the part that people write');
  return page.slice(from, to);
}

/** `problems`: what was broken or not run, a sentence each; `findings`: as `findingsIn` the earlier page. */
export function formatReliability(
  rows: readonly Figures[],
  problems: readonly string[],
  run: RunDescription,
  findings: string,
): string {
  const form = run.long ? 'the long form (`npm run soak`)' : 'the short form (`npm run soak -- --short`)';
  const table = rows.map((row) => {
    const figures = Object.entries(row)
      .filter(([name]) => !notFigures.includes(name))
      .map(([name, value]) => `${name} ${value.toLocaleString('en')}`);
    return `| ${row.fault} | ${row.seconds} s | ${figures.join(' · ')} |`;
  });
  const verdict =
    problems.length === 0 ? '' : `\nOutside its limits:\n\n${problems.map((line) => `- ${line}\n`).join('')}`;
  return `# Reliability

What the tracker goes through in the fault suites (\`test/faults/\`), and what came of it. Each suite starts real
trackers, breaks something and counts. A client keeps a ledger of every announce that was acknowledged and asks for
everybody again after the fault: **lost** are peers that were acknowledged and are not handed out (after \`kill -9\`:
those acknowledged before the last snapshot), **ghost** are peers handed out that had stopped or never were, **failed**
are announces that got no answer after the client's ordinary retries. All three are to be 0; so are exceptions, hangs
and damage that goes unnoticed.

Short forms run with \`npm test\`, \`npm run soak\` runs the long ones and writes this table; \`--seed=N\` changes the
order of events, and \`--only=WORD\` runs the suites whose name holds it. Each prints one line of JSON. Memory is in
MiB, \`p99\` the time that 99 of 100 announces took no longer than, \`quiet\` the same without the fault.

${findings}${figuresHeading}
| fault | took | figures |
|---|---|---|
${table.join('\n')}

Figures of ${run.day}, ${form}, seed ${run.seed}: ${run.machine}.
Times in ms are the longest that any client waited, and depend on the machine and on what else runs on it. In a restart
**gapMs** is the longest time in which a client that asks every 20 ms over UDP, or one over HTTP, got no answer, and
**stoppedMs** how long it was from the old tracker's last answer to the new one's open sockets. By \`--takeover\`, or
SIGUSR2, the gap does not grow with the peers: they are copied before it. A restart by systemd saves, starts and loads in
the gap. \`npm run soak -- takeover --peers 1000000 --restarts 20\` measures other sizes.
${verdict}`;
}
