// Knows what the doctor can find: a verdict on one subject, in one sentence, and what to do about it.

export type Verdict = 'pass' | 'warn' | 'fail' | 'skip';

export interface Finding {
  /** Which check; stable, for programs. */
  id: string;
  verdict: Verdict;
  /** What was looked at: an address, a URL, a name. */
  subject: string;
  /** One sentence: what was seen. */
  message: string;
  /** What to do; empty where there is nothing to do. */
  advice: string;
}

export interface AddressReport {
  address: string;
  family: 4 | 6;
  answered: boolean;
  /** Milliseconds; null where it did not come to that, or where the protocol has no such step. */
  connect_ms: number | null;
  tls_ms: number | null;
  answer_ms: number | null;
  error: string | null;
}

export interface DoctorReport {
  url: string;
  /** ISO 8601. */
  started_at: string;
  addresses: AddressReport[];
  findings: Finding[];
  summary: Record<Verdict, number>;
}

export function summarise(findings: readonly Finding[]): Record<Verdict, number> {
  const summary = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { verdict } of findings) summary[verdict]++;
  return summary;
}
