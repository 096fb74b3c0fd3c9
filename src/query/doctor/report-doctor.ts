// Knows how a doctor's report looks to a person: the grade, addresses with their times, then the findings, worst first.

import type { StepName } from '../asking/effort.ts';
import { formatMs } from '../report/wording.ts';
import { padToWidth, wrapToWidth } from '../terminal/display-width.ts';
import { printable } from '../terminal/sanitise.ts';
import type { Line, Span, Style } from '../terminal/terminal.ts';
import type { AddressReport, DoctorReport, Finding, Grade, Verdict } from './finding.ts';

const verdictStyles: Record<Verdict, Style> = { pass: 'good', warn: 'warning', fail: 'bad', skip: 'dim' };
const worstFirst: readonly Verdict[] = ['fail', 'warn', 'skip', 'pass'];
const indent = 6;

/** `shown`: the passes and skips were shown while they were found. */
export function doctorLines(report: DoctorReport, columns: number, { shown = false } = {}): Line[] {
  const lines: Line[] = [[{ text: report.url, style: 'bold' }], ['']];
  const longest = Math.max(...report.addresses.map(({ address }) => address.length));
  const answer = report.url.startsWith('udp:') ? 'announce' : 'first byte';
  for (const address of report.addresses) lines.push(...addressLines(address, longest, answer, columns));
  if (report.addresses.length > 0) lines.push(['']);
  for (const verdict of worstFirst) {
    if (shown && (verdict === 'pass' || verdict === 'skip')) continue;
    for (const finding of report.findings) {
      if (finding.verdict === verdict) lines.push(...findingLines(finding, columns));
    }
  }
  if (lines.at(-1)?.[0] !== '') lines.push(['']);
  return [...lines, summaryLine(report), gradeLine(report.grade), ...explainedLines(report)];
}

/** One line, or where the window is too narrow for it the times on a second. */
function addressLines(report: AddressReport, longest: number, answer: StepName, columns: number): Line[] {
  const { address, family, answered, dns_ms, connect_ms, tls_ms, answer_ms, error } = report;
  const steps: [StepName, number | null][] = [
    ['DNS', dns_ms],
    ['connect', connect_ms],
    ['TLS', tls_ms],
    [answer, answer_ms],
  ];
  const times = steps.flatMap(([name, ms]) => (ms === null ? [] : [`${name} ${formatMs(ms)}`])).join('  ');
  const head = `${padToWidth(address, longest)}  IPv${family}  `;
  if (error !== null) return [[head, { text: 'no answer', style: 'bad' }]];
  if (!answered && times === '') return [[head, { text: 'not tried', style: 'dim' }]];
  const rest = [times, ...lossSpans(report)];
  const width = rest.reduce((sum, span) => sum + (typeof span === 'string' ? span : span.text).length, 0);
  return head.length + width < columns ? [[head, ...rest]] : [[head.trimEnd()], ['  ', ...rest]];
}

function lossSpans({ loss }: AddressReport): Span[] {
  if (loss === null) return [];
  const text = `${loss.lost} of ${loss.sent}`;
  return ['  lost ', loss.lost > 0 ? { text, style: 'warning' } : text];
}

/** One finding with its advice, wrapped to the window. */
export function findingLines(finding: Finding, columns: number): Line[] {
  const { id, verdict, subject, message, advice } = finding;
  const width = Math.max(columns - indent - 1, 30);
  const [first = '', ...rest] = wrapToWidth(printable(`${subject}: ${message} [${id}]`), width);
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

const gradeStyles: Record<string, Style> = { A: 'good', B: 'good', C: 'warning', D: 'warning' };

function gradeLine({ letter, reasons }: Grade): Line {
  if (letter === null) return ['Grade: none, for nothing more could be examined from here'];
  const grade: Line = ['Grade: ', { text: letter, style: gradeStyles[letter] ?? 'bad' }];
  if (reasons.length === 0) return grade;
  return [...grade, ` (for the ${reasons.length === 1 ? 'reason' : `${reasons.length} reasons`} above)`];
}

function explainedLines({ findings }: DoctorReport): Line[] {
  const open = findings.some(({ verdict }) => verdict === 'fail' || verdict === 'warn');
  return open ? [[{ text: 'Each [name] is explained in docs/findings.md.', style: 'dim' }]] : [];
}
