// What one wake-up for io_uring does: everything that has come to kept connections is answered, and all answers leave together.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLIN, EPOLLOUT } from '../../net/layouts.ts';
import { countLatency } from '../answer-stats.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import type { ConnectionRing } from './connection-ring.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import type { WakeUp } from './wake-up.ts';

export interface RingTurnOptions {
  readonly counters: HttpCounters;
  readonly limits: HttpLimits;
  /** What comes lies in this; its front is free for what has to be joined. */
  readonly input: Uint8Array;
  readonly wakeUp: WakeUp;
  /** Requests answered so far. */
  readonly answered: () => number;
  /** Answers what now stands in `input[start .. end)`; all before `seen` has been looked at before. */
  readonly take: (connection: EpollConnection, start: number, seen: number, end: number) => void;
  /** Told that a client sends no more. */
  readonly otherSideEnded: (connection: EpollConnection) => void;
}

/** So often what has come while answers left is answered before other descriptors get their turn. */
const roundsPerTurn = 8;

export class RingTurn {
  readonly #loop: EventLoop;
  readonly #ring: ConnectionRing;
  readonly #connections: OpenConnections;
  readonly #options: RingTurnOptions;

  constructor(loop: EventLoop, ring: ConnectionRing, connections: OpenConnections, options: RingTurnOptions) {
    this.#loop = loop;
    this.#ring = ring;
    this.#connections = connections;
    this.#options = options;
  }

  /** True when more has come than is answered in one go. */
  run = (): boolean => {
    const { streams } = this.#ring;
    if (!streams.isWaiting) return false;
    streams.keepQuiet(true);
    for (let round = 0; round < roundsPerTurn && streams.isWaiting; round++) this.#answerArrived();
    streams.keepQuiet(false);
    return streams.isWaiting;
  };

  #answerArrived(): void {
    const { wakeUp, answered, counters } = this.#options;
    const { streams } = this.#ring;
    if (!streams.hasNext) this.#ring.fetch();
    wakeUp.begin();
    const before = answered();
    while (streams.next()) {
      const connection = this.#connections.at(streams.from);
      // Else it is the last word to a descriptor's former connection.
      if (connection !== undefined && connection.reception === streams.reception) this.#hear(connection);
      streams.giveBack();
      this.#loop.pieceDone();
    }
    this.#ring.fetch();
    this.settle();
    const count = answered() - before;
    if (count > 0) countLatency(counters.stats, wakeUp.elapsedMs, count);
  }

  /** Begins what was put in, and has those looked after that do not take their answers. */
  settle = (): void => {
    const ring = this.#ring;
    if (ring.streams.isOwed) ring.submit();
    for (let one = ring.stalled.pop(); one !== undefined; one = ring.stalled.pop()) {
      if (one.pending === undefined) continue; // it has ended since
      ring.leave(one);
      this.#connections.setDeadline(one, this.#options.limits.stallMs);
      this.#connections.setInterest(one, EPOLLOUT);
    }
  };

  #hear(connection: EpollConnection): void {
    const ring = this.#ring;
    const { count, isLast, wasWithoutBuffer } = ring.streams;
    const { at } = ring;
    if (isLast) ring.ended(connection);
    if (count > 0) this.#arrived(connection, at, at + count);
    else if (wasWithoutBuffer) this.#connections.setInterest(connection, EPOLLIN);
    else this.#ended(connection, count);
  }

  #arrived(connection: EpollConnection, at: number, end: number): void {
    const { input, counters, take } = this.#options;
    counters.bytesIn += end - at;
    const kept = connection.partialLength;
    if (connection.phase === Phase.sending) connection.keepMore(input, at, end);
    else if (kept === 0) take(connection, at, at, end);
    else {
      input.set(connection.partial.subarray(0, kept));
      input.copyWithin(kept, at, end);
      take(connection, 0, kept, kept + end - at);
    }
  }

  #ended(connection: EpollConnection, count: number): void {
    // What has been answered leaves first; if it cannot, the end is met again behind it.
    if (connection.submitting) this.#ring.submit();
    if (connection.pending !== undefined) return;
    if (count === 0) this.#options.otherSideEnded(connection);
    else this.#connections.close(connection);
  }
}
