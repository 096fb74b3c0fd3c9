// HTTP in a socket worker's event loop: connections as bare descriptors, their requests answered in the wake-up in which they come.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLET, EPOLLIN } from '../../net/layouts.ts';
import { Stream, StreamSockets } from '../../net/stream-sockets.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { longestProxyHeader } from '../../protocol/proxy-protocol.ts';
import { countLatency } from '../answer-stats.ts';
import type { HttpCounters } from '../http/http-counters.ts';
import { badRequest, type HttpError, tooSlow } from '../http/http-error.ts';
import type { TakenConnection } from '../http/taken-connection.ts';
import { AcceptingSockets } from './accepting-sockets.ts';
import { ConnectionRing, ringBytes } from './connection-ring.ts';
import { type EpollConnection, Phase } from './epoll-connection.ts';
import { EpollWebSockets, type EpollWebSocketsOptions } from './epoll-web-sockets.ts';
import { OpenConnections, type OpenConnectionsOptions } from './open-connections.ts';
import { headerIncomplete, ProxyHeaders, type ProxyHeadersOptions } from './proxy-headers.ts';
import { ReplySender } from './reply-sender.ts';
import { ReplyWriter } from './reply-writer.ts';
import { RequestAnswers, type RequestAnswersOptions, Verdict } from './request-answers.ts';
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
const LF = 0x0a;

export class HttpEpoll {
  readonly #options: HttpEpollOptions;
  readonly #loop: EventLoop;
  readonly #sockets: StreamSockets;
  readonly #bytes: Uint8Array;
  readonly #head: RequestHead;
  readonly #out: ReplyWriter;
  readonly #answers: RequestAnswers;
  readonly #counters: HttpCounters;
  readonly #connections: OpenConnections;
  readonly #accepting: AcceptingSockets;
  readonly #sender: ReplySender;
  readonly #proxyHeaders: ProxyHeaders;
  readonly #wakeUp: WakeUp;
  readonly #webSockets: EpollWebSockets | undefined;
  readonly #ring: ConnectionRing | undefined;
  readonly #ringTurn: RingTurn | undefined;
  #closing = false;

