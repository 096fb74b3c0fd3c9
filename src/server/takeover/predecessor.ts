// The new tracker's side of a takeover: it knocks at the old one's door and blocks, because it serves nobody yet.
import { closeSync } from 'node:fs';
import { describeSocket } from '../../net/inherited-socket.ts';
import { BlockingUnixStream, isListening } from '../../net/pass-descriptors.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import type { DecodedSnapshot, SnapshotDecoder } from '../../swarm/snapshot-decoder.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { type PassedFilter, PassedFilters } from '../listening/passed-filters.ts';
import { type PassedSocket, PassedSockets } from '../listening/passed-sockets.ts';
import { StartError } from '../start-error.ts';
import { snapshotClock } from '../storage/snapshot-clock.ts';
import { lastSavedAt } from '../storage/snapshot-file.ts';
import type { TakenOver } from '../storage/snapshots.ts';
import { doorPath, lines, parseGreeting, readFilter, takeoverVersion } from './conversation.ts';
import { keepSockets } from './kept-sockets.ts';

/** Longer than the old tracker is ever silent: while it answers, waits for answers in flight, or ends. */
const answerWithinMs = 12_000;
/** A process that ends closes its descriptors one after the other. */
const endsWithinMs = 2000;

/** The old tracker has ended before it had given its place: nobody serves, and whoever was to take it over has to. */
export class PredecessorEnded extends Error {
  /** The old tracker's sockets. */
  readonly sockets: PassedSockets;

  constructor(sockets: PassedSockets) {
    super('the running tracker ended before it was taken over');
    this.sockets = sockets;
  }
}

/** Whether a tracker that runs on this data directory would let itself be taken over. */
export function hasPredecessor(calls: SystemCalls, directory: string): boolean {
  return isListening(calls, doorPath(directory));
}

export class Predecessor {
  readonly #calls: SystemCalls;
  readonly #directory: string;
  readonly #stream: BlockingUnixStream;
  readonly sockets: PassedSockets;
  /** Of network interfaces. */
  readonly filters: PassedFilters;
  /** The same sockets, for another start when the old tracker ends meanwhile. */
  readonly #kept: PassedSockets;
  #stoppedAt = 0;
  /** Unix time in ms: what is saved after it holds more than the copy. */
  #copiedAt = Number.POSITIVE_INFINITY;
  #copied = { peers: 0, expired: 0, refused: 0, durationMs: 0 };

