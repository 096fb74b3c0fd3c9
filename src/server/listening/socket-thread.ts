// One socket worker's thread seen from the main thread: it sleeps in the kernel, so whatever it is told it is woken for.
import type { Waker } from '../../net/waker.ts';
import type { LiveChange } from '../../transport/live-change.ts';
import type { SharedKeys } from '../../transport/opener.ts';
import type { HttpWorkerMessage } from './http-worker.ts';
import { KeptThread, type ToldOfThread } from './kept-thread.ts';
import { changed } from './live-change.ts';
import type { SocketWorkerData, SocketWorkerMessage } from './socket-worker.ts';

export interface ToldOfSocketThread extends ToldOfThread<HttpWorkerMessage> {
  /** It receives from the queues of network cards that it was told of. */
  ringsTaken(): void;
}

export class SocketThread {
  data: Omit<SocketWorkerData, 'seed'>;
  readonly #thread: KeptThread<SocketWorkerMessage>;
  readonly #waker: Waker;
  #lastPulse = -1;
  /** The last change that it has taken up. */
  #changeTaken = -1;
  readonly #changeWaits = new Set<() => void>();

  constructor(
    number: number,
    program: URL,
    data: Omit<SocketWorkerData, 'seed'>,
    waker: Waker,
    told: ToldOfSocketThread,
  ) {
    this.data = data;
    this.#waker = waker;
    const { linesWaiting } = data;
    const name = `socket worker ${number}`;
    this.#thread = new KeptThread<SocketWorkerMessage>(
      { name, program, data: () => this.data, linesWaiting },
      { ...told, hear: (message) => this.#hear(message, told), ended: () => this.#checkChange() },
    );
  }

  /** Resolves when the thread answers; rejects when it fails before that, and then it is not started again. */
  start(): Promise<void> {
    return this.#thread.start();
  }

  wake(): void {
    if (!this.#thread.isStopping) this.#waker.wake();
  }

  feelPulse(): boolean {
    const pulse = Atomics.load(this.data.pulse, 0);
    const alive = pulse !== this.#lastPulse;
    this.#lastPulse = pulse;
    this.#waker.wake();
    return alive;
  }

  /** The thread fetches the message before its next packets, or when it wakes: an idle one must not collect them. */
  change(change: LiveChange): void {
    this.data = changed(this.data, change);
    this.#thread.post(change);
    Atomics.add(this.data.changeCount, 0, 1);
    this.wake();
  }

  /** As `change`; keys are given again to a thread that is started again. */
  shareKeys(keys: SharedKeys): void {
    this.data.sharedKeys = keys;
    this.#thread.post(keys);
    Atomics.add(this.data.changeCount, 0, 1);
    this.wake();
  }

  /** Resolves to true once the thread answers by the last change, or does not answer at all; to false after `withinMs`. */
  changeTaken(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (taken: boolean) => {
        clearTimeout(late);
        this.#changeWaits.delete(check);
        resolve(taken);
      };
      const check = () => {
        // A thread that is started again has the last change from its beginning.
        if (!this.#thread.isThere || this.#changeTaken === this.data.changeCount[0]) end(true);
      };
      const late = setTimeout(() => end(false), withinMs);
      this.#changeWaits.add(check);
      check();
    });
  }

  /** Resolves when the thread has ended. */
  async stop(): Promise<void> {
    await this.#thread.stop(() => this.#waker.stop());
    this.#waker.close();
  }

  #hear(message: SocketWorkerMessage, told: ToldOfSocketThread): void {
    if (message.kind === 'changed') {
      this.#changeTaken = message.changes;
      this.#checkChange();
    } else if (message.kind === 'rings taken') told.ringsTaken();
    else told.hear(message);
  }

  #checkChange(): void {
    for (const check of this.#changeWaits) check();
  }
}
