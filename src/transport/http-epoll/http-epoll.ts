// HTTP in a socket worker's event loop: which parts answer over bare descriptors, and how they begin, are woken and end.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLET, EPOLLIN } from '../../net/layouts.ts';
import { Stream, StreamSockets } from '../../net/stream-sockets.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { longestProxyHeader } from '../../protocol/proxy-protocol.ts';
import { countLatency } from '../answer-stats.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import { tooSlow } from '../http/http-error.ts';
import type { TakenConnection } from '../http/taken-connection.ts';
import { AcceptingSockets } from './accepting-sockets.ts';
import { ArrivedRequests } from './arrived-requests.ts';
import { ConnectionRing, ringBytes } from './connection-ring.ts';
import { Departures } from './departures.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import { EpollWebSockets, type EpollWebSocketsOptions } from './epoll-web-sockets.ts';
import { GatheredTurn, gatheredBytes } from './gathered-turn.ts';
import type { Gathering } from './gathering.ts';
import { OpenConnections, type OpenConnectionsOptions } from './open-connections.ts';
import { PlainGathering } from './plain-gathering.ts';
import { ProxyHeaders, type ProxyHeadersOptions } from './proxy-headers.ts';
import { ReplySender } from './reply-sender.ts';
import { ReplyWriter } from './reply-writer.ts';
import { RequestAnswers, type RequestAnswersOptions } from './request-answers.ts';
import { RequestHead } from './request-head.ts';
import { RingTurn } from './ring-turn.ts';
import { WakeUp } from './wake-up.ts';

export interface HttpEpollOptions
  extends Omit<RequestAnswersOptions, 'upgrades'>,
    OpenConnectionsOptions,
    ProxyHeadersOptions {
  readonly counters: HttpCounters;
  /** Whole seconds of the monotonic clock that all threads share. */
  readonly clock: () => number;
  /** Takes a connection whose next request this thread does not answer; the descriptor is its own from then on. */
  readonly handOver: (connection: TakenConnection) => void;
  readonly wallClock?: () => number;
  /** Without it requests for a WebSocket are answered as if they asked for none. */
  readonly webTorrent?: EpollWebSocketsOptions | undefined;
  /**
   * Which connections go over io_uring: those that are kept, from their first answer on, or all that are waited for, which gains
   * nothing more. Where it cannot be had, all go over epoll, and `onNoUring` is told why.
   */
  readonly ioUring?: 'kept' | 'all' | undefined;
  readonly onNoUring?: (error: unknown) => void;
}

/** A head, and what one wake-up reads besides. */
const inputBytes = 64 * 1024;
const outputBytes = 256 * 1024;
/** With io_uring, a connection whose answers wait may have sent twice what all buffers hold; it is answered from here. */
const ringInputBytes = inputBytes + 2 * ringBytes;
/** To refuse one and end it takes as long as so many things that `pieceDone` counts as one. */
const piecesPerExpiry = 4;
/** When more is to be ended than in one turn, so many milliseconds are everybody else's in between. */
const behindMs = 1;

export class HttpEpoll {
  readonly #options: HttpEpollOptions;
  readonly #loop: EventLoop;
  readonly #sockets: StreamSockets;
  readonly #bytes: Uint8Array;
  readonly #out: ReplyWriter;
  readonly #answers: RequestAnswers;
  readonly #counters: HttpCounters;
  readonly #connections: OpenConnections;
  readonly #accepting: AcceptingSockets;
  readonly #sender: ReplySender;
  readonly #requests: ArrivedRequests;
  readonly #wakeUp: WakeUp;
  readonly #webSockets: EpollWebSockets | undefined;
  readonly #ring: ConnectionRing | undefined;
  readonly #ringTurn: RingTurn | undefined;
  readonly #gatheredTurn: GatheredTurn | undefined;
  #isBehind = false;

