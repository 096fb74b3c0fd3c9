// A reporter for Node's test runner that keeps, as lines of JSON for `scripts/test.mjs`, what failed and how long each
// file took: among thousands of lines of TAP nobody finds the one that says `not ok`.
import { readFileSync } from 'node:fs';

/**
 * @typedef {{ file: string, name: string, error: string }} FailedTest
 * @typedef {{ file: string, milliseconds: number }} FileTime
 * @typedef {{ failed: FailedTest[], times: FileTime[] }} TestReport
 */

/**
 * A line for each failed test, without the suites around it, and at the end one for each file: its tests' time together.
 * @param {AsyncIterable<{ type: string, data: any }>} events
 */
export default async function* testReport(events) {
  /** @type {Map<string, number>} */ const times = new Map();
  /** The names of the suites that an event stands in, by nesting. @type {string[]} */ const path = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') path[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { details, file, name, nesting } = data;
    if (nesting === 0) times.set(file, (times.get(file) ?? 0) + details.duration_ms);
    if (type !== 'test:fail' || data.todo !== undefined || details.error?.failureType === 'subtestsFailed')
      continue;
    const names = [...path.slice(0, nesting), name];
    const error = details.error?.cause?.stack ?? details.error?.stack ?? details.error;
    yield line({ file, name: names.join(' › '), error: String(error).replace(/\n +at .*\(?node:.*/g, '') });
  }
  for (const [file, milliseconds] of times) yield line({ file, milliseconds });
}

/**
 * What the reporter wrote.
 * @param {string} file
 * @returns {TestReport}
 */
export function readTestReport(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const entries = lines.map((text) => JSON.parse(text));
  return {
    failed: entries.filter((entry) => 'error' in entry),
    times: entries.filter((entry) => 'milliseconds' in entry),
  };
}

/** @param {object} value */
function line(value) {
  return `${JSON.stringify(value)}\n`;
}
