// Who serves once the old tracker has stopped: decided there, once, and final when the new one has heard it.
import type { Socket } from 'node:net';
import { lines } from './conversation.ts';

/**
 * `stopping`: not everything is sent yet; `waiting` for the new tracker to serve; `given` to it, which has not confirmed
 * it; `over`: one of them serves.
 */
type Stage = 'stopping' | 'waiting' | 'given' | 'over';

export class Handover {
  readonly #socket: Socket;
  /** Resolves with the process that serves now, or `undefined` when this one has to. */
  readonly decided: Promise<number | undefined>;
  #decide!: (pid: number | undefined) => void;
  #stage: Stage = 'stopping';
  #pid = 0;

  /** @param withinMs the new tracker's time; none is set once it is given the place, because it may have heard that */
  constructor(socket: Socket, withinMs: number) {
    this.#socket = socket;
    this.decided = new Promise((resolve) => {
      this.#decide = resolve;
    });
    socket.once('close', () => this.#end(undefined));
    setTimeout(() => {
      if (this.#stage !== 'given') this.#end(undefined);
    }, withinMs).unref();
  }

  /** The new tracker has been sent everything. */
  sent(): void {
    if (this.#stage === 'stopping') this.#stage = 'waiting';
  }

  /** The new tracker says that everything of it is open. One that is late is told so: it ends then. */
  serving(pid: number): void {
    if (this.#stage === 'waiting') {
      this.#stage = 'given';
      this.#pid = pid;
      this.#socket.write(`${lines.yours}\n`);
    } else if (this.#stage === 'over') this.#socket.end(`${lines.mine}\n`);
    else this.#socket.destroy();
  }

  /** The new tracker has heard that it serves. */
  done(): void {
    if (this.#stage === 'given') this.#end(this.#pid);
    else this.#socket.destroy();
  }

  /** Not everything can be sent, and this tracker serves again. The conversation stays open: its end would be that of this process. */
  giveUp(): void {
    this.#end(undefined);
  }

  #end(pid: number | undefined): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#decide(pid);
  }
}
