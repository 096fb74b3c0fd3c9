// The old tracker's side of a takeover: where a new one knocks, gets the sockets and, while this one serves, the swarms.
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { descriptorOf } from '../../net/node-handles.ts';
import { sendDescriptors } from '../../net/pass-descriptors.ts';
import { shortSocketPath } from '../../net/socket-path.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import type { PassedFilter } from '../listening/passed-filters.ts';
import type { PassedSockets } from '../listening/passed-sockets.ts';
import {
  doorPath,
  formatGreeting,
  greetingsOf,
  lines,
  type OwnedSocket,
  otherVersion,
  takeoverVersion,
} from './conversation.ts';
import { Handover } from './handover.ts';
import { keepSockets } from './kept-sockets.ts';
import { StoreCopy } from './store-copy.ts';

export interface TakeoverDoorOptions {
  calls: SystemCalls;
  directory: string;
  store: SwarmStore;
  sockets: () => OwnedSocket[];
  /** Of network interfaces. */
  filters: () => readonly PassedFilter[];
  /** Keeps quiet in the background while the swarms are copied; resolves when that is so. */
  pause: () => Promise<void>;
  /** The new tracker broke off, and this one goes on as before. */
  resume: () => void;
  /** Stops answering; resolves when nothing changes the swarms any more. */
  stop: () => Promise<void>;
  failed: (error: unknown) => void;
  /** Told why a new tracker was turned away, or given up, while this one goes on. */
  goesOn: (reason: string) => void;
}

/** How it ended: the new tracker serves; or it broke off when this one had stopped, and here are the sockets again. */
export type Succession = { kind: 'serving'; pid: number } | { kind: 'broken'; sockets: PassedSockets };

/** The one conversation in which the swarms are copied. */
interface Copying {
  socket: Socket;
  copy: StoreCopy;
  /** Settles when all is sent that is sent while this tracker answers. */
  sent: Promise<void>;
  /** There from `ready` on. */
  handover?: Handover;
}

/** From `take` to `copy`: the new tracker reserves its memory and opens what it was not passed. */
const copyWithinMs = 60_000;
/** For all swarms, and between two sections: a reader that stands still would have this one note changes for ever. */
const copiedWithinMs = 600_000;
const readWithinMs = 10_000;
/** When all is sent; the new tracker has read all but the last of it then. */
const readyWithinMs = 10_000;
/** From `ready` on; the new tracker has nothing left to do that takes long. */
const servingWithinMs = 10_000;

export class TakeoverDoor {
  readonly #options: TakeoverDoorOptions;
  readonly #server: Server;
  /** Resolves once, if ever, when this process has stopped for another. */
  readonly left: Promise<Succession>;
  #leave!: (succession: Succession) => void;
  #copying: Copying | undefined;
  #ending = false;

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
    // Kept as long as the door: Node takes the file away by the same name.
    const short = shortSocketPath(path);
    door.#server.once('close', short.release);
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        door.#server.once('error', reject);
        // Binds before it returns, so the mask is in force for this file only.
        door.#server.listen(short.path, resolve);
        process.umask(mask);
      });
    } finally {
      process.umask(mask);
    }
    door.#server.unref();
    door.#server.on('error', options.failed);
    return door;
  }

  /** Whether this process has stopped, or stops, for another that does not serve yet. */
  get isLeaving(): boolean {
    return this.#copying?.handover !== undefined;
  }

  /** From now on whoever knocks is kept waiting: it hears of the end of this process by the end of the conversation. */
  end(): void {
    this.#ending = true;
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
    const copying = this.#copying?.socket === socket ? this.#copying : undefined;
    const [word, said] = line.split(' ');
    // Its swarms are being saved, and it may end in the midst of any answer.
    if (this.#ending && copying === undefined) return;
    try {
      if (word === lines.take && said === takeoverVersion) this.#pass(socket);
      else if (word === lines.take) this.#refuse(socket, said);
      else if (word === lines.copy && this.#copying === undefined) this.#copy(socket);
      else if (word === lines.ready && copying && !copying.handover) void this.#vacate(copying);
      else if (word === lines.serving && copying?.handover) copying.handover.serving(Number(said));
      else if (word === lines.done && copying?.handover) copying.handover.done();
      else socket.destroy();
    } catch (error) {
      this.#options.failed(error);
      socket.destroy();
    }
  }

  #refuse(socket: Socket, version = 'none'): void {
    socket.end(formatGreeting(otherVersion));
    this.#options.goesOn(
      `it has version ${version} of the takeover, and this one has version ${takeoverVersion}`,
    );
  }

  #pass(socket: Socket): void {
    const { calls, sockets, filters } = this.#options;
    for (const { greeting, descriptors } of greetingsOf(sockets(), filters()))
      sendDescriptors(calls, descriptorOf(socket), formatGreeting(greeting), descriptors);
    const late = setTimeout(() => {
      if (this.#copying?.socket === socket) return;
      this.#options.goesOn(`it did not ask for the swarms within ${copyWithinMs / 1000} s`);
      socket.destroy();
    }, copyWithinMs).unref();
    socket.once('close', () => clearTimeout(late));
  }

  #copy(socket: Socket): void {
    const { store, pause, resume, goesOn } = this.#options;
    const copy = new StoreCopy(store, (bytes) => send(socket, bytes));
    const paused = pause();
    const sent = paused.then(() => copy.sendWhileServing());
    const copying: Copying = { socket, copy, sent };
    this.#copying = copying;
    let late: NodeJS.Timeout;
    const within = (ms: number, what: string) => {
      clearTimeout(late);
      late = setTimeout(() => end(`${what} within ${ms / 1000} s`), ms).unref();
    };
    const end = (reason?: string) => {
      if (this.#copying !== copying || copying.handover) return;
      this.#copying = undefined;
      clearTimeout(late);
      copy.close();
      socket.destroy();
      if (reason !== undefined) goesOn(reason);
      void paused.then(resume);
    };
    within(copiedWithinMs, 'the swarms were not copied');
    socket.once('close', () => end('it broke off while the swarms were copied'));
    sent.then(
      () => within(readyWithinMs, 'it has all swarms and was not ready to serve'),
      (error) => end((error as Error).message),
    );
  }

  async #vacate(copying: Copying): Promise<void> {
    const { socket, copy } = copying;
    const handover = new Handover(socket, servingWithinMs);
    copying.handover = handover;
    this.close();
    const kept = keepSockets(this.#options.calls, this.#options.sockets());
    try {
      await copying.sent;
      await this.#options.stop();
      await copy.sendRest();
      handover.sent();
    } catch (error) {
      if (!socket.destroyed) this.#options.goesOn((error as Error).message);
      handover.giveUp();
    }
    const pid = await handover.decided;
    copy.close();
    this.#leave(pid === undefined ? { kind: 'broken', sockets: kept } : { kind: 'serving', pid });
  }
}

/** Resolves when the kernel has it, rejects when it does not take it in time; the bytes may be written over at once. */
function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) {
      reject(new Error('it is gone'));
      return;
    }
    const late = setTimeout(
      () => reject(new Error(`it has read nothing for ${readWithinMs / 1000} s`)),
      readWithinMs,
    ).unref();
    socket.write(bytes.slice(), (error) => {
      clearTimeout(late);
      if (error) reject(error);
      else resolve();
    });
  });
}
