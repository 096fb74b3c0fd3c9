// The new tracker's side of a takeover: it knocks at the old one's door and blocks, because it serves nobody yet.
import { describeSocket } from '../../net/inherited-socket.ts';
import { BlockingUnixStream, isListening } from '../../net/pass-descriptors.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import type { DecodedSnapshot, SnapshotDecoder } from '../../swarm/snapshot-decoder.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { PassedSockets } from '../listening/passed-sockets.ts';
import { snapshotClock } from '../storage/snapshot-clock.ts';
import type { TakenOver } from '../storage/snapshots.ts';
import { StartError } from '../usage-error.ts';
import { doorPath, type Greeting, lines, takeoverVersion } from './takeover-door.ts';

/** Longer than the old tracker is ever silent: while it answers, and while it waits for answers in flight. */
const answerWithinMs = 10_000;

/** Whether a tracker that runs on this data directory would let itself be taken over. */
export function hasPredecessor(calls: SystemCalls, directory: string): boolean {
  return isListening(calls, doorPath(directory));
}

export class Predecessor {
  readonly #stream: BlockingUnixStream;
  readonly sockets: PassedSockets;
  #stoppedAt = 0;

  private constructor(stream: BlockingUnixStream, sockets: PassedSockets) {
    this.#stream = stream;
    this.sockets = sockets;
  }

  /**
   * Asks the tracker that runs on this directory for its sockets; `undefined` when none does.
   * @throws StartError when it does not give them
   */
  static find(calls: SystemCalls, directory: string): Predecessor | undefined {
    if (!hasPredecessor(calls, directory)) return undefined;
    try {
      const stream = new BlockingUnixStream(calls, doorPath(directory));
      stream.send(`${lines.take} ${takeoverVersion}\n`);
      const { text, descriptors } = stream.receive(answerWithinMs) ?? { text: '', descriptors: [] };
      const { version = 'none', protocols } = JSON.parse(text) as Partial<Greeting>;
      if (version !== takeoverVersion || protocols === undefined)
        throw new Error(
          `it has version ${version} of the takeover, this one ${takeoverVersion}; it goes on. ` +
            'Stop it before this one starts: the swarms are saved then, and loaded',
        );
      const sockets = descriptors.map((fd, i) => {
        const socket = describeSocket(calls, fd);
        if (socket === undefined) throw new Error(`descriptor ${fd} is no bound socket`);
        return { protocol: protocols[i]!, socket };
      });
      return new Predecessor(stream, new PassedSockets(sockets));
    } catch (error) {
      throw new StartError(`--takeover: the running tracker passed no sockets: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * Copies all swarms, and has the old tracker stop answering when little is left to copy. From then on this one has to.
   * @throws StartError when it does not come to that; the old tracker goes on then
   */
  copyTo(store: SwarmStore): TakenOver {
    const start = performance.now();
    const decoder = store.createSnapshotDecoder((target) => this.#stream.read(target));
    try {
      this.#stream.send(`${lines.copy}\n`);
      const swarms = receive(decoder);
      const changes = receive(decoder);
      this.#stoppedAt = performance.now();
      this.#stream.send(`${lines.ready}\n`);
      const rest = receive(decoder);
      return {
        peers: swarms.peers + changes.peers + rest.peers,
        expired: swarms.expired,
        refused: swarms.refused + changes.refused + rest.refused,
        durationMs: performance.now() - start,
      };
    } catch (error) {
      throw new StartError(`--takeover: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Milliseconds since the old tracker was asked to stop. */
  get sinceStop(): number {
    return performance.now() - this.#stoppedAt;
  }

  /**
   * Lets the old tracker end.
   * @throws StartError when the old tracker has not waited, and serves again
   */
  release(): void {
    try {
      this.#stream.send(`${lines.serving} ${process.pid}\n`);
    } catch (error) {
      throw new StartError(`--takeover: the running tracker goes on: ${(error as Error).message}`, {
        cause: error,
      });
    }
    this.#stream.close();
  }
}

/** One row of sections. */
function receive(decoder: SnapshotDecoder): DecodedSnapshot {
  const received = decoder.decode(snapshotClock(), true, true);
  if (!received.complete) throw new Error('the running tracker broke off; it may go on');
  if (received.damaged > 0) throw new Error('what the running tracker sent was damaged');
  return received;
}
