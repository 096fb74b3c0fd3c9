// The stream workers seen from the main thread: opens their sockets, starts them, tells them what changes.
//
// One listening socket an address, of which each thread has a descriptor of its own: a connection is whichever thread's
// comes first, so one that is busy, or has failed, keeps nobody waiting.
import { adoptTcpListener, type InheritedSocket } from '../../net/inherited-socket.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { openTcpListeners, type TcpListener } from '../../net/tcp-listener.ts';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { Protection } from '../../tracker/protection.ts';
import type { TrackerSettings } from '../../tracker/tracker.ts';
import type { ConnectionTable } from '../../transport/http/connection-table.ts';
import type { FullScrapes } from '../../transport/http/full-scrapes.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import type { TicketKeys } from '../../transport/http/session-tickets.ts';
import type { LiveChange, RequestLog } from '../../transport/live-change.ts';
import type { HttpWorkerMessage } from './http-worker.ts';
import type { HttpsWorkerSettings } from './https-worker.ts';
import type { RequestLines } from './request-log.ts';
import { StreamThread } from './stream-thread.ts';

export interface StreamWorkersOptions {
  workers: number;
  store: SwarmStore;
  settings: TrackerSettings;
  protection?: Protection;
  https: HttpsInWorkers;
  certificate: TlsCertificate | undefined;
  ticketKeys: TicketKeys;
  /** Told of what threads fail with; they go on, or are started again. */
  failed: (error: unknown) => void;
  /** Whether there is a line for each request, and where it goes. */
  requestLog?: (RequestLog & { lines: RequestLines }) | undefined;
  /** What the threads run; tests have one that fails. */
  program?: URL;
}

/** HTTPS on the threads, seen from the main thread. */
export interface HttpsInWorkers {
  readonly settings: HttpsWorkerSettings;
  readonly table: ConnectionTable;
  /** The number in the table of the first thread; the others follow. */
  readonly firstThread: number;
  /** The main thread's, which collect for all. */
  readonly fullScrapes: FullScrapes;
  /** Told of a thread that has failed, with its connections. */
  readonly abandoned?: (thread: number) => void;
  readonly hear: (message: HttpWorkerMessage) => void;
}

const streamWorkerProgram = new URL('./stream-worker.js', import.meta.url);
/** Connections that the kernel completes before they are accepted. */
const backlog = 4096;
/** A connection is accepted when it says something, or after so many seconds. */
const deferSeconds = 1;
/** Answers take milliseconds; a client that reads slowly longer. */
const usualGraceMs = 3000;

/** For threads to take up new rules: longer than a turn of their loop, shorter than an operator waits. */
const usualChangeMs = 5000;

