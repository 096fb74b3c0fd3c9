// Whether each listener answers: announces to each of them at the start, and then every half minute.

import type { AdminLog, ObservedListener, ObservedTracker } from '../observed-tracker.ts';
import type { ListenerState } from '../schema.ts';

const checkEveryMs = 30_000;
const retryEveryMs = 1000;
const timeoutMs = 2000;

interface Checked {
  listener: ObservedListener;
  answering: boolean;
  checkedAtMs: number | undefined;
  answerMs: number | undefined;
  fault: string | undefined;
}

export class Readiness {
  readonly #checked: Checked[];
  readonly #log: AdminLog;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(listeners: readonly ObservedListener[], log: AdminLog, now: () => number) {
    this.#checked = listeners.map((listener) => ({
      listener,
      answering: false,
      checkedAtMs: undefined,
      answerMs: undefined,
      fault: undefined,
    }));
    this.#log = log;
    this.#now = now;
  }

  /** True when every listener answered the last announce to itself. */
  get ready(): boolean {
    return this.#checked.every(({ answering }) => answering);
  }

  get listeners(): ListenerState[] {
    return this.#checked.map(({ listener, answering, checkedAtMs, answerMs, fault }) => ({
      transport: listener.transport,
      family: listener.family === 4 ? 'ipv4' : 'ipv6',
      address: listener.address,
      port: listener.port,
      answering,
      checked_at: checkedAtMs ?? null,
      answer_seconds: answerMs === undefined ? null : answerMs / 1000,
      fault: fault ?? null,
    }));
  }

  /** Checks now, and goes on checking until `stop`. */
  async start(): Promise<void> {
    await Promise.all(this.#checked.map((checked) => this.#check(checked)));
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), this.ready ? checkEveryMs : retryEveryMs).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #check(checked: Checked): Promise<void> {
    const { transport, address, port, inherited, ask } = checked.listener;
    if (inherited || ask === undefined) {
      // It may be in a network that we have no part in; that its loop turns is what systemd's watchdog sees to.
      checked.answering = true;
      checked.checkedAtMs = this.#now();
      return;
    }
    const start = performance.now();
    const before = checked.fault;
    const waitsFor = checked.listener.waitsFor?.();
    try {
      if (waitsFor !== undefined) throw new Error(`waits for ${waitsFor}`);
      await answered(ask);
      checked.answering = true;
      checked.answerMs = performance.now() - start;
      checked.fault = undefined;
    } catch (error) {
      checked.answering = false;
      checked.answerMs = undefined;
      checked.fault = (error as Error).message;
    }
    checked.checkedAtMs = this.#now();
    if (this.#stopped || checked.fault === before) return;
    if (checked.fault === undefined) this.#log.info('listener answers again', { transport, address, port });
    else if (waitsFor === undefined) {
      this.#log.warn('listener does not answer an announce to itself', {
        transport,
        address,
        port,
        fault: checked.fault,
      });
    }
  }
}

async function answered(ask: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await ask(signal);
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  }
}

/** Of a node of a cluster: whether it has what the others have. A tracker that is alone has it always. */
export function hasCaughtUp({ cluster }: Pick<ObservedTracker, 'cluster'>): boolean {
  return cluster === undefined || cluster()?.isReady === true;
}
