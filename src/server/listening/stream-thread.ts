// One stream worker's thread seen from the main thread: what it is told, and what is done for it.
import type { FullScrapes } from '../../transport/http/full-scrapes.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { TicketKeys } from '../../transport/http/session-tickets.ts';
import type { LiveChange } from '../../transport/live-change.ts';
import type { HttpWorkerMessage } from './http-worker.ts';
import { KeptThread, type ToldOfThread } from './kept-thread.ts';
import { changed } from './live-change.ts';
import type { StreamMessage, StreamOrder, StreamWorkerData } from './stream-worker.ts';

export interface ToldOfStreamThread extends Omit<ToldOfThread<never>, 'hear'> {
  hear(message: HttpWorkerMessage): void;
  /** Collected for it. */
  readonly fullScrapes: FullScrapes;
}

/** A thread that has not taken up a certificate by then is said to hang. */
const certifiedWithinMs = 10_000;

export class StreamThread {
  readonly #name: string;
  readonly #thread: KeptThread<StreamMessage>;
  readonly #told: ToldOfStreamThread;
  #data: Omit<StreamWorkerData, 'seed'>;
  #lastPulse = -1;
  #lastNumber = 0;
  /** What it has been told to do and has not said to be done. */
  readonly #asked = new Map<number, () => void>();
  #changed: Promise<void> = Promise.resolve();

  constructor(index: number, program: URL, data: Omit<StreamWorkerData, 'seed'>, told: ToldOfStreamThread) {
    this.#name = `stream worker ${index}`;
    this.#data = data;
    this.#told = told;
    const { failed, lines } = told;
    const { linesWaiting } = data;
    this.#thread = new KeptThread<StreamMessage>(
      { name: this.#name, program, data: () => this.#data, linesWaiting },
      {
        failed,
        lines,
        hear: (message) => this.#hear(message),
        abandoned: () => told.abandoned(),
        ended: () => {
          for (const number of this.#asked.keys()) this.#isDone(number);
        },
      },
    );
  }

  /** Resolves when the thread could answer; rejects when it fails before that, and then it is not started again. */
  start(): Promise<void> {
    return this.#thread.start();
  }

  serve(): void {
    this.#tell({ kind: 'serve' });
  }

  wake(): void {
    this.#tell({ kind: 'wake' });
  }

  feelPulse(): boolean {
    const pulse = Atomics.load(this.#data.pulse, 0);
    const alive = pulse !== this.#lastPulse;
    this.#lastPulse = pulse;
    this.#tell({ kind: 'pulse' });
    return alive;
  }

  change(change: LiveChange): void {
    this.#data = changed(this.#data, change);
    this.#changed = this.#ask((number) => ({ kind: 'change', change, number }));
  }

  /** Resolves to true once the thread answers by the last change, or does not answer at all; to false after `withinMs`. */
  changeTaken(withinMs: number): Promise<boolean> {
    return isInTime(this.#changed, withinMs);
  }

  /** Resolves when the thread shows it, or hangs, or has ended and will begin with it. */
  async setCertificate(certificate: TlsCertificate): Promise<void> {
    this.#data = { ...this.#data, https: { ...this.#data.https, certificate } };
    const certified = this.#ask((number) => ({ kind: 'certificate', certificate, number }));
    if (await isInTime(certified, certifiedWithinMs)) return;
    this.#told.failed(new Error(`${this.#name} has not taken up the new certificate`));
  }

  setTicketKeys(keys: TicketKeys): void {
    this.#data = { ...this.#data, https: { ...this.#data.https, ticketKeys: keys } };
    this.#tell({ kind: 'ticket keys', keys });
  }

  /** Resolves when the thread has ended. */
  stop(graceMs: number): Promise<void> {
    return this.#thread.stop(() => this.#tell({ kind: 'stop', graceMs }));
  }

  #tell(order: StreamOrder): void {
    this.#thread.post(order);
  }

  /** Resolves when the thread says that it has done it, or is not there; started again it begins with what it was told. */
  #ask(order: (number: number) => StreamOrder): Promise<void> {
    if (!this.#thread.isThere) return Promise.resolve();
    const number = ++this.#lastNumber;
    return new Promise((resolve) => {
      this.#asked.set(number, resolve);
      this.#tell(order(number));
    });
  }

  #isDone(number: number): void {
    this.#asked.get(number)?.();
    this.#asked.delete(number);
  }

  #hear(message: StreamMessage): void {
    if (message.kind === 'done') this.#isDone(message.number);
    else if (message.kind === 'full scrape') void this.#collect(message.number);
    else this.#told.hear(message);
  }

  async #collect(number: number): Promise<void> {
    const { starts } = this.#thread;
    const tell = (order: StreamOrder) => {
      if (this.#thread.starts === starts) this.#tell(order);
    };
    try {
      const ageMs = await this.#told.fullScrapes.relay((piece) =>
        tell({ kind: 'scrape piece', number, piece }),
      );
      tell({ kind: 'scrape complete', number, ageMs });
    } catch (error) {
      tell({ kind: 'scrape failed', number, message: (error as Error).message });
    }
  }
}

/** Whether it settles within so many milliseconds. */
async function isInTime(done: Promise<void>, withinMs: number): Promise<boolean> {
  let late: NodeJS.Timeout | undefined;
  const inTime = await Promise.race([
    done.then(() => true),
    new Promise<boolean>((resolve) => {
      late = setTimeout(() => resolve(false), withinMs).unref();
    }),
  ]);
  clearTimeout(late);
  return inTime;
}
