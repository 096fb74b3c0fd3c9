// Listening sockets in a worker's loop: how many connections in one go, and what happens when there are no descriptors left.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLEXCLUSIVE, EPOLLIN } from '../../net/layouts.ts';
import { Stream, type StreamSockets } from '../../net/stream-sockets.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { WakeUp } from './wake-up.ts';

/** New connections in one go before other descriptors of the loop get their turn. */
const acceptsPerTurn = 16;

/** To accept one, answer its first request and end it takes as long as so many other things. */
const piecesPerAccept = 4;

/**
 * A thread that can turn nobody away waits so many rounds of a second at most for the descriptor to come back. Somebody took it
 * who as a rule gives it back at once; meanwhile only connections that are silent for as long as is left of that make room.
 */
const patientRounds = 5;

export interface AcceptingOptions {
  readonly counters: HttpCounters;
  readonly wakeUp: WakeUp;
  /** Is given the descriptor of each new connection. */
  readonly enter: (fd: number) => void;
  /** Told that a socket is not accepted from until `resume`, which is to come soon. */
  readonly paused: () => void;
  /** Ends the connection of this thread or another that is silent longest, if that is so many seconds. */
  readonly makeRoom: (leastSilentSeconds: number) => void;
}

export class AcceptingSockets {
  readonly #loop: EventLoop;
  readonly #sockets: StreamSockets;
  readonly #options: AcceptingOptions;
  readonly #listeners: number[] = [];
  readonly #paused: number[] = [];
  #stopping = false;
  /** Rounds after which a socket was still paused. */
  #roundsPaused = 0;

  constructor(loop: EventLoop, sockets: StreamSockets, options: AcceptingOptions) {
    this.#loop = loop;
    this.#sockets = sockets;
    this.#options = options;
  }

  get isPaused(): boolean {
    return this.#paused.length > 0;
  }

  /** Accepts what connects to a listening socket, which stays its owner's; several threads may share it. */
  listen(fd: number): void {
    this.#listeners.push(fd);
    this.#add(fd);
  }

  /** Accepts what has come, and no more. */
  stop(): void {
    this.#stopping = true;
    for (const fd of this.#listeners) {
      if (!this.#paused.includes(fd)) this.#loop.remove(fd);
      this.#accept(fd);
    }
    this.#listeners.length = this.#paused.length = 0;
  }

  /** Goes on with sockets that were not accepted from for want of descriptors. */
  resume(): void {
    for (const fd of this.#paused.splice(0)) {
      this.#add(fd);
      // Whoever waits there has waited since the last time, and cannot even be turned away.
      this.#accept(fd);
    }
    this.#roundsPaused = this.isPaused ? this.#roundsPaused + 1 : 0;
    if (this.isPaused) this.#options.makeRoom(Math.max(0, patientRounds - this.#roundsPaused));
  }

  #add(fd: number): void {
    // Of the workers that share an inherited socket one is woken; on a socket of its own it changes nothing.
    this.#loop.add(fd, EPOLLIN | EPOLLEXCLUSIVE, () => {
      this.#options.wakeUp.begin();
      return this.#accept(fd);
    });
  }

  #accept(listener: number): boolean {
    for (let i = 0; i < acceptsPerTurn; i++) {
      const fd = this.#sockets.accept(listener);
      if (fd === Stream.wait) return false;
      if (fd === Stream.exhausted) {
        this.#pause(listener);
        return false;
      }
      if (fd === Stream.turnedAway) this.#options.counters.connectionsRefused++;
      else {
        this.#options.enter(fd);
        this.#loop.pieceDone(piecesPerAccept);
      }
    }
    return false;
  }

  /** Without descriptors there is nothing to be accepted, and a socket that can be accepted from wakes the loop for ever. */
  #pause(listener: number): void {
    if (this.#stopping || this.#paused.includes(listener)) return;
    this.#loop.remove(listener);
    this.#paused.push(listener);
    this.#options.paused();
  }
}
