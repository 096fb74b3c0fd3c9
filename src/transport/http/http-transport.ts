// HTTP through node:http: receives requests within bounds, asks for their answers, and sends them.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { descriptorOf } from '../../net/node-handles.ts';
import { fullScrapeBusy, internalError, tooManyRequests, undecided } from '../../protocol/failure.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { countLatency } from '../answer-stats.ts';
import type { ClientAddress } from '../client-address.ts';
import { ConnectionIntake } from './connection-intake.ts';
import type { FullScrapes } from './full-scrapes.ts';
import { HttpAnswers, Outcome } from './http-answers.ts';
import type { HttpConnections } from './http-connections.ts';
import type { HttpCounters } from './http-counters.ts';
import { badRequest, type HttpError, sendHttpError, tooOften, tooSlow, unknownPath } from './http-error.ts';
import { backlog, defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { formatHttpPage, pageFields } from './http-page.ts';
import { sendAnswer, sendText } from './http-send.ts';
import { createHttpServer } from './http-server.ts';
import { HttpTarget, Target } from './http-target.ts';
import { asksForWebSocket, headWithoutUpgrade, type TakeUpgrade, type Upgrade } from './http-upgrade.ts';
import { type Asker, RequestChecks } from './request-checks.ts';
import { parseRequestHost } from './request-host.ts';
import { secureContextOptions, type TlsCertificate } from './secure-context.ts';
import { SessionTickets, type TicketKeys } from './session-tickets.ts';
import { defaultTlsHandshakeLimits, type TlsHandshakeLimits, TlsHandshakes } from './tls-handshakes.ts';

export interface HttpOptions {
  /** An IPv4 or IPv6 literal; an IPv6 one receives IPv6 only. */
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** A listening socket that is open already and is used instead of a new one. */
  fd?: number | undefined;
  tracker: Tracker;
  /** Shared by all HTTP listeners of the process. */
  connections: HttpConnections;
  /** Of `tracker`; shared by all HTTP listeners of the process. */
  fullScrapes: FullScrapes;
  counters: HttpCounters;
  /** What the page at `/` names to a client that calls the tracker `host`, or something that is no name. */
  announceUrls: (host: string | undefined) => readonly string[];
  /** Whole seconds of the monotonic clock that all threads share. */
  clock: () => number;
  /** Told of a defect of ours while answering; the client is told `internal error`. */
  onException: (error: unknown) => void;
  limits?: HttpLimits;
  /** Speak HTTPS, with this certificate, or with one that comes later. */
  https?: {
    certificate: TlsCertificate | undefined;
    handshakes?: TlsHandshakeLimits;
    /** Without them tickets are good at this listener only. */
    ticketKeys?: TicketKeys | undefined;
  };
  /** Connections from trusted proxies begin with a PROXY protocol header. */
  proxyProtocol?: boolean;
  /** Told of a trusted proxy, by its address, that begins with something else. */
  onBrokenProxyHeader?: (address: string) => void;
  /** Told of an X-Forwarded-For of a trusted proxy that cannot be read; its client is refused. */
  onBrokenForwardedFor?: (header: string) => void;
  /** Is asked first about every GET and HEAD: answers and returns true, or returns false. */
  answerFirst?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Is given what asks for a WebSocket; without it that is answered as if it did not. */
  takeUpgrade?: TakeUpgrade | undefined;
}

/** A connection that has come as far as a request elsewhere. */
export interface TakenConnection {
  readonly fd: number;
  readonly bytes: Uint8Array;
  readonly family: 4 | 6;
  /** 1 or 4 words. */
  readonly words: Int32Array;
  readonly proxied: boolean;
}

/** A request for a WebSocket, before it is known whether it may have one. */
interface OfferedUpgrade extends Omit<Upgrade, 'client' | 'speaksForMany'> {
  readonly asker: Asker;
}

/** A pipeline could ask for thousands. */
const maxStreamsPerConnection = 4;

export class HttpTransport {
  readonly #options: HttpOptions;
  readonly #limits: HttpLimits;
  readonly #server: Server | SecureServer;
  readonly #intake: ConnectionIntake;
  readonly #answers: HttpAnswers;
  readonly #checks: RequestChecks;
  readonly #target = new HttpTarget();
  readonly #targetBytes: Buffer;
  readonly #tickets: SessionTickets | undefined;
  #closing = false;

  private constructor(options: HttpOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultHttpLimits;
    this.#answers = new HttpAnswers(options.tracker, options.counters);
    this.#checks = new RequestChecks(options, this.#limits.headBytes);
    this.#targetBytes = Buffer.alloc(this.#limits.headBytes);
    this.#server = createHttpServer(this.#limits, options.https, {
      answer: (request, response) => this.#receive(request, response),
      upgrade: options.takeUpgrade && ((request, socket, bytes) => this.#upgrade(request, socket, bytes)),
      refuse: (error, socket) => this.#refuse(error, socket),
    });
    const ticketKeys = options.https?.ticketKeys;
    this.#tickets = ticketKeys && new SessionTickets(ticketKeys);
    if ('setSecureContext' in this.#server) this.#tickets?.serve(this.#server);
    const { connections, counters, https, proxyProtocol, onBrokenProxyHeader } = options;
    this.#intake = new ConnectionIntake(this.#server, {
      connections,
      counters,
      proxyHeaderMs: proxyProtocol ? this.#limits.headMs : undefined,
      onBrokenProxyHeader,
      handshakes: https && new TlsHandshakes(https.handshakes ?? defaultTlsHandshakeLimits, counters),
    });
  }

  /** One that does not listen, and only goes on with connections that others have accepted. */
  static withoutListener(options: Omit<HttpOptions, 'host' | 'port'>): HttpTransport {
    return new HttpTransport({ ...options, host: '', port: 0 });
  }

  /** Binds and begins to answer; rejects with the system's error when the port cannot be had. */
  static async listen(options: HttpOptions): Promise<HttpTransport> {
    const transport = new HttpTransport(options);
    const server = transport.#server;
    await new Promise<void>((resolve, reject) => {
      const { host, port, fd } = options;
      const ready = () => {
        server.off('error', reject);
        resolve();
      };
      server.once('error', reject);
      // With a descriptor Node takes the backlog from the second argument only, and would cut an inherited one to 511.
      if (fd === undefined) server.listen({ host, port, ipv6Only: true, backlog }, ready);
      else server.listen({ fd }, backlog, ready);
    });
    server.on('error', (error) => options.onException(error));
    return transport;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The listening socket's, for another process to go on with. */
  get descriptor(): number {
    return descriptorOf(this.#server);
  }

  /**
   * Goes on with a connection that another thread has accepted, by its descriptor: `bytes` have come on it and are not
   * answered. The transport need not listen.
   */
  take({ fd, bytes, family, words, proxied }: TakenConnection): void {
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.#intake.take(socket, { family, words }, proxied, bytes);
  }

  /**
   * Answers an announce or a scrape that has come to a server of somebody else's, whose limits hold for its connection;
   * false, and nothing is done, when it is neither. `kind` says what it is, whatever its path.
   */
  answerForOther(
    request: IncomingMessage,
    response: ServerResponse,
    asker: Asker,
    kind?: typeof Target.announce | typeof Target.scrape,
  ): boolean {
    const target = this.#readTarget(request);
    const asked = kind ?? target.kind;
    if (asked !== Target.announce && asked !== Target.scrape) return false;
    this.#answer(request, response, asker, asked);
    return true;
  }

  /** Takes a request for a WebSocket over from somebody else's server; false, and nothing is done, when it is none. */
  upgradeForOther(
    request: IncomingMessage,
    socket: Socket,
    bytes: Uint8Array,
    asker: Asker,
    secure: boolean,
  ): boolean {
    const { takeUpgrade, counters } = this.#options;
    if (takeUpgrade === undefined || !asksForWebSocket(request.headers.upgrade)) return false;
    const refuse = (error: HttpError) => {
      counters.badRequests++;
      sendHttpError(socket, error, this.#limits.lingerMs);
    };
    this.#offerUpgrade({ request, socket, bytes, asker, secure, refuse, take: () => {} });
    return true;
  }

  /** Shows `certificate` to whoever connects from now on; open connections stay as they are. */
  setCertificate(certificate: TlsCertificate): void {
    if (!('setSecureContext' in this.#server)) return;
    this.#server.setSecureContext(secureContextOptions(certificate));
    this.#tickets?.serve(this.#server);
  }

  /** Makes session tickets with other keys from now on. */
  setTicketKeys(keys: TicketKeys): void {
    if ('setSecureContext' in this.#server) this.#tickets?.setKeys(keys, this.#server);
  }

  /** Stops accepting, lets what is in flight finish for at most `graceMs`, and cuts off the rest. */
  async close(graceMs = 1000): Promise<void> {
    this.#closing = true;
    this.#intake.close();
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await new Promise((resolve) => this.#server.close(resolve));
    clearTimeout(cut);
  }

  /** From here on node:http has nothing to do with the connection. */
  #upgrade(request: IncomingMessage, socket: Socket, bytes: Buffer): void {
    const { connections } = this.#options;
    const connection = connections.get(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    connections.renew(connection);
    if (!asksForWebSocket(request.headers.upgrade)) {
      socket.unshift(Buffer.concat([headWithoutUpgrade(request), bytes]));
      this.#intake.serveAgain(socket);
      return;
    }
    this.#offerUpgrade({
      ...{ request, socket, bytes, asker: connection, secure: this.#options.https !== undefined },
      refuse: (error) => this.#refuse(error, socket),
      take: () => connections.detach(connection),
    });
  }

  #offerUpgrade({ request, socket, bytes, asker, secure, refuse, take }: OfferedUpgrade): void {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(0);
    const error = this.#checks.errorOf(request);
    const client = this.#checks.clientOf(asker);
    if (error !== undefined) refuse(error);
    else if (client === undefined) refuse(badRequest);
    else if (this.#checks.isOverLimit(client, asker)) {
      this.#options.counters.rateLimited++;
      refuse(tooOften);
    } else {
      this.#options.takeUpgrade!({
        ...{ request, socket, bytes, client, secure, refuse, take },
        speaksForMany: asker.proxied && client === asker.address,
      });
    }
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#options.connections.get(request.socket);
    if (connection === undefined) return;
    this.#options.connections.renew(connection);
    this.#answer(request, response, connection);
  }

  /** `kind`: what is asked, where the path does not say it. */
  #answer(request: IncomingMessage, response: ServerResponse, asker: Asker, kind?: Target): void {
    const start = performance.now();
    try {
      this.#route(request, response, asker, kind);
      countLatency(this.#options.counters.stats, performance.now() - start, 1);
    } catch (error) {
      this.#fail(error, response);
    }
  }

  #route(request: IncomingMessage, response: ServerResponse, asker: Asker, kind?: Target): void {
    const { counters } = this.#options;
    const error = this.#checks.errorOf(request);
    if (error !== undefined) {
      counters.badRequests++;
      respondWith(response, error);
      return;
    }
    const client = this.#checks.clientOf(asker);
    if (client !== undefined && this.#checks.isOverLimit(client, asker)) {
      counters.rateLimited++;
      this.#answers.refuse(tooManyRequests);
      sendAnswer(response, this.#answers.writer, false, true);
      return;
    }
    if (this.#options.answerFirst?.(request, response)) return;
    const target = this.#readTarget(request);
    switch (kind ?? target.kind) {
      case Target.announce:
        this.#announce(request, response, asker, client);
        return;
      case Target.scrape:
        this.#send(response, asker, this.#answers.scrape(this.#targetBytes, target.queryAt, target.end));
        return;
      case Target.page:
        counters.pages++;
        sendText(
          response,
          200,
          'text/html; charset=utf-8',
          formatHttpPage(this.#options.announceUrls(parseRequestHost(request.headers.host))),
          ...pageFields,
          ...(this.#closing ? ['Connection', 'close'] : []),
        );
        return;
      default:
        counters.notFound++;
        respondWith(response, unknownPath);
    }
  }

  /** Answers the announce whose head and target have been read, now or when it is decided about. */
  #announce(
    request: IncomingMessage,
    response: ServerResponse,
    asker: Asker,
    client: ClientAddress | undefined,
  ): void {
    const { queryAt, end } = this.#target;
    const { tracker, clock } = this.#options;
    const outcome = this.#answers.announce(this.#targetBytes, queryAt, end, client, clock());
    if (outcome !== Outcome.undecided) {
      this.#send(response, asker, outcome);
      return;
    }
    if (tracker.decisions === undefined) {
      this.#answers.refuse(undecided);
      this.#send(response, asker, Outcome.refused);
      return;
    }
    tracker.decisions.whenDecided(() => {
      // Meanwhile it may have gone, and others have been read.
      if (request.socket.destroyed || response.writableEnded) return;
      try {
        this.#checks.head.read(request.rawHeaders);
        this.#readTarget(request);
        this.#announce(request, response, asker, client);
      } catch (error) {
        this.#fail(error, response);
      }
    });
  }

  #readTarget(request: IncomingMessage): HttpTarget {
    const length = this.#targetBytes.write(request.url!, 'latin1');
    this.#target.read(this.#targetBytes, 0, length);
    return this.#target;
  }

  #send(response: ServerResponse, asker: Asker, outcome: Outcome): void {
    const { gzip } = this.#checks.head;
    const close = outcome === Outcome.badQuestion || this.#closing;
    if (outcome === Outcome.fullScrape && !this.#sendFullScrape(response, asker, gzip, close)) return;
    if (sendAnswer(response, this.#answers.writer, gzip, close)) this.#options.counters.compressed++;
  }

  /** True when the answer is short and stands ready; otherwise it is on its way. */
  #sendFullScrape(response: ServerResponse, asker: Asker, gzip: boolean, close: boolean): boolean {
    if (asker.streams >= maxStreamsPerConnection) {
      this.#answers.refuse(fullScrapeBusy);
      return true;
    }
    const whole = this.#options.fullScrapes.begin(response, asker, gzip, close, (error) => {
      // Clients may leave whenever they like.
      if (!isDeparture(error)) this.#fail(error, response);
    });
    if (whole !== undefined) this.#answers.take(whole);
    return whole !== undefined;
  }

  /** Our fault: count, tell, and answer as well as still can be. */
  #fail(error: unknown, response: ServerResponse): void {
    this.#options.counters.exceptions++;
    this.#options.onException(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    this.#answers.refuse(internalError);
    sendAnswer(response, this.#answers.writer, false, true);
  }

  /** Ends a connection whose request cannot be read; once, though node:http may complain of each further piece. */
  #refuse(error: HttpError, socket: Socket): void {
    const { connections, counters } = this.#options;
    const connection = connections.get(socket);
    if (connection?.refused) return;
    // Within a streamed answer an error would look like a part of it.
    if (connection === undefined || connection.streams > 0 || !socket.writable) {
      socket.destroy();
      return;
    }
    connection.refused = true;
    if (error === tooSlow) counters.timeouts++;
    else counters.badRequests++;
    // Answers to the requests before this one leave within this turn of the event loop, and go first.
    setImmediate(() => sendHttpError(socket, error, this.#limits.lingerMs));
  }
}

function respondWith(response: ServerResponse, { status, text, fields }: HttpError): void {
  sendText(response, status, 'text/plain', text, 'Connection', 'close', ...fields);
}

function isDeparture(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}
