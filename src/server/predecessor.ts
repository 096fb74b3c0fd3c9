// The new tracker's side of a takeover: it knocks at the old one's door and blocks, because it serves nobody yet.
import { closeSync } from 'node:fs';
import { describeSocket, type InheritedSocket } from '../net/inherited-socket.ts';
import { BlockingUnixStream, isListening } from '../net/pass-descriptors.ts';
import type { SystemCalls } from '../net/system-calls.ts';
import type { PlannedListener } from './listen-plan.ts';
import { doorPath, lines } from './takeover-door.ts';
import { StartError } from './usage-error.ts';

interface PassedSocket {
  protocol: PlannedListener['protocol'];
  socket: InheritedSocket;
}

const answerWithinMs = 10_000;
/** Longer than answers in flight are waited for. */
const stopWithinMs = 15_000;

/** Whether a tracker that runs on this data directory would let itself be taken over. */
export function hasPredecessor(calls: SystemCalls, directory: string): boolean {
  return isListening(calls, doorPath(directory));
}

export class Predecessor {
  readonly #stream: BlockingUnixStream;
  #sockets: PassedSocket[];
  #said = '';
  #stoppedAt = 0;

  private constructor(stream: BlockingUnixStream, sockets: PassedSocket[]) {
    this.#stream = stream;
    this.#sockets = sockets;
  }

  /**
   * Asks the tracker that runs on this directory for its sockets; `undefined` when none does.
   * @throws StartError when it does not give them
   */
  static find(calls: SystemCalls, directory: string): Predecessor | undefined {
    if (!hasPredecessor(calls, directory)) return undefined;
    try {
      const stream = new BlockingUnixStream(calls, doorPath(directory));
      stream.send(`${lines.take}\n`);
      const { text, descriptors } = stream.receive(answerWithinMs) ?? { text: '', descriptors: [] };
      const protocols = JSON.parse(text) as PlannedListener['protocol'][];
      const sockets = descriptors.map((fd, i) => {
        const socket = describeSocket(calls, fd);
        if (socket === undefined) throw new Error(`descriptor ${fd} is no bound socket`);
        return { protocol: protocols[i]!, socket };
      });
      return new Predecessor(stream, sockets);
    } catch (error) {
      throw new StartError(`--takeover: the running tracker passed no sockets: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** The plan with the passed sockets where they fit; those that nothing is planned for any more are closed. */
  furnish(plan: readonly PlannedListener[]): PlannedListener[] {
    return plan.map((planned) => {
      const fits = ({ protocol, socket }: PassedSocket) =>
        protocol === planned.protocol &&
        socket.address === planned.address &&
        (socket.port === planned.port || planned.port === 0);
      const first = this.#sockets.find(fits);
      if (first === undefined) return planned;
      const { port } = first.socket;
      const [inherited, ...inheritedBeside] = this.#take(
        (passed) => fits(passed) && passed.socket.port === port,
      );
      return { ...planned, port, inherited: inherited!, inheritedBeside };
    });
  }

  /** Sockets that `furnish` found no use for. */
  closeRest(): void {
    for (const { socket } of this.#sockets.splice(0)) closeSync(socket.fd);
  }

  /**
   * From here on the old tracker answers no more, and this one has to. Returns when it has stopped.
   * @throws StartError when the old tracker is gone
   */
  stop(): void {
    this.#stoppedAt = performance.now();
    this.#stream.send(`${lines.ready}\n`);
    const until = performance.now() + stopWithinMs;
    while (!this.#hasSaid(lines.stopped, stopWithinMs)) {
      if (performance.now() > until) throw new StartError('--takeover: the running tracker does not stop');
    }
  }

  /**
   * Whether everything is written down by now; waits up to `waitMs` for it.
   * @throws StartError when the old tracker is gone
   */
  hasSaved(waitMs: number): boolean {
    return this.#hasSaid(lines.saved, waitMs);
  }

  #hasSaid(line: string, waitMs: number): boolean {
    if (this.#said.includes(`${line}\n`)) return true;
    try {
      const received = this.#stream.receive(waitMs);
      if (received?.text === '') throw new Error('the running tracker ended before the swarms were saved');
      this.#said += received?.text ?? '';
      return this.#said.includes(`${line}\n`);
    } catch (error) {
      throw new StartError(`--takeover: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Lets the old tracker end. Returns for how many milliseconds nobody answered. */
  release(): number {
    this.#stream.send(`${lines.serving}\n`);
    this.#stream.close();
    return performance.now() - this.#stoppedAt;
  }

  #take(wanted: (passed: PassedSocket) => boolean): InheritedSocket[] {
    const taken = this.#sockets.filter(wanted).map(({ socket }) => socket);
    this.#sockets = this.#sockets.filter((passed) => !wanted(passed));
    return taken;
  }
}
