// What must hold of a request that node:http lets pass before it is answered: what it is, whom it comes from, how often they ask.
import type { IncomingMessage } from 'node:http';
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { type ClientAddress, parseForwardedFor, toClientAddress } from '../client-address.ts';
import type { HttpConnections } from './http-connections.ts';
import { badRequest, type HttpError, headTooLarge, unwantedBody, wrongMethod } from './http-error.ts';
import { HttpHead } from './http-head.ts';

/** Who asks, on a connection of ours or on one of somebody else's server. */
export interface Asker {
  /** Whose connection it is. */
  readonly address: ClientAddress;
  /** It is a trusted proxy's, whose X-Forwarded-For is believed. */
  readonly proxied: boolean;
  /** Answers that are being sent piece by piece. */
  streams: number;
}

export interface RequestChecksOptions {
  readonly tracker: Tracker;
  readonly connections: Pick<HttpConnections, 'trustedProxies'>;
  /** Whole seconds of the monotonic clock that all threads share. */
  readonly clock: () => number;
  /** Told of an X-Forwarded-For of a trusted proxy that cannot be read; its client is refused. */
  readonly onBrokenForwardedFor?: (header: string) => void;
}

export class RequestChecks {
  /** Of the request that was looked at last. */
  readonly head = new HttpHead();
  readonly #options: RequestChecksOptions;
  readonly #headBytes: number;

  /** @param headBytes the most that a head may have */
  constructor(options: RequestChecksOptions, headBytes: number) {
    this.#options = options;
    this.#headBytes = headBytes;
  }

  /** Reads the request's head; what is wrong with it, or undefined. */
  errorOf(request: IncomingMessage): HttpError | undefined {
    const { method, url } = request;
    this.head.read(request.rawHeaders);
    if (method !== 'GET' && method !== 'HEAD') return wrongMethod;
    if (this.head.body) return unwantedBody;
    // There is a version 0.9 to the parser, which knows neither status nor length.
    if (request.httpVersionMajor !== 1) return badRequest;
    if (request.httpVersionMinor === 1 && request.headers.host === undefined) return badRequest;
    // The parser counts no separators, so its own limit lets a head of many short fields pass.
    const headBytes = method.length + url!.length + ' '.length + ' HTTP/1.1\r\n\r\n'.length + this.head.bytes;
    return headBytes > this.#headBytes ? headTooLarge : undefined;
  }

  /** Takes a token; from a trusted proxy itself none, as it speaks for many. */
  isOverLimit(client: ClientAddress, asker: Asker): boolean {
    const limits = this.#options.tracker.protection.http;
    if (limits === undefined || (asker.proxied && client === asker.address)) return false;
    const now = this.#options.clock();
    const row = limits.rowOf(client.family, client.words, 0, now);
    return row !== unlimited && !limits.take(row, now);
  }

  /** Whom an announce counts as coming from; undefined when a trusted proxy says nothing that can be read. */
  clientOf(asker: Asker): ClientAddress | undefined {
    const { forwardedFor } = this.head;
    if (!asker.proxied || forwardedFor === undefined) return asker.address;
    const ip = parseForwardedFor(forwardedFor, this.#options.connections.trustedProxies);
    if (ip !== undefined) return toClientAddress(ip);
    this.#options.onBrokenForwardedFor?.(forwardedFor);
    return undefined;
  }
}
