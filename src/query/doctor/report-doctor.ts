// Knows how a doctor's report looks to a person: addresses with their times, then every finding with its advice.

import { formatMs } from '../report/wording.ts';
import { padToWidth, wrapToWidth } from '../terminal/display-width.ts';
import { printable } from '../terminal/sanitise.ts';
import type { Line, Span, Style } from '../terminal/terminal.ts';
import type { AddressReport, DoctorReport, Finding, Verdict } from './finding.ts';

const verdictStyles: Record<Verdict, Style> = { pass: 'good', warn: 'warning', fail: 'bad', skip: 'dim' };
const indent = 6;

export function doctorLines(report: DoctorReport, columns: number): Line[] {
  const lines: Line[] = [[{ text: report.url, style: 'bold' }], ['']];
  const longest = Math.max(...report.addresses.map(({ address }) => address.length));
  for (const address of report.addresses) lines.push(addressLine(address, longest));
  if (report.addresses.length > 0) lines.push(['']);
  for (const finding of report.findings) lines.push(...findingLines(finding, columns));
  return [...lines, [''], summaryLine(report)];
}

function addressLine(report: AddressReport, columns: number): Line {
  const { address, family, connect_ms, tls_ms, answer_ms, error } = report;
  const steps: [string, number | null][] = [
    ['connect', connect_ms],
    ['TLS', tls_ms],
    ['answer', answer_ms],
  ];
  const times = steps.flatMap(([name, ms]) => (ms === null ? [] : [`${name} ${formatMs(ms)}`])).join('  ');
  const head = `${padToWidth(address, columns)}  IPv${family}  `;
  if (error !== null) return [head, { text: 'no answer', style: 'bad' }];
  return [head, times];
}

function findingLines(finding: Finding, columns: number): Line[] {
  const { verdict, subject, message, advice } = finding;
  const width = Math.max(columns - indent - 1, 30);
  const [first = '', ...rest] = wrapToWidth(printable(`${subject}: ${message}`), width);
  const label: Span = { text: padToWidth(verdict.toUpperCase(), indent), style: verdictStyles[verdict] };
  const lines: Line[] = [[label, dimmed(first, verdict)]];
  for (const line of rest) lines.push([' '.repeat(indent), dimmed(line, verdict)]);
  if (advice === '') return lines;
  const arrow = '\u2192 ';
  for (const [index, line] of wrapToWidth(printable(advice), width - arrow.length).entries()) {
    lines.push([' '.repeat(indent), { text: `${index === 0 ? arrow : '  '}${line}`, style: 'accent' }]);
  }
  return lines;
}

function dimmed(text: string, verdict: Verdict): Span {
  return verdict === 'skip' ? { text, style: 'dim' } : text;
}

function summaryLine({ summary }: DoctorReport): Line {
  const parts: [Verdict, string][] = [
    ['pass', 'passed'],
    ['warn', 'warnings'],
    ['fail', 'failed'],
    ['skip', 'skipped'],
  ];
  return parts.flatMap(([verdict, word], index): Span[] => {
    const text = `${summary[verdict]} ${verdict === 'warn' && summary.warn === 1 ? 'warning' : word}`;
    const span: Span =
      summary[verdict] > 0 ? { text, style: verdictStyles[verdict] } : { text, style: 'dim' };
    return index === 0 ? [span] : [', ', span];
  });
}