  private constructor(
    calls: SystemCalls,
    directory: string,
    stream: BlockingUnixStream,
    { sockets, filters }: Received,
  ) {
    this.#calls = calls;
    this.#directory = directory;
    this.#stream = stream;
    this.sockets = new PassedSockets(sockets);
    this.filters = new PassedFilters(filters);
    this.#kept = keepSockets(
      calls,
      sockets.map(({ protocol, socket }) => ({ protocol, descriptor: socket.fd })),
    );
  }

  /**
   * Asks the tracker that runs on this directory for its sockets; waits for the end of one that ends.
   * @returns `undefined` when none runs there
   * @throws StartError when it does not give them
   */
  static find(calls: SystemCalls, directory: string): Predecessor | undefined {
    if (!hasPredecessor(calls, directory)) return undefined;
    try {
      const stream = new BlockingUnixStream(calls, doorPath(directory));
      stream.send(`${lines.take} ${takeoverVersion}\n`);
      const received = receiveDescriptors(calls, stream);
      if (received !== undefined) return new Predecessor(calls, directory, stream, received);
      stream.close();
      if (hasEnded(calls, directory)) return undefined;
      throw new Error('it broke off');
    } catch (error) {
      throw new StartError(`--takeover: the running tracker passed no sockets: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * Copies all swarms while the old tracker answers.
   * @param isToEnd whether this tracker is told to end meanwhile: the old one goes on then
   * @throws StartError when it does not come to that; the old tracker goes on then
   * @throws PredecessorEnded when it does not; what it saved is to be loaded
   */
  async copyTo(store: SwarmStore, isToEnd: () => Promise<boolean>): Promise<TakenOver> {
    const start = performance.now();
    const decoder = store.createSnapshotDecoder((target) => this.#stream.read(target));
    this.#copiedAt = Date.now();
    try {
      this.#stream.send(`${lines.copy}\n`);
      this.#add(receive(decoder));
      this.#add(receive(decoder));
    } catch (error) {
      throw this.#brokenOff(error);
    }
    if (await isToEnd()) throw endAsked;
    this.#stopOld(decoder);
    return { ...this.#copied, durationMs: performance.now() - start };
  }

  /** Has the old tracker stop answering, and copies what is left. From then on this one has to answer. */
  #stopOld(decoder: SnapshotDecoder): void {
    this.#stoppedAt = performance.now();
    try {
      this.#stream.send(`${lines.ready}\n`);
      this.#add(receive(decoder));
    } catch (error) {
      // One that lives keeps the conversation open from here on.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN')
        throw new StartError(`--takeover: the running tracker ${silent}`, { cause: error });
      // Of one that was killed there is nothing newer than this copy.
      if (this.#hasSaved()) throw this.#ended();
    }
  }

  #add({ peers, expired, refused }: DecodedSnapshot): void {
    this.#copied.peers += peers;
    this.#copied.expired += expired;
    this.#copied.refused += refused;
  }

  /** Whether the old tracker has written down, at its end, what it had not passed on. While it is copied it saves nothing. */
  #hasSaved(): boolean {
    return lastSavedAt(this.#directory) >= this.#copiedAt;
  }

  #ended(): PredecessorEnded {
    // Of this process too, so that its next start finds the interfaces free.
    this.filters.close();
    return new PredecessorEnded(this.#kept);
  }

  #brokenOff(error: unknown): Error {
    if (hasEnded(this.#calls, this.#directory)) return this.#ended();
    return new StartError(`--takeover: ${(error as Error).message}`, { cause: error });
  }

  /** Milliseconds since the old tracker was asked to stop. */
  get sinceStop(): number {
    return performance.now() - this.#stoppedAt;
  }

  /**
   * Lets the old tracker end; waits for its word.
   * @param isToEnd as for `copyTo`
   * @returns false when it has ended without one
   * @throws StartError when it has not waited, and serves again, or says nothing
   */
  async release(isToEnd: () => Promise<boolean>): Promise<boolean> {
    if (await isToEnd()) throw endAsked;
    const answer = this.#askForPlace();
    // It serves again when it does not hear that it may end.
    if (answer === `${lines.yours}\n` && (await isToEnd())) throw endAsked;
    if (answer === `${lines.yours}\n`) this.#say(lines.done);
    this.#stream.close();
    this.#kept.close();
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

/** The old tracker hears it from the end of the conversation. */
export const endAsked = new StartError(
  '--takeover: told to end before it had taken over; the running tracker goes on',
);

/** Whether the tracker there has ended, and not only broken off; waits for the rest of its end. */
function hasEnded(calls: SystemCalls, directory: string): boolean {
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  const until = performance.now() + endsWithinMs;
  while (hasPredecessor(calls, directory)) {
    if (performance.now() > until) return false;
    Atomics.wait(sleep, 0, 0, 20);
  }
  return true;
}

const silent = `has said nothing for ${answerWithinMs / 1000} s; it may go on`;

interface Received {
  readonly sockets: PassedSocket[];
  readonly filters: PassedFilter[];
}

/**
 * @returns `undefined` where the old tracker ends instead
 * @throws Error where it has another version, or says nothing in time
 */
function receiveDescriptors(calls: SystemCalls, stream: BlockingUnixStream): Received | undefined {
  const sockets: PassedSocket[] = [];
  const filters: PassedFilter[] = [];
  for (;;) {
    const message = stream.receive(answerWithinMs);
    if (message === undefined) throw new Error(`it ${silent}`);
    if (message.text === '') {
      for (const { socket } of sockets) closeSync(socket.fd);
      for (const { descriptor } of filters) closeSync(descriptor);
      return undefined;
    }
    const { version, protocols, more } = parseGreeting(message.text);
    if (version !== takeoverVersion)
      throw new Error(
        `it has version ${version} of the takeover, this one ${takeoverVersion}; it goes on. ` +
          'Stop it before this one starts: the swarms are saved then, and loaded',
      );
    for (const [i, fd] of message.descriptors.entries()) {
      const filter = readFilter(protocols[i], fd);
      if (filter !== undefined) {
        filters.push(filter);
        continue;
      }
      const socket = describeSocket(calls, fd);
      if (socket === undefined) throw new Error(`descriptor ${fd} is no bound socket`);
      sockets.push({ protocol: protocols[i] as PassedSocket['protocol'], socket });
    }
    if (more === 0) return { sockets, filters };
  }
}

/** One row of sections. */
function receive(decoder: SnapshotDecoder): DecodedSnapshot {
  const received = decoder.decode(snapshotClock(), true, true);
  if (!received.complete) throw new Error('the running tracker broke off; it may go on');
  if (received.damaged > 0) throw new Error('what the running tracker sent was damaged');
  return received;
}