/** Sockets first, threads after: one that cannot have its port has started nothing. */
export class StreamWorkers {
  readonly #calls: SystemCalls;
  readonly #options: StreamWorkersOptions;
  readonly #listeners: TcpListener[] = [];
  readonly #threads: StreamThread[] = [];
  readonly #gate = new Int32Array(new SharedArrayBuffer(4));
  readonly #counters: readonly HttpCounters[];
  readonly #counterMemory: SharedArrayBuffer;
  #certificate: TlsCertificate | undefined;
  #ticketKeys: TicketKeys;
  #certified: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(calls: SystemCalls, options: StreamWorkersOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#certificate = options.certificate;
    this.#ticketKeys = options.ticketKeys;
    this.#counterMemory = new SharedArrayBuffer(options.workers * HttpCounters.bytes);
    this.#counters = Array.from(
      { length: options.workers },
      (_, index) => new HttpCounters(this.#counterMemory, index),
    );
  }

  /** Opens an address for connections and returns the port. Throws SystemCallError. */
  listen(address: string, port: number): number {
    const [listener] = openTcpListeners(this.#calls, { address, port, backlog, deferSeconds });
    this.#listeners.push(listener);
    return listener.port;
  }

  /** Takes an inherited listening socket, or several on one address and port: the kernel would go on sending clients there. */
  adoptListening(inherited: InheritedSocket, beside: readonly InheritedSocket[] = []): void {
    for (const socket of [inherited, ...beside])
      this.#listeners.push(adoptTcpListener(this.#calls, socket, backlog, deferSeconds));
  }

  /** The descriptors of all listening sockets on an address and port. */
  listeningAt(address: string, port: number): number[] {
    const there = this.#listeners.filter((one) => one.address === address && one.port === port);
    return there.map(({ fd }) => fd);
  }

  /** Starts the threads; resolves when all of them could answer, rejects when one cannot. They begin at `serve`. */
  async start(): Promise<void> {
    const { workers, store, settings, protection = new Protection() } = this.#options;
    const { https, requestLog, failed, program = streamWorkerProgram } = this.#options;
    for (let index = 0; index < workers; index++) {
      const thread = https.firstThread + index;
      const data = {
        store: store.buffer,
        settings,
        protection: protection.memory,
        requestLog: { verbose: requestLog?.verbose ?? false, logIp: requestLog?.logIp ?? 'off' },
        linesWaiting: new Int32Array(new SharedArrayBuffer(4)),
        pulse: new Int32Array(new SharedArrayBuffer(4)),
        gate: this.#gate,
        https: {
          settings: https.settings,
          certificate: this.#certificate && plainCertificate(this.#certificate),
          ticketKeys: this.#ticketKeys,
          counters: this.#counterMemory,
          index,
          table: https.table.buffer,
          thread,
        },
        listeners: this.#listeners,
      };
      const told = {
        failed,
        abandoned: () => this.#countOut(index),
        fullScrapes: https.fullScrapes,
        hear: https.hear,
        lines: requestLog?.lines,
      };
      this.#threads.push(new StreamThread(index, program, data, told));
    }
    await Promise.all(this.#threads.map((thread) => thread.start()));
  }

  /** Lets the threads answer. */
  serve(): void {
    Atomics.store(this.#gate, 0, 1);
    for (const thread of this.#threads) thread.serve();
  }

  /** Gives the threads what a reload changes. */
  change(change: LiveChange): void {
    for (const thread of this.#threads) thread.change(change);
  }

  /** Resolves when no thread answers as before the last change, or to which may still do so. */
  async changeTaken(withinMs = usualChangeMs): Promise<string | undefined> {
    const taken = await Promise.all(this.#threads.map((thread) => thread.changeTaken(withinMs)));
    const late = taken.indexOf(false);
    if (late < 0) return undefined;
    return `stream worker ${late} has not taken it up within ${withinMs / 1000} s and may answer as before`;
  }

  /** Resolves when every thread shows `certificate` to whoever connects. */
  async setCertificate(certificate: TlsCertificate): Promise<void> {
    if (certificate !== this.#certificate) {
      this.#certificate = certificate;
      const plain = plainCertificate(certificate);
      this.#certified = Promise.all(this.#threads.map((thread) => thread.setCertificate(plain)));
    }
    await this.#certified;
  }

  get ticketKeys(): TicketKeys {
    return this.#ticketKeys;
  }

  /** Has the threads make session tickets with other keys. */
  setTicketKeys(keys: TicketKeys): void {
    this.#ticketKeys = keys;
    for (const thread of this.#threads) thread.setTicketKeys(keys);
  }

  /** Whether each thread's loop has turned since this was last asked; asks them all again. */
  isWell(): boolean {
    return this.#threads.map((thread) => thread.feelPulse()).every((alive) => alive);
  }

  /** What the threads have counted, one set each, live. */
  counters(): readonly HttpCounters[] {
    return this.#counters;
  }

  /** Makes a thread, by its number in the table, look at what others ask of it. */
  wake(number: number): void {
    this.#threads[number - this.#options.https.firstThread]?.wake();
  }

  /** Ends the threads, each after the requests in flight, for at most `graceMs`, and closes the sockets; once. */
  close(graceMs = usualGraceMs): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  /** Node has closed the connections of a thread that has failed; they still count. */
  #countOut(index: number): void {
    const { table, firstThread, abandoned } = this.#options.https;
    table.abandon(firstThread + index);
    abandoned?.(firstThread + index);
    this.#counters[index].connectionsOpen = 0;
    this.#counters[index].exceptions++;
  }

  async #close(graceMs: number): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop(graceMs)));
    // A thread may end before it hears that a handshake it cut off is closed.
    for (const counters of this.#counters) counters.connectionsOpen = 0;
    for (const { fd } of this.#listeners.splice(0)) this.#calls.close(fd);
  }
}

/** Without what else may be known of it, which other threads cannot be given. */
function plainCertificate({ chain, key }: TlsCertificate): TlsCertificate {
  return { chain, key };
}
