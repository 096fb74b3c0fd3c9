// Requests for a WebSocket that node:http has read: what must hold of them before whoever speaks WebSocket takes them.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpCounters } from './http-counters.ts';
import { badRequest, type HttpError, sendHttpError, tooOften } from './http-error.ts';
import { defaultHttpLimits, type HttpLimits } from './http-limits.ts';
import { asksForWebSocket, type TakeUpgrade, type Upgrade } from './http-upgrade.ts';
import { type Asker, RequestChecks, type RequestChecksOptions } from './request-checks.ts';

export interface UpgradeRequestsOptions extends RequestChecksOptions {
  counters: HttpCounters;
  limits?: HttpLimits;
}

/** A request for a WebSocket, before it is known whether it may have one. */
export interface OfferedUpgrade extends Omit<Upgrade, 'client' | 'speaksForMany'> {
  readonly asker: Asker;
}

export class UpgradeRequests {
  readonly #counters: HttpCounters;
  readonly #checks: RequestChecks;
  readonly #lingerMs: number;
  readonly #take: TakeUpgrade;

  constructor(options: UpgradeRequestsOptions, take: TakeUpgrade) {
    const { headBytes, lingerMs } = options.limits ?? defaultHttpLimits;
    this.#counters = options.counters;
    this.#checks = new RequestChecks(options, headBytes);
    this.#lingerMs = lingerMs;
    this.#take = take;
  }

  /** Passes it on, or refuses it; from here on node:http has nothing to do with the connection. */
  offer({ request, socket, bytes, asker, secure, refuse, take }: OfferedUpgrade): void {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(0);
    const error = this.#checks.errorOf(request);
    const client = this.#checks.clientOf(asker);
    if (error !== undefined) refuse(error);
    else if (client === undefined) refuse(badRequest);
    else if (this.#checks.isOverLimit(client, asker)) {
      this.#counters.rateLimited++;
      refuse(tooOften);
    } else {
      this.#take({
        ...{ request, socket, bytes, client, secure, refuse, take },
        speaksForMany: asker.proxied && client === asker.address,
      });
    }
  }

  /** Takes one over from somebody else's server; false, and nothing is done, when it asks for no WebSocket. */
  takeFromOther(
    request: IncomingMessage,
    socket: Socket,
    bytes: Uint8Array,
    asker: Asker,
    secure: boolean,
  ): boolean {
    if (!asksForWebSocket(request.headers.upgrade)) return false;
    const refuse = (error: HttpError) => {
      this.#counters.badRequests++;
      sendHttpError(socket, error, this.#lingerMs);
    };
    this.offer({ request, socket, bytes, asker, secure, refuse, take: () => {} });
    return true;
  }
}
