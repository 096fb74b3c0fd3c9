// What one turn of the loop does for kept connections over epoll: all that has come is read, then answered, then all answers leave.
//
// Read, answered and sent one connection after the other, the kernel's code and JavaScript push each other out of the processor's
// caches with each of them.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLOUT } from '../../net/layouts.ts';
import type { StreamSockets } from '../../net/stream-sockets.ts';
import { countLatency } from '../answer-stats.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import { mostGathered, type PlainGathering } from './plain-gathering.ts';
import type { WakeUp } from './wake-up.ts';

/** Longer than most requests; what is longer comes in parts. */
const placeBytes = 2048;
/** Of the input, behind what is read alone. */
export const gatheredBytes = mostGathered * placeBytes;

export interface GatheredTurnOptions {
  readonly counters: HttpCounters;
  readonly limits: HttpLimits;
  readonly wakeUp: WakeUp;
  /** Requests answered so far. */
  readonly answered: () => number;
  /** Goes on with a connection for which so much, or a `Stream` value, was read to `input[at ..]`. */
  readonly took: (connection: EpollConnection, at: number, count: number) => void;
}

export class GatheredTurn {
  readonly #loop: EventLoop;
  readonly #gathering: PlainGathering;
  readonly #connections: OpenConnections;
  readonly #sockets: StreamSockets;
  readonly #placesAt: number;
  readonly #options: GatheredTurnOptions;
  readonly #waiting: EpollConnection[] = [];
  /** Their descriptors: a record may be another connection's since. */
  readonly #descriptors = new Int32Array(mostGathered);
  readonly #counts = new Int32Array(mostGathered);
  #count = 0;

  /** @param placesAt where in the input `gatheredBytes` are free */
  constructor(
    loop: EventLoop,
    gathering: PlainGathering,
    connections: OpenConnections,
    sockets: StreamSockets,
    placesAt: number,
    options: GatheredTurnOptions,
  ) {
    this.#loop = loop;
    this.#gathering = gathering;
    this.#connections = connections;
    this.#sockets = sockets;
    this.#placesAt = placesAt;
    this.#options = options;
  }

  /** Has a connection, to which something has come, looked after with the others of this turn. */
  add(connection: EpollConnection): void {
    this.#waiting[this.#count] = connection;
    this.#descriptors[this.#count++] = connection.fd;
    if (this.#count === mostGathered) this.run();
  }

  run = (): void => {
    const count = this.#count;
    if (count === 0) return;
    const { wakeUp, answered, counters } = this.#options;
    this.#count = 0;
    wakeUp.begin();
    const before = answered();
    for (let i = 0; i < count; i++) {
      this.#receive(i);
      this.#loop.pieceDone();
    }
    this.#gathering.isOpen = true;
    for (let i = 0; i < count; i++) {
      this.#answer(i);
      this.#loop.pieceDone();
    }
    this.#gathering.isOpen = false;
    this.settle();
    const done = answered() - before;
    if (done > 0) countLatency(counters.stats, wakeUp.elapsedMs, done);
  };

  /** Has what was gathered leave, and those looked after that do not take their answers. */
  settle(): void {
    this.#gathering.submit();
    const { stalled } = this.#gathering;
    for (let one = stalled.pop(); one !== undefined; one = stalled.pop()) {
      if (one.pending === undefined) continue; // it has ended since
      this.#connections.setDeadline(one, this.#options.limits.stallMs);
      this.#connections.setInterest(one, EPOLLOUT);
    }
  }

  #receive(i: number): void {
    const connection = this.#waiting[i];
    const fd = this.#descriptors[i];
    // Since it was added it may have ended, and another have its descriptor and its record, who was read already.
    const isAsking = connection.phase === Phase.idle && connection.pending === undefined;
    if (!isAsking || this.#connections.at(fd) !== connection) {
      this.#descriptors[i] = -1;
      return;
    }
    const at = this.#placesAt + i * placeBytes;
    this.#counts[i] = this.#sockets.receive(fd, at, at + placeBytes);
  }

  #answer(i: number): void {
    const connection = this.#waiting[i];
    // It may have ended since it was read.
    if (this.#connections.at(this.#descriptors[i]) !== connection) return;
    this.#options.took(connection, this.#placesAt + i * placeBytes, this.#counts[i]);
  }
}
