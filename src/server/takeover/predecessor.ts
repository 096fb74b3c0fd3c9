// The new tracker's side of a takeover: it knocks at the old one's door and blocks, because it serves nobody yet.
import { describeSocket } from '../../net/inherited-socket.ts';
import { BlockingUnixStream, isListening } from '../../net/pass-descriptors.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import type { DecodedSnapshot, SnapshotDecoder } from '../../swarm/snapshot-decoder.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { type PassedSocket, PassedSockets } from '../listening/passed-sockets.ts';
import { StartError } from '../start-error.ts';
import { snapshotClock } from '../storage/snapshot-clock.ts';
import type { TakenOver } from '../storage/snapshots.ts';
import { doorPath, lines, parseGreeting, takeoverVersion } from './conversation.ts';

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
      return new Predecessor(stream, new PassedSockets(receiveSockets(calls, stream)));
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
   * Lets the old tracker end; waits for its word.
   * @returns false when it has ended without one
   * @throws StartError when it has not waited, and serves again, or says nothing
   */
  release(): boolean {
    const answer = this.#askForPlace();
    if (answer === `${lines.yours}\n`) this.#say(lines.done);
    this.#stream.close();
    if (answer === undefined) throw new StartError(`--takeover: the running tracker ${silent}`);
    if (answer === `${lines.mine}\n`)
      throw new StartError('--takeover: this took too long, and the running tracker serves again');
    return answer !== '';
  }

  /** The old tracker's word, empty when it has ended, or `undefined` when it keeps silent. */
  #askForPlace(): string | undefined {
    this.#say(`${lines.serving} ${process.pid}`);
    try {
      return this.#stream.receive(answerWithinMs)?.text;
    } catch {
      return '';
    }
  }

  /** Where nobody hears it any more, there is nobody who would have to. */
  #say(line: string): void {
    try {
      this.#stream.send(`${line}\n`);
    } catch {}
  }
}

const silent = `has said nothing for ${answerWithinMs / 1000} s; it may go on`;

/** @throws Error where the old tracker has another version, or says nothing in time */
function receiveSockets(calls: SystemCalls, stream: BlockingUnixStream): PassedSocket[] {
  const sockets: PassedSocket[] = [];
  for (;;) {
    const message = stream.receive(answerWithinMs);
    if (message === undefined) throw new Error(`it ${silent}`);
    const { version, protocols, more } = parseGreeting(message.text);
    if (version !== takeoverVersion)
      throw new Error(
        `it has version ${version} of the takeover, this one ${takeoverVersion}; it goes on. ` +
          'Stop it before this one starts: the swarms are saved then, and loaded',
      );
    for (const [i, fd] of message.descriptors.entries()) {
      const socket = describeSocket(calls, fd);
      if (socket === undefined) throw new Error(`descriptor ${fd} is no bound socket`);
      sockets.push({ protocol: protocols[i], socket });
    }
    if (more === 0) return sockets;
  }
}

/** One row of sections. */
function receive(decoder: SnapshotDecoder): DecodedSnapshot {
  const received = decoder.decode(snapshotClock(), true, true);
  if (!received.complete) throw new Error('the running tracker broke off; it may go on');
  if (received.damaged > 0) throw new Error('what the running tracker sent was damaged');
  return received;
}
