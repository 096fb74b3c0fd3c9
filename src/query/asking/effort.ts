// Knows what a question cost: the steps on the way to its answer with their times, and how much of what was sent had no answer.

/** A step on the way to an answer. */
export type StepName = 'DNS' | 'connect' | 'TLS' | 'upgrade' | 'first byte' | 'announce' | 'scrape';

/** A step, and how long it took. */
export interface TimedStep {
  /** Which step. */
  name: StepName;
  /** Milliseconds. */
  ms: number;
}

/** What was sent, in packets (each one that was sent again too) or in whole requests, and what of it had no answer in time. */
export interface Loss {
  unit: 'packet' | 'request';
  sent: number;
  lost: number;
}

export function addLoss(sum: Loss, more: Loss): Loss {
  return { unit: sum.unit, sent: sum.sent + more.sent, lost: sum.lost + more.lost };
}

/** Times the steps of one question as they are made. */
export class Stopwatch {
  readonly steps: TimedStep[] = [];

  /** A step that fails is not listed. */
  async time<T>(name: StepName, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const value = await work();
    this.steps.push({ name, ms: performance.now() - startedMs });
    return value;
  }
}
