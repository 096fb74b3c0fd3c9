// Requests that come to somebody else's HTTP server and are handed in here: who asks, and that nothing of the server's is touched.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Cidr } from '../../protocol/cidr.ts';
import { parseIp, unmapIp } from '../../protocol/ip-address.ts';
import { includes, parseRemoteAddress, toClientAddress } from '../../transport/client-address.ts';
import type { HttpRequests } from '../../transport/http/http-requests.ts';
import { HttpTarget, Target } from '../../transport/http/http-target.ts';
import { asksForWebSocket } from '../../transport/http/http-upgrade.ts';
import type { Asker } from '../../transport/http/request-checks.ts';
import type { UpgradeRequests } from '../../transport/http/upgrade-requests.ts';

export interface GuestOptions {
  /** The client's address, where the caller knows it better than the connection says. */
  ip?: string | undefined;
  /** What is asked, where the path does not end in it. */
  action?: 'announce' | 'scrape' | undefined;
}

export class Guests {
  readonly #requests: HttpRequests;
  readonly #upgrades: UpgradeRequests | undefined;
  readonly #trustedProxies: readonly Cidr[];
  /** Of the connections that have asked. */
  readonly #askers = new WeakMap<Socket, Asker>();

  /** @param upgrades undefined where nobody takes a WebSocket */
  constructor(
    requests: HttpRequests,
    upgrades: UpgradeRequests | undefined,
    trustedProxies: readonly Cidr[],
  ) {
    this.#requests = requests;
    this.#upgrades = upgrades;
    this.#trustedProxies = trustedProxies;
  }

  /**
   * Answers an announce or a scrape; false, and nothing is done, when it is neither.
   * @throws TypeError when `ip` is no address
   */
  answer(request: IncomingMessage, response: ServerResponse, { ip, action }: GuestOptions): boolean {
    const asker = this.#askerOf(request.socket, ip);
    if (asker !== undefined)
      return this.#requests.answerForOther(request, response, asker, action && Target[action]);
    // Whose address cannot be told has gone.
    response.destroy();
    return true;
  }

  /**
   * Takes a request for a WebSocket over, with its connection; false, and nothing is done, when it is none.
   * @throws TypeError when `ip` is no address
   */
  upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array, { ip }: GuestOptions): boolean {
    const asker = this.#askerOf(socket, ip);
    const secure = 'encrypted' in socket;
    if (asker !== undefined)
      return this.#upgrades?.takeFromOther(request, socket, head, asker, secure) ?? false;
    socket.destroy();
    return true;
  }

  #askerOf(socket: Socket, given: string | undefined): Asker | undefined {
    if (given !== undefined) {
      const ip = parseIp(given);
      if (ip === undefined) throw new TypeError(`ip must be an IPv4 or IPv6 address, not '${given}'`);
      return { address: toClientAddress(unmapIp(ip)), proxied: false, streams: 0 };
    }
    const known = this.#askers.get(socket);
    if (known !== undefined) return known;
    const ip = parseRemoteAddress(socket.remoteAddress);
    if (ip === undefined) return undefined;
    const proxied = includes(this.#trustedProxies, ip);
    const asker = { address: toClientAddress(ip), proxied, streams: 0 };
    this.#askers.set(socket, asker);
    return asker;
  }
}

/** Answers an announce or a scrape while there is no tracker: not yet, or not any more. False when it is neither. */
export function turnAway(
  request: IncomingMessage,
  response: ServerResponse,
  { action }: GuestOptions,
): boolean {
  const target = new HttpTarget();
  const bytes = Buffer.from(request.url ?? '', 'latin1');
  target.read(bytes, 0, bytes.length);
  if (action === undefined && target.kind !== Target.announce && target.kind !== Target.scrape) return false;
  response.writeHead(503, { 'Retry-After': '60', Connection: 'close' }).end();
  return true;
}

/** The same for a request for a WebSocket. */
export function turnUpgradeAway(request: IncomingMessage, socket: Socket): boolean {
  if (!asksForWebSocket(request.headers.upgrade)) return false;
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nConnection: close\r\n\r\n');
  return true;
}
