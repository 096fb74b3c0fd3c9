// Knows how findings become a grade: what hurts most decides, as a chain is as strong as its weakest link.
import type { AddressReport, Finding, FindingId, Grade } from './finding.ts';

type Letter = NonNullable<Grade['letter']>;

/** The best grade that a failed check still allows; what is not named here allows D. */
const worst: Partial<Record<FindingId, Letter>> = {
  // It does not do what a tracker is for.
  'round-trip': 'F',
  'peer-address': 'F',
  'foreign-address': 'F',
  // It harms others, or clients turn away.
  reflection: 'E',
  'connection-id': 'E',
  'connection-id-address': 'E',
  'tls-chain': 'E',
  'tls-name': 'E',
  'tls-days': 'E',
  'http-status': 'E',
};

const order: readonly Letter[] = ['A', 'B', 'C', 'D', 'E', 'F'];

/** More warnings than this are a C. */
const manyWarnings = 2;

/** A: nothing to say. B: some warnings. C: many. D: a check failed. E: harm. F: it does not work as a tracker. */
export function gradeOf(findings: readonly Finding[], addresses: readonly AddressReport[]): Grade {
  const failed = findings.filter(({ verdict }) => verdict === 'fail');
  const warned = findings.filter(({ verdict }) => verdict === 'warn');
  if (!addresses.some(({ answered }) => answered)) {
    const [refused] = warned.filter(({ id }) => id === 'refused');
    const nothingTried = failed.length > 0 && failed.every(({ id }) => id === 'own-network');
    if (nothingTried || (failed.length === 0 && refused)) {
      return { letter: null, reasons: [refused?.message ?? 'nothing could be examined from here'] };
    }
    return { letter: 'F', reasons: failed.map(reasonOf) };
  }
  const letters = failed.map(({ id }): Letter => worst[id] ?? 'D');
  if (warned.length > 0) letters.push(warned.length > manyWarnings ? 'C' : 'B');
  const letter = letters.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), 'A');
  const reasons = [
    ...failed.filter(({ id }) => (worst[id] ?? 'D') === letter).map(reasonOf),
    ...(failed.length === 0 ? warned.map(reasonOf) : []),
  ];
  return { letter, reasons: [...new Set(reasons)] };
}

function reasonOf({ subject, message }: Finding): string {
  return `${subject}: ${message}`;
}
