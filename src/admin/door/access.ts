// Who may do what at the admin door: Host names, the bearer token, and how many wrong ones a network may try.
//
// Allowed are `localhost`, the very address the connection came to, and --admin-allowed-host; not every IP literal,
// which would let in neighbours' names.

import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { clientNetwork } from '../shown-address.ts';

export interface AccessOptions {
  /** What an operator must show; undefined: there is none, and over TCP nobody may do more than look. */
  token: string | undefined;
  /** Nothing but the page itself without the token. */
  tokenRequired: boolean;
  /** Names by which the door may be called, besides its own addresses and localhost. */
  hosts: readonly string[];
  /** Milliseconds of a monotonic clock. */
  clock: () => number;
}

/** What is known of a request when it is decided whether to answer it. */
export interface Caller {
  /** It came through the UNIX socket, which the file system guards. */
  local: boolean;
  remoteAddress: string | undefined;
  /** The address of ours that the connection came to. */
  localAddress: string | undefined;
  host: string | undefined;
  authorization: string | undefined;
  fetchSite: string | undefined;
}

export type Access =
  | { granted: true; trusted: boolean }
  | { granted: false; status: 401 | 403; error: string; wrongToken: boolean };

const mostFailures = 10;
const failureWindowMs = 60_000;
/** Networks whose failures are remembered; beyond that, all others share one. */
const mostNetworks = 1000;

interface Failures {
  count: number;
  since: number;
}

export class AccessRules {
  readonly #options: AccessOptions;
  #tokenDigest: Buffer | undefined;
  #hosts: ReadonlySet<string> = new Set();
  readonly #failures = new Map<string, Failures>();

  constructor(options: AccessOptions) {
    this.#options = options;
    this.change(options);
  }

  /** Lets in by another token and other names from now on. */
  change({ token, hosts }: Pick<AccessOptions, 'token' | 'hosts'>): void {
    this.#tokenDigest = token === undefined ? undefined : digest(token);
    this.#hosts = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  }

  /** Decides about a request; `open` is for what holds nothing of the tracker's, such as the page's own files. */
  decide(caller: Caller, open: boolean): Access {
    if (caller.local) return { granted: true, trusted: true };
    if (!this.#knowsHost(caller)) return refuse(403, 'this Host is not allowed');
    if (caller.fetchSite === 'cross-site') return refuse(403, 'requests from other sites are not allowed');
    if (caller.authorization !== undefined) return this.#checkToken(caller);
    if (this.#options.tokenRequired && !open) return refuse(401, 'the token is missing');
    return { granted: true, trusted: false };
  }

  // A name that an attacker's DNS leads here is not among these, nor an address that is not ours.
  #knowsHost({ host, localAddress }: Caller): boolean {
    if (host === undefined) return false;
    const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host);
    const name = (match?.[1] ?? match?.[2])?.toLowerCase();
    if (name === undefined) return false;
    if (this.#hosts.has(name)) return true;
    return isIP(name) !== 0 && name === localAddress?.replace(/^::ffff:(?=\d+\.)/, '');
  }

  // The right token always enters: it cannot be guessed, and guesses of others must not shut out who has it. What is
  // counted only saves the log from a line a guess.
  #checkToken(caller: Caller): Access {
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(caller.authorization ?? '')?.[1];
    if (token !== undefined && this.#tokenDigest && timingSafeEqual(digest(token), this.#tokenDigest)) {
      return { granted: true, trusted: true };
    }
    const failures = this.#failuresOf(clientNetwork(caller.remoteAddress));
    if (failures.count >= mostFailures) return refuse(403, 'too many wrong tokens; wait a minute');
    failures.count++;
    return { ...refuse(401, 'the token is wrong'), wrongToken: true };
  }

  #failuresOf(network: string): Failures {
    const now = this.#options.clock();
    const isOver = ({ since }: Failures) => now - since >= failureWindowMs;
    let key = network;
    if (!this.#failures.has(key) && this.#failures.size >= mostNetworks) {
      for (const [other, failures] of this.#failures) if (isOver(failures)) this.#failures.delete(other);
      if (this.#failures.size >= mostNetworks) key = 'others';
    }
    let failures = this.#failures.get(key);
    if (failures === undefined || isOver(failures)) {
      failures = { count: 0, since: now };
      this.#failures.set(key, failures);
    }
    return failures;
  }
}

function refuse(status: 401 | 403, error: string): Access & { granted: false } {
  return { granted: false, status, error, wrongToken: false };
}

// Digests have one length, so that the comparison tells nothing of the token's.
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
