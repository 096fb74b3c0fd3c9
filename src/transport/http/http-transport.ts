// HTTP through node:http: a listening socket, the connections on it and what becomes of them.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { descriptorOf } from '../../net/node-handles.ts';
import { ConnectionIntake } from './connection-intake.ts';
import type { HttpConnections } from './http-connections.ts';
import { type HttpError, sendHttpError, tooSlow } from './http-error.ts';
import { backlog, defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { HttpRequests, type HttpRequestsOptions } from './http-requests.ts';
import { createHttpServer } from './http-server.ts';
import { asksForWebSocket, headWithoutUpgrade, type TakeUpgrade } from './http-upgrade.ts';
import { secureContextOptions, type TlsCertificate } from './secure-context.ts';
import { SessionTickets, type TicketKeys } from './session-tickets.ts';
import type { TakenConnection } from './taken-connection.ts';
import { defaultTlsHandshakeLimits, type TlsHandshakeLimits, TlsHandshakes } from './tls-handshakes.ts';
import { UpgradeRequests } from './upgrade-requests.ts';

export interface HttpOptions extends HttpRequestsOptions {
  /** An IPv4 or IPv6 literal; an IPv6 one receives IPv6 only. */
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** A listening socket that is open already and is used instead of a new one. */
  fd?: number | undefined;
  /** Shared by all HTTP listeners of the process. */
  connections: HttpConnections;
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
  /** Is given what asks for a WebSocket; without it that is answered as if it did not. */
  takeUpgrade?: TakeUpgrade | undefined;
}

export class HttpTransport {
  readonly #options: HttpOptions;
  readonly #limits: HttpLimits;
  readonly #server: Server | SecureServer;
  readonly #intake: ConnectionIntake;
  readonly #requests: HttpRequests;
  readonly #upgrades: UpgradeRequests | undefined;
  readonly #tickets: SessionTickets | undefined;

  private constructor(options: HttpOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultHttpLimits;
    this.#requests = new HttpRequests(options);
    const { takeUpgrade } = options;
    this.#upgrades = takeUpgrade && new UpgradeRequests(options, takeUpgrade);
    this.#server = createHttpServer(this.#limits, options.https, {
      answer: (request, response) => this.#receive(request, response),
      upgrade:
        this.#upgrades &&
        ((request, socket, bytes) => this.#upgrade(this.#upgrades!, request, socket, bytes)),
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
    this.#requests.close();
    this.#intake.close();
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await new Promise((resolve) => this.#server.close(resolve));
    clearTimeout(cut);
  }

  #upgrade(upgrades: UpgradeRequests, request: IncomingMessage, socket: Socket, bytes: Buffer): void {
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
    upgrades.offer({
      ...{ request, socket, bytes, asker: connection, secure: this.#options.https !== undefined },
      refuse: (error) => this.#refuse(error, socket),
      take: () => connections.detach(connection),
    });
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#options.connections.get(request.socket);
    if (connection === undefined) return;
    this.#options.connections.renew(connection);
    this.#requests.answer(request, response, connection);
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
