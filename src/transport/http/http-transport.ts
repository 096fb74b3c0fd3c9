// HTTP through node:http: receives requests within bounds, asks for their answers, and sends them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { descriptorOf } from '../../net/node-handles.ts';
import { fullScrapeBusy, internalError, tooManyRequests } from '../../protocol/failure.ts';
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { countLatency } from '../answer-stats.ts';
import { type ClientAddress, parseForwardedFor, toClientAddress } from '../client-address.ts';
import { endIdleConnections } from '../idle-connections.ts';
import { ConnectionIntake } from './connection-intake.ts';
import type { FullScrapes } from './full-scrapes.ts';
import { HttpAnswers, Outcome } from './http-answers.ts';
import type { HttpConnection, HttpConnections } from './http-connections.ts';
import type { HttpCounters } from './http-counters.ts';
import {
  badRequest,
  type ClientError,
  type HttpError,
  headTooLarge,
  httpErrorOf,
  sendHttpError,
  tooOften,
  tooSlow,
  unknownPath,
  unwantedBody,
  wrongMethod,
} from './http-error.ts';
import { HttpHead } from './http-head.ts';
import { backlog, defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { formatHttpPage, pageFields } from './http-page.ts';
import { sendAnswer, sendText } from './http-send.ts';
import { HttpTarget, Target } from './http-target.ts';
import { asksForWebSocket, headWithoutUpgrade, type TakeUpgrade } from './http-upgrade.ts';
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

/** A pipeline could ask for thousands. */
const maxStreamsPerConnection = 4;

export class HttpTransport {
  readonly #options: HttpOptions;
  readonly #limits: HttpLimits;
  readonly #server: Server | SecureServer;
  readonly #intake: ConnectionIntake;
  readonly #answers: HttpAnswers;
  readonly #head = new HttpHead();
  readonly #target = new HttpTarget();
  readonly #targetBytes: Buffer;
  readonly #tickets: SessionTickets | undefined;
  #closing = false;

  private constructor(options: HttpOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultHttpLimits;
    this.#answers = new HttpAnswers(options.tracker, options.counters);
    this.#targetBytes = Buffer.alloc(this.#limits.headBytes);
    this.#server = this.#createServer();
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

  #createServer(): Server | SecureServer {
    const limits = this.#limits;
    const { https } = this.#options;
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    const options = {
      maxHeaderSize: limits.headBytes,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      insecureHTTPParser: false,
      noDelay: true,
      // RFC 9112, 3.2, is held in #errorOf, with an error like any other.
      requireHostHeader: false,
    };
    const server =
      https === undefined
        ? createServer(options, answer)
        : createSecureServer({ ...options, ...secureContextOptions(https.certificate) }, answer);
    server.timeout = limits.stallMs;
    const idleTimes = { idleMs: limits.keepAliveMs + limits.headMs, checkEveryMs: limits.checkEveryMs };
    endIdleConnections(server, idleTimes, this.#options.takeUpgrade !== undefined);
    // The head is bounded in bytes. A bound in fields would only drop some unseen, and they might announce a body.
    server.maxHeadersCount = 0;
    // A client may close its side once it has asked; without this, node:http would not finish a streamed answer.
    Object.assign(server, { httpAllowHalfOpen: true });
    // With a body to come, and so refused; node:http would first ask for that body.
    server.on('checkContinue', answer);
    server.on('checkExpectation', answer);
    if (this.#options.takeUpgrade !== undefined)
      server.on('upgrade', (request, socket, bytes) => this.#upgrade(request, socket as Socket, bytes));
    server.on('connect', (_request, socket) => this.#refuse(wrongMethod, socket as Socket));
    server.on('clientError', (error: ClientError, socket) => {
      if (error.code === 'ECONNRESET') socket.destroy();
      else this.#refuse(httpErrorOf(error), socket as Socket);
    });
    return server;
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
    socket.on('error', () => socket.destroy());
    socket.setTimeout(0);
    this.#head.read(request.rawHeaders);
    const client = this.#clientOf(connection);
    const error = this.#errorOf(request);
    if (error !== undefined) this.#refuse(error, socket);
    else if (client === undefined) this.#refuse(badRequest, socket);
    else if (this.#isOverLimit(client, connection)) {
      this.#options.counters.rateLimited++;
      this.#refuse(tooOften, socket);
    } else {
      this.#options.takeUpgrade!({
        ...{ request, socket, bytes, client },
        speaksForMany: connection.proxied && client === connection.address,
        secure: this.#options.https !== undefined,
        refuse: (error) => this.#refuse(error, socket),
        take: () => connections.detach(connection),
      });
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#options.connections.get(request.socket);
    if (connection === undefined) return;
    this.#options.connections.renew(connection);
    const start = performance.now();
    try {
      this.#route(request, response, connection);
      countLatency(this.#options.counters.stats, performance.now() - start, 1);
    } catch (error) {
      this.#fail(error, response);
    }
  }

  #route(request: IncomingMessage, response: ServerResponse, connection: HttpConnection): void {
    const { counters, clock } = this.#options;
    const head = this.#head;
    const target = this.#target;
    const bytes = this.#targetBytes;
    head.read(request.rawHeaders);
    const error = this.#errorOf(request);
    if (error !== undefined) {
      counters.badRequests++;
      respondWith(response, error);
      return;
    }
    const client = this.#clientOf(connection);
    if (client !== undefined && this.#isOverLimit(client, connection)) {
      counters.rateLimited++;
      this.#answers.refuse(tooManyRequests);
      sendAnswer(response, this.#answers.writer, false, true);
      return;
    }
    if (this.#options.answerFirst?.(request, response)) return;
    const length = bytes.write(request.url!, 'latin1');
    target.read(bytes, 0, length);
    switch (target.kind) {
      case Target.announce: {
        this.#send(
          response,
          connection,
          this.#answers.announce(bytes, target.queryAt, length, client, clock()),
        );
        return;
      }
      case Target.scrape:
        this.#send(response, connection, this.#answers.scrape(bytes, target.queryAt, length));
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

  /** What is wrong with a request that node:http lets pass. */
  #errorOf(request: IncomingMessage): HttpError | undefined {
    const { method, url } = request;
    if (method !== 'GET' && method !== 'HEAD') return wrongMethod;
    if (this.#head.body) return unwantedBody;
    // There is a version 0.9 to the parser, which knows neither status nor length.
    if (request.httpVersionMajor !== 1) return badRequest;
    if (request.httpVersionMinor === 1 && request.headers.host === undefined) return badRequest;
    // The parser counts no separators, so its own limit lets a head of many short fields pass.
    const headBytes =
      method.length + url!.length + ' '.length + ' HTTP/1.1\r\n\r\n'.length + this.#head.bytes;
    return headBytes > this.#limits.headBytes ? headTooLarge : undefined;
  }

  /** Takes a token; from a trusted proxy itself none, as it speaks for many. */
  #isOverLimit(client: ClientAddress, connection: HttpConnection): boolean {
    const limits = this.#options.tracker.protection.http;
    if (limits === undefined || (connection.proxied && client === connection.address)) return false;
    const now = this.#options.clock();
    const row = limits.rowOf(client.family, client.words, 0, now);
    return row !== unlimited && !limits.take(row, now);
  }

  /** Whom an announce counts as coming from; undefined when a trusted proxy says nothing that can be read. */
  #clientOf(connection: HttpConnection): ClientAddress | undefined {
    const { forwardedFor } = this.#head;
    if (!connection.proxied || forwardedFor === undefined) return connection.address;
    const ip = parseForwardedFor(forwardedFor, this.#options.connections.trustedProxies);
    if (ip !== undefined) return toClientAddress(ip);
    this.#options.onBrokenForwardedFor?.(forwardedFor);
    return undefined;
  }

  #send(response: ServerResponse, connection: HttpConnection, outcome: Outcome): void {
    const { gzip } = this.#head;
    const close = outcome === Outcome.badQuestion || this.#closing;
    if (outcome === Outcome.fullScrape && !this.#sendFullScrape(response, connection, gzip, close)) return;
    if (sendAnswer(response, this.#answers.writer, gzip, close)) this.#options.counters.compressed++;
  }

  /** True when the answer is short and stands ready; otherwise it is on its way. */
  #sendFullScrape(
    response: ServerResponse,
    connection: HttpConnection,
    gzip: boolean,
    close: boolean,
  ): boolean {
    if (connection.streams >= maxStreamsPerConnection) {
      this.#answers.refuse(fullScrapeBusy);
      return true;
    }
    const whole = this.#options.fullScrapes.begin(response, connection, gzip, close, (error) => {
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
