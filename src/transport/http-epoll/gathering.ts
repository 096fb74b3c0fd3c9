// Where answers to several connections wait, one behind the other in the output, until they leave together.
import type { EpollConnection } from './epoll-connection.ts';

/** Over io_uring (ConnectionRing) or with a call for each (PlainGathering). */
export interface Gathering {
  /** Of whom a part waits that the kernel did not take; whoever looks goes on sending when they can be written to. */
  readonly stalled: EpollConnection[];
  /** Has it receive too from now on; false when it does not, or from no more. */
  enter(connection: EpollConnection): boolean;
  /** Whether the next answer to a connection may wait here. */
  takes(connection: EpollConnection): boolean;
  /** To be called before `send`: has what is under way to the same connection leave, as two could overtake each other. */
  makeRoom(connection: EpollConnection): void;
  /** Takes what the writer holds; false when it turns out at once that a part has to wait. */
  send(connection: EpollConnection): boolean;
  /** Has all answers leave. The writer begins at the front again. */
  submit(): void;
  /** Lets go of a connection; what was gathered for it has left, and what has come of it is kept behind its `partial`. */
  leave(connection: EpollConnection): void;
}