  constructor(calls: SystemCalls, loop: EventLoop, options: HttpEpollOptions) {
    const { limits, wallClock = Date.now, ioUring } = options;
    if (longestProxyHeader + limits.headBytes > inputBytes)
      throw new RangeError('a head behind a PROXY header is longer than what is read at once');
    this.#options = options;
    this.#wakeUp = new WakeUp(options.clock);
    this.#loop = loop;
    this.#counters = options.counters;
    const behind = ioUring ? ringInputBytes - inputBytes + ringBytes : gatheredBytes;
    this.#sockets = new StreamSockets(calls, options.table.acceptWords, { inputBytes, outputBytes, behind });
    this.#bytes = this.#sockets.input.bytes;
    this.#out = new ReplyWriter({
      bytes: this.#sockets.output.bytes,
      keepAliveSeconds: Math.floor(limits.keepAliveMs / 1000),
      wallClock,
    });
    const head = new RequestHead(limits.headBytes);
    const { webTorrent } = options;
    this.#answers = new RequestAnswers(head, this.#out, this.#wakeUp, {
      ...options,
      upgrades: webTorrent !== undefined,
    });
    // Before WebSockets send what they have gathered, as one may be opened in it.
    loop.afterCalls(() => this.#gatheredTurn?.run());
    this.#webSockets = webTorrent && new EpollWebSockets(loop, this.#sockets, options.table, webTorrent);
    this.#ring = ioUring ? this.#openRing(calls) : undefined;
    const told = { expired: this.#onExpired, ready: this.#onReady };
    const plain = new PlainGathering(loop, this.#sockets, this.#out, this.#counters);
    const gathering = this.#ring ?? plain;
    this.#connections = new OpenConnections(loop, this.#sockets, this.#wakeUp, options, told, gathering);
    this.#sender = new ReplySender(
      this.#sockets,
      this.#out,
      this.#connections,
      options,
      (connection) => this.#requests.resume(connection),
      gathering,
    );
    this.#requests = this.#createRequests(head, gathering);
    this.#ringTurn = this.#ring && this.#watchRing(this.#ring);
    this.#gatheredTurn = this.#ring ? undefined : this.#createTurn(plain);
    this.#accepting = new AcceptingSockets(loop, this.#sockets, {
      counters: options.counters,
      wakeUp: this.#wakeUp,
      enter: (fd) => this.#enter(fd),
      paused: () => this.#tickSoon(),
      makeRoom: (leastSilentSeconds) => this.#connections.makeRoom(leastSilentSeconds),
    });
  }

  #createRequests(head: RequestHead, gathering: Gathering): ArrivedRequests {
    const options = this.#options;
    const parts = {
      input: this.#bytes,
      connections: this.#connections,
      sender: this.#sender,
      answers: this.#answers,
    };
    const departures = new Departures({
      ...parts,
      counters: this.#counters,
      webSockets: this.#webSockets,
      gathering,
      handOver: options.handOver,
      opened: () => this.#tickSoon(),
    });
    const proxyHeaders = new ProxyHeaders(options);
    return new ArrivedRequests({ ...parts, head, out: this.#out, proxyHeaders, departures }, options);
  }

  #openRing(calls: SystemCalls): ConnectionRing | undefined {
    try {
      return new ConnectionRing(calls, this.#sockets, ringInputBytes, this.#out, this.#counters);
    } catch (error) {
      this.#options.onNoUring?.(error);
      return undefined;
    }
  }

  #watchRing(ring: ConnectionRing): RingTurn {
    const turn = new RingTurn(this.#loop, ring, this.#connections, {
      ...this.#options,
      input: this.#bytes,
      wakeUp: this.#wakeUp,
      answered: () => this.#answers.count,
      take: (connection, start, seen, end) => this.#requests.take(connection, start, seen, end),
      otherSideEnded: (connection) => this.#requests.otherSideEnded(connection),
    });
    this.#loop.add(ring.streams.fd, EPOLLIN | EPOLLET, turn.run);
    this.#loop.afterCalls(turn.settle);
    return turn;
  }

  #createTurn(gathering: PlainGathering): GatheredTurn {
    return new GatheredTurn(this.#loop, gathering, this.#connections, this.#sockets, inputBytes, {
      ...this.#options,
      wakeUp: this.#wakeUp,
      answered: () => this.#answers.count,
      took: (connection, at, count) => this.#took(connection, at, 0, count),
    });
  }

  /** Accepts what connects to a listening socket, which stays its owner's; several threads may share it. */
  listen(fd: number): void {
    this.#accepting.listen(fd);
  }

  /** Accepts no more, answers what has come, and ends connections that wait for nothing. */
  stop(): void {
    this.#wakeUp.begin();
    this.#accepting.stop();
    this.#requests.closing = true;
    this.#ringTurn?.run();
    this.#gatheredTurn?.run();
    this.#connections.closeIdle();
    this.#webSockets?.stop();
    this.#ringTurn?.settle();
  }

  /** Whether no connection is open. */
  get isIdle(): boolean {
    return this.#connections.count === 0 && this.#webSocketCount === 0;
  }

  /** Cuts off whatever is left and lets go of the memory. */
  close(): void {
    this.#connections.resetAll();
    this.#webSockets?.close();
    this.#loop.every(0, undefined);
    if (this.#ring !== undefined) {
      this.#loop.remove(this.#ring.streams.fd);
      this.#ring.close();
    }
    this.#sockets.release();
  }

  /** Ends what other threads have asked this one to end; called when the thread was woken. */
  wake(): void {
    this.#connections.shedAsked();
    this.#webSockets?.readLetters();
  }

  #enter(fd: number): void {
    const connection = this.#connections.admit(fd);
    if (connection === undefined) return;
    if (this.#connections.count === 1) this.#tickSoon();
    // With its question, as a rule: the kernel lets it in once it has said something.
    this.#readAlone(connection);
  }

  #onReady = (_events: number, fd: number): boolean => {
    const connection = this.#connections.at(fd);
    if (connection === undefined) return false;
    const isAsking = connection.phase === Phase.idle && connection.pending === undefined;
    if (isAsking && this.#gatheredTurn !== undefined) {
      this.#gatheredTurn.add(connection);
      return false;
    }
    this.#wakeUp.begin();
    if (connection.pending !== undefined) this.#sender.sendOn(connection);
    else this.#readAlone(connection);
    return false;
  };

  #readAlone(connection: EpollConnection): void {
    const before = this.#answers.count;
    this.#read(connection);
    const answered = this.#answers.count - before;
    if (answered > 0) countLatency(this.#counters.stats, this.#wakeUp.elapsedMs, answered);
  }

  #read(connection: EpollConnection): void {
    const kept = connection.partialLength;
    if (kept > 0) this.#bytes.set(connection.partial.subarray(0, kept));
    this.#took(connection, 0, kept, this.#sockets.receive(connection.fd, kept));
  }

  /** So much, or a `Stream` value, was read behind what was kept of `connection`, which stands at `input[at ..]`. */
  #took(connection: EpollConnection, at: number, kept: number, count: number): void {
    if (count > 0) {
      this.#counters.bytesIn += count;
      if (connection.phase === Phase.lingering) return;
      this.#requests.take(connection, at, at + kept, at + kept + count);
    } else if (count === Stream.wait) this.#connections.setInterest(connection, EPOLLIN);
    else if (count === 0) this.#requests.otherSideEnded(connection);
    else this.#connections.close(connection);
  }

  get #webSocketCount(): number {
    return this.#webSockets?.count ?? 0;
  }

  #tickSoon(): void {
    this.#loop.every(this.#isBehind ? behindMs : this.#options.limits.checkEveryMs, this.#onTick);
  }

  #onTick = (): void => {
    this.#wakeUp.begin();
    const areConnectionsDone = this.#connections.tick();
    const areWebSocketsDone = this.#webSockets?.tick() ?? true;
    this.#isBehind = !(areConnectionsDone && areWebSocketsDone);
    this.#accepting.resume();
    if (this.isIdle && !this.#accepting.isPaused) this.#loop.every(0, undefined);
    else this.#tickSoon();
  };

  #onExpired = (connection: EpollConnection): void => {
    this.#expire(connection);
    this.#loop.pieceDone(piecesPerExpiry);
  };

  #expire(connection: EpollConnection): void {
    switch (connection.phase) {
      case Phase.head:
        this.#counters.timeouts++;
        this.#requests.refuse(connection, tooSlow);
        return;
      case Phase.sending:
        this.#connections.reset(connection);
        return;
      case Phase.proxyHeader:
        this.#counters.proxyHeadersMissing++;
        this.#connections.close(connection);
        return;
      default:
        this.#connections.close(connection);
    }
  }
}
