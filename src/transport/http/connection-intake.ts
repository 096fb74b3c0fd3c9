// Knows what a connection goes through before its first request: it is counted, says whose it is, and shakes hands.
//
// Addresses that are not trusted are served without a PROXY header: they are not believed, so nothing is lost. Node's
// own listener is called after the header is read, so all of its time-outs stay in force.
import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientAddress } from '../client-address.ts';
import type { HttpConnections } from './http-connections.ts';
import type { HttpCounters } from './http-counters.ts';
import { readProxyHeader } from './proxy-header.ts';
import type { TlsHandshakes } from './tls-handshakes.ts';

export interface ConnectionIntakeOptions {
  readonly connections: HttpConnections;
  readonly counters: HttpCounters;
  /** Trusted proxies begin each connection with a PROXY protocol header, which has this many milliseconds. */
  readonly proxyHeaderMs: number | undefined;
  /** Told of a trusted proxy, by its address, that began a connection with something else. */
  readonly onBrokenProxyHeader: ((address: string) => void) | undefined;
  /** Of an HTTPS server; undefined for plain HTTP. */
  readonly handshakes: TlsHandshakes | undefined;
}

/** Stands between a server's socket and what Node would do with a new connection at once. */
export class ConnectionIntake {
  readonly #options: ConnectionIntakeOptions;
  readonly #serve: (socket: Socket) => void;
  /** What Node does with a connection that has shaken hands. */
  readonly #serveSecured: (socket: Socket) => void;
  /** Connections whose header has not come yet. */
  readonly #waiting = new Set<Socket>();

  constructor(server: Server | SecureServer, options: ConnectionIntakeOptions) {
    this.#options = options;
    // What Node itself does with a connection: parse HTTP, or begin TLS.
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    this.#serve = (socket) => {
      for (const listener of listeners) listener.call(server, socket);
    };
    const secured = server.listeners('secureConnection');
    this.#serveSecured = (socket) => {
      for (const listener of secured) listener.call(server, socket);
    };
    server.on('connection', (socket: Socket) => this.#enter(socket));
    server.prependListener('secureConnection', (secured: TLSSocket) => this.#secure(secured));
  }

  /** Ends the connections that have not come as far as a request. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
    this.#options.handshakes?.close();
  }

  /** Begins with a connection that another thread has brought as far as a request, of which `bytes` have come. */
  take(socket: Socket, address: ClientAddress, proxied: boolean, bytes: Uint8Array): void {
    const { connections, counters } = this.#options;
    connections.take(socket, counters, address, proxied);
    socket.unshift(bytes);
    this.#serve(socket);
  }

  /** Goes on with a connection whose last request has been put back. */
  serveAgain(socket: Socket): void {
    if (this.#options.handshakes === undefined) this.#serve(socket);
    else this.#serveSecured(socket);
  }

  #enter(socket: Socket): void {
    const { connections, counters, proxyHeaderMs, onBrokenProxyHeader } = this.#options;
    const connection = connections.admit(socket, counters);
    if (connection === undefined) return;
    if (proxyHeaderMs === undefined || !connection.proxied) {
      this.#begin(socket);
      return;
    }
    this.#waiting.add(socket);
    readProxyHeader(socket, proxyHeaderMs, (header) => {
      this.#waiting.delete(socket);
      if (typeof header === 'string') {
        counters.proxyHeadersMissing++;
        if (header === 'broken') onBrokenProxyHeader?.(socket.remoteAddress ?? 'unknown');
        socket.destroy();
        return;
      }
      if (header.source !== undefined) connections.reassign(connection, header.source);
      this.#begin(socket);
    });
  }

  #begin(socket: Socket): void {
    this.#options.handshakes?.begin(socket);
    this.#serve(socket);
  }

  #secure(secured: TLSSocket): void {
    const socket = this.#options.handshakes!.finish(secured);
    if (socket === undefined) {
      secured.destroy();
      return;
    }
    this.#options.counters.handshakesDone++;
    this.#options.connections.adopt(secured, socket);
  }
}
