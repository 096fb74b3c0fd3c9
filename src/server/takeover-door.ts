// The old tracker's side of a takeover: where a new one knocks, gets the sockets and, when it is ready, the swarms.
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { sendDescriptors } from '../net/pass-descriptors.ts';
import type { SystemCalls } from '../net/system-calls.ts';
import type { PlannedListener } from './listen-plan.ts';

/*
 * The conversation, a line each, over a Unix socket in the data directory that only its owner may open:
 *
 *   new: take       old: the protocols of its sockets as JSON, and with them the sockets
 *   new: ready      old: stops answering, says `stopped` and writes the swarms down; the new one reads what is there
 *                        already while it is written, and that it is all at `saved`
 *   new: serving    old: ends
 *
 * Up to `ready` either side may break off and nothing has happened. What arrives after it waits in the sockets' queues,
 * which both processes hold, so it is answered by the new one.
 */
export const lines = {
  take: 'take',
  ready: 'ready',
  stopped: 'stopped',
  saved: 'saved',
  serving: 'serving',
} as const;

export interface OwnedSocket {
  protocol: PlannedListener['protocol'];
  descriptor: number;
}

export interface TakeoverDoorOptions {
  calls: SystemCalls;
  directory: string;
  sockets: () => OwnedSocket[];
  /** Stops answering; resolves when nothing changes the swarms any more. */
  stop: () => Promise<void>;
  /** Saves them; resolves when all is readable. */
  save: () => Promise<void>;
  failed: (error: unknown) => void;
}

/** How it ended: the new tracker serves, or it broke off when it was too late to go on. */
export type Succession = 'serving' | 'broken';

/** Longer than loading 10 million peers takes. */
const servingWithinMs = 30_000;

export function doorPath(directory: string): string {
  return join(directory, 'takeover.sock');
}

export class TakeoverDoor {
  readonly #options: TakeoverDoorOptions;
  readonly #server: Server;
  /** Resolves once, if ever, when this process has nothing left to do. */
  readonly left: Promise<Succession>;
  #leave!: (succession: Succession) => void;
  #leaving = false;

  private constructor(options: TakeoverDoorOptions) {
    this.#options = options;
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#server = createServer((socket) => this.#converse(socket));
  }

  /** Rejects with the system's error. Nobody else may be listening there: the file is taken away first. */
  static async open(options: TakeoverDoorOptions): Promise<TakeoverDoor> {
    const door = new TakeoverDoor(options);
    const path = doorPath(options.directory);
    rmSync(path, { force: true });
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        door.#server.once('error', reject);
        // Binds before it returns, so the mask is in force for this file only.
        door.#server.listen(path, resolve);
        process.umask(mask);
      });
    } finally {
      process.umask(mask);
    }
    door.#server.unref();
    door.#server.on('error', options.failed);
    return door;
  }

  /** Takes the door away; a conversation under way goes on. */
  close(): void {
    this.#server.close();
  }

  #converse(socket: Socket): void {
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (part: string) => {
      text += part;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        this.#answer(line, socket);
      }
      if (text.length > 100) socket.destroy();
    });
  }

  #answer(line: string, socket: Socket): void {
    try {
      if (line === lines.take) this.#pass(socket);
      else if (line === lines.ready && !this.#leaving) void this.#vacate(socket);
      else if (line === lines.serving && this.#leaving) this.#leave('serving');
      else socket.destroy();
    } catch (error) {
      this.#options.failed(error);
      socket.destroy();
    }
  }

  #pass(socket: Socket): void {
    const sockets = this.#options.sockets();
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    sendDescriptors(
      this.#options.calls,
      fd,
      `${JSON.stringify(sockets.map(({ protocol }) => protocol))}\n`,
      sockets.map(({ descriptor }) => descriptor),
    );
  }

  async #vacate(socket: Socket): Promise<void> {
    this.#leaving = true;
    socket.on('close', () => this.#leave('broken'));
    setTimeout(() => this.#leave('broken'), servingWithinMs).unref();
    this.close();
    try {
      await this.#options.stop();
      socket.write(`${lines.stopped}\n`);
      await this.#options.save();
    } catch (error) {
      this.#options.failed(error);
    }
    socket.write(`${lines.saved}\n`);
  }
}