  constructor(calls: SystemCalls, loop: EventLoop, options: HttpEpollOptions) {
    const { limits, wallClock = Date.now, ioUring } = options;
    if (longestProxyHeader + limits.headBytes > inputBytes)
      throw new RangeError('a head behind a PROXY header is longer than what is read at once');
    this.#options = options;
    this.#wakeUp = new WakeUp(options.clock);
    this.#loop = loop;
    this.#proxyHeaders = new ProxyHeaders(options);
    this.#counters = options.counters;
    this.#sockets = ioUring
      ? new StreamSockets(calls, inputBytes, outputBytes, ringInputBytes - inputBytes + ringBytes)
      : new StreamSockets(calls, inputBytes, outputBytes);
    this.#bytes = this.#sockets.input.bytes;
    this.#head = new RequestHead(limits.headBytes);
    this.#out = new ReplyWriter({
      bytes: this.#sockets.output.bytes,
      keepAliveSeconds: Math.floor(limits.keepAliveMs / 1000),
      wallClock,
    });
    const { webTorrent } = options;
    this.#answers = new RequestAnswers(this.#head, this.#out, this.#wakeUp, {
      ...options,
      upgrades: webTorrent !== undefined,
    });
    this.#webSockets = webTorrent && new EpollWebSockets(loop, this.#sockets, options.table, webTorrent);
    this.#ring = ioUring ? this.#openRing(calls) : undefined;
    const told = { expired: this.#onExpired, ready: this.#onReady };
    this.#connections = new OpenConnections(loop, this.#sockets, this.#wakeUp, options, told, this.#ring);
    this.#sender = new ReplySender(
      this.#sockets,
      this.#out,
      this.#connections,
      options,
      this.#resume,
      this.#ring,
    );
    this.#ringTurn = this.#ring && this.#watchRing(this.#ring);
    this.#accepting = new AcceptingSockets(loop, this.#sockets, {
      counters: options.counters,
      wakeUp: this.#wakeUp,
      enter: (fd) => this.#enter(fd),
      paused: () => this.#tickSoon(),
    });
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
    const turn = new RingTurn(ring, this.#connections, {
      ...this.#options,
      input: this.#bytes,
      wakeUp: this.#wakeUp,
      answered: () => this.#answers.count,
      take: (connection, start, seen, end) => this.#take(connection, start, seen, end),
      otherSideEnded: (connection) => this.#otherSideEnded(connection),
    });
    this.#loop.add(ring.streams.fd, EPOLLIN | EPOLLET, turn.run);
    this.#loop.afterCalls(turn.settle);
    return turn;
  }

  /** Accepts what connects to a listening socket, which stays its owner's; several threads may share it. */
  listen(fd: number): void {
    this.#accepting.listen(fd);
  }

  /** Accepts no more, answers what has come, and ends connections that wait for nothing. */
  stop(): void {
    this.#wakeUp.begin();
    this.#accepting.stop();
    this.#closing = true;
    this.#ringTurn?.run();
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
    this.#read(connection);
  }

  #onReady = (_events: number, fd: number): boolean => {
    const connection = this.#connections.at(fd);
    if (connection === undefined) return false;
    this.#wakeUp.begin();
    if (connection.pending !== undefined) this.#sender.sendOn(connection);
    else this.#read(connection);
    return false;
  };

  #read(connection: EpollConnection): void {
    const kept = connection.partialLength;
    if (kept > 0) this.#bytes.set(connection.partial.subarray(0, kept));
    const count = this.#sockets.receive(connection.fd, kept);
    if (count > 0) {
      this.#counters.bytesIn += count;
      if (connection.phase === Phase.lingering) return;
      const before = this.#answers.count;
      this.#take(connection, 0, kept, kept + count);
      const answered = this.#answers.count - before;
      if (answered > 0) countLatency(this.#counters.stats, this.#wakeUp.elapsedMs, answered);
    } else if (count === Stream.wait) this.#connections.setInterest(connection, EPOLLIN);
    else if (count === 0) this.#otherSideEnded(connection);
    else this.#connections.close(connection);
  }

  /** Of what now stands in `bytes[start .. end)`, all before `seen` has been looked at before. */
  #take(connection: EpollConnection, start: number, seen: number, end: number): void {
    if (connection.phase !== Phase.proxyHeader) {
      this.#answer(connection, start, seen, end);
      return;
    }
    // A header is read at the front.
    this.#bytes.copyWithin(0, start, end);
    const length = end - start;
    const at = this.#proxyHeaders.read(connection, this.#bytes, length);
    if (at >= 0) this.#answer(connection, at, at, length);
    else if (at === headerIncomplete) this.#connections.setInterest(connection, EPOLLIN);
    else {
      this.#counters.proxyHeadersMissing++;
      this.#connections.close(connection);
    }
  }

  /** Answers the requests in `bytes[at .. end)`; what is before `seen` held no whole head when it was looked at last. */
  #answer(connection: EpollConnection, start: number, seen: number, end: number): void {
    const bytes = this.#bytes;
    let at = start;
    // Without the end of a line there is no head; who sends byte by byte is not read from the start each time.
    const news =
      seen === start || hasLineFeed(bytes, seen, end) || end - start >= this.#options.limits.headBytes;
    while (news && at < end) {
      if (!this.#out.hasRoom && !this.#sender.flush(connection)) break;
      const headEnd = this.#head.read(bytes, at, end);
      if (headEnd === 0) break;
      if (headEnd < 0) {
        this.#counters.badRequests++;
        this.#refuse(connection, this.#head.error!);
        return;
      }
      this.#connections.renew(connection);
      const verdict = this.#answers.answer(connection, bytes, this.#closing);
      if (verdict === Verdict.handOver || verdict === Verdict.upgrade) {
        this.#part(connection, at, headEnd, end, verdict === Verdict.upgrade);
        return;
      }
      at = headEnd;
      if (verdict === Verdict.answered) continue;
      this.#sender.finish(connection, verdict === Verdict.refused || at < end);
      return;
    }
    // Unless it broke while an answer was sent.
    if (connection.fd < 0) return;
    this.#keepRest(connection, at, end, at > start);
    if (connection.pending === undefined && this.#sender.flush(connection))
      this.#connections.setInterest(connection, EPOLLIN);
  }

  /** `asked`: since the last time, a whole request has come. */
  #keepRest(connection: EpollConnection, start: number, end: number, asked: boolean): void {
    const bytes = this.#bytes;
    let at = start;
    // Empty lines before a request line are nothing (RFC 9112, 2.2), and so put off nothing.
    if (connection.pending === undefined) while (at < end && (bytes[at] === 0x0a || bytes[at] === 0x0d)) at++;
    const { headMs, keepAliveMs } = this.#options.limits;
    if (at === end) {
      if (connection.partialLength > 0) connection.drop();
      if (asked) this.#connections.setDeadline(connection, keepAliveMs);
      if (connection.phase !== Phase.sending) connection.phase = Phase.idle;
      return;
    }
    // The first one's time began with the connection.
    if (connection.asked && (asked || connection.phase === Phase.idle))
      this.#connections.setDeadline(connection, headMs);
    connection.keep(bytes, at, end);
    if (connection.phase !== Phase.sending) connection.phase = Phase.head;
  }

  #otherSideEnded(connection: EpollConnection): void {
    if (connection.phase !== Phase.head) {
      if (connection.phase === Phase.proxyHeader) this.#counters.proxyHeadersMissing++;
      this.#connections.close(connection);
      return;
    }
    this.#counters.badRequests++;
    this.#refuse(connection, badRequest);
  }

  /** Answers what cannot be read as a request, and ends. */
  #refuse(connection: EpollConnection, error: HttpError): void {
    this.#out.httpError(error, false);
    this.#sender.finish(connection, true);
  }

  /** Answers what had come before the client stopped reading. */
  #resume = (connection: EpollConnection): void => {
    const kept = connection.partialLength;
    const { keepAliveMs, headMs } = this.#options.limits;
    connection.phase = kept > 0 ? Phase.head : Phase.idle;
    this.#connections.setDeadline(connection, kept > 0 ? headMs : keepAliveMs);
    if (kept === 0) {
      this.#connections.setInterest(connection, EPOLLIN);
      return;
    }
    this.#bytes.set(connection.partial.subarray(0, kept));
    this.#answer(connection, 0, 0, kept);
  };

  /** Has somebody else answer the request in `bytes[at .. headEnd)`, who gets what came behind it too. */
  #part(connection: EpollConnection, at: number, headEnd: number, end: number, upgrade: boolean): void {
    const bytes = this.#bytes;
    if (connection.reception > 0) {
      // More may have come in the meantime, which lies elsewhere.
      connection.keep(bytes, at, end);
      this.#connections.leaveRing(connection);
      const all = connection.partialLength;
      bytes.set(connection.partial.subarray(0, all));
      this.#partAlone(connection, 0, headEnd - at, all, upgrade);
    } else this.#partAlone(connection, at, headEnd, end, upgrade);
  }

  #partAlone(connection: EpollConnection, at: number, headEnd: number, end: number, upgrade: boolean): void {
    if (!this.#sender.flush(connection)) {
      if (connection.fd >= 0) connection.keep(this.#bytes, at, end);
    } else if (upgrade) this.#upgrade(connection, at, headEnd, end);
    else this.#handOver(connection, at, end);
  }

  #handOver(connection: EpollConnection, at: number, end: number): void {
    const { family, words, proxied, fd } = connection;
    const bytes = this.#bytes.slice(at, end);
    const address = words.slice(0, family === 4 ? 1 : 4);
    this.#connections.release(connection);
    this.#options.handOver({ fd, bytes, family, words: address, proxied });
  }

  /** Opens a WebSocket for the request in `bytes[at .. headEnd)`, behind which more may have come, or refuses it. */
  #upgrade(connection: EpollConnection, at: number, headEnd: number, end: number): void {
    const webSockets = this.#webSockets!;
    // WebSockets write where answers to others may still wait to leave.
    this.#ring?.submit();
    const sent = webSockets.answer(connection.fd, this.#bytes, at, headEnd);
    if (typeof sent !== 'number') {
      this.#refuse(connection, sent);
      return;
    }
    if (sent === 0) {
      this.#connections.close(connection);
      return;
    }
    this.#counters.bytesOut += sent;
    const { fd, place, proxied } = connection;
    const client = this.#answers.client!;
    const address = { family: client.family, words: client.words.slice() };
    const speaksForMany = proxied && client === connection;
    this.#connections.detach(connection);
    webSockets.take(fd, place, address, speaksForMany, this.#bytes, headEnd, end);
    this.#tickSoon();
  }

  get #webSocketCount(): number {
    return this.#webSockets?.count ?? 0;
  }

  #tickSoon(): void {
    this.#loop.every(this.#options.limits.checkEveryMs, this.#onTick);
  }

  #onTick = (): void => {
    this.#wakeUp.begin();
    this.#connections.tick();
    this.#webSockets?.tick();
    this.#accepting.resume();
    if (this.isIdle && !this.#accepting.isPaused) this.#loop.every(0, undefined);
  };

  #onExpired = (connection: EpollConnection): void => {
    switch (connection.phase) {
      case Phase.head:
        this.#counters.timeouts++;
        this.#refuse(connection, tooSlow);
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
  };
}

function hasLineFeed(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] === LF) return true;
  return false;
}
