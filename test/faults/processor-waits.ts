// For how long the machine let a tracker and its clients wait for a processor: time in which nobody could have answered.
//
// The kernel counts it for each thread (schedstat in /proc: ns run, ns on a run queue). Of waits of 300 to 800 ms beside reloads,
// on two processors that did other things too, it was nearly all: no thread of the tracker ran for more than 15 ms at a time.
import { readdirSync, readFileSync } from 'node:fs';

const everyMs = 25;

interface Sample {
  /** Milliseconds of performance.now(). */
  readonly at: number;
  /** Milliseconds on a run queue so far: of this thread, and of the tracker's by their numbers. */
  readonly own: number;
  readonly tracker: ReadonlyMap<string, number>;
}

export class ProcessorWaits {
  readonly #tasks: string;
  readonly #timer: NodeJS.Timeout;
  readonly #samples: Sample[] = [];

  /** Of the tracker with this process id, and of the thread that calls this. */
  constructor(pid: number) {
    this.#tasks = `/proc/${pid}/task`;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * Of the milliseconds since `from` (of performance.now(), a minute ago at most) how many this thread waited, and the one of
   * the tracker's that waited longest, together.
   */
  since(from: number): number {
    const last = this.#sample();
    const first = this.#samples.findLast(({ at }) => at <= from) ?? this.#samples[0];
    const waited = [...last.tracker].map(([thread, ms]) => ms - (first.tracker.get(thread) ?? ms));
    return last.own - first.own + Math.max(0, ...waited);
  }

  #sample(): Sample {
    const tracker = new Map<string, number>();
    for (const thread of threadsIn(this.#tasks)) {
      const ms = queuedMs(`${this.#tasks}/${thread}/schedstat`);
      if (ms !== undefined) tracker.set(thread, ms);
    }
    const sample = { at: performance.now(), own: queuedMs('/proc/thread-self/schedstat') ?? 0, tracker };
    this.#samples.push(sample);
    if (this.#samples.length > 60_000 / everyMs) this.#samples.shift();
    return sample;
  }
}

function threadsIn(tasks: string): string[] {
  try {
    return readdirSync(tasks);
  } catch {
    return []; // it has ended
  }
}

/** Undefined where there is no such thread any more, or no such file on this system. */
function queuedMs(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return undefined;
  }
}
