// Knows where output goes: results to stdout, words about them to stderr, each as text for people or as machine text.
import type { Writable } from 'node:stream';
import { calledAs } from '../../cli/called-as.ts';
import { Terminal } from './terminal.ts';

export class Console {
  /** Results for people. */
  readonly out: Terminal;
  /** Progress and complaints. */
  readonly err: Terminal;
  /** Aborts on the first Ctrl-C (or SIGTERM). */
  readonly interrupt: AbortSignal;
  readonly #stdout: Writable;

  constructor(stdout: Writable, stderr: Writable, interrupt: AbortSignal, { nocolor = false } = {}) {
    this.out = new Terminal(stdout, { nocolor });
    this.err = new Terminal(stderr, { nocolor });
    this.interrupt = interrupt;
    this.#stdout = stdout;
  }

  /** Machine text (JSON, CSV), which its formatter has made safe. Resolves when more may be written. */
  async write(text: string): Promise<void> {
    if (this.#stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#stdout.off('drain', done).off('close', done);
        resolve();
      };
      this.#stdout.on('drain', done).on('close', done);
    });
  }

  complain(message: string): void {
    this.err.line(`${calledAs('tracker-query')}: ${message}`);
  }
}
