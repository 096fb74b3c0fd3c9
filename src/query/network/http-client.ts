// Knows how to get one URL from a tracker: resolve, connect, TLS, ask, and follow redirects only where it is safe.
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { scopeOf } from './address-scope.ts';
import type { Deadline } from './deadline.ts';
import { exchangeHttp, type HttpReply } from './http-exchange.ts';
import { bothFamilies, type Families, resolveName } from './name-lookup.ts';
import { connectFirst, startTls } from './tcp-connect.ts';
import { type Redirect, TrackerError } from './tracker-error.ts';
import { formatTrackerUrl, hostHeader, parseTrackerUrl, type TrackerUrl } from './tracker-url.ts';

const maxRedirects = 3;

export interface HttpOptions {
  userAgent: string;
  families?: Families;
  insecure?: boolean;
  /** Connect here instead of resolving the name: a repeated question must reach the same machine. */
  pinned?: string;
  /** Sees a TLS connection as soon as it stands. */
  onTls?: (socket: TLSSocket) => void;
}

export interface HttpTimings {
  /** Null where there was no name to resolve. */
  resolveMs: number | null;
  connectMs: number;
  tlsMs: number | null;
  answerMs: number;
}

export interface HttpAnswer extends HttpReply {
  /** Where the reply came from. */
  address: string;
  family: 4 | 6;
  url: TrackerUrl;
  redirects: Redirect[];
  /** Our own address on the connection. */
  localAddress: string;
  /** Of the last exchange. */
  timings: HttpTimings;
}

/** Gets `target` (path and query) of `url`. Throws a TrackerError; a status other than 2xx is not yet one. */
export async function getHttp(
  url: TrackerUrl,
  target: string,
  options: HttpOptions,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const redirects: Redirect[] = [];
  try {
    return await follow(url, target, options, deadline, redirects);
  } catch (error) {
    if (!(error instanceof TrackerError) || redirects.length === 0) throw error;
    const { trouble, permanent, answered } = error;
    const more = { trouble, permanent, answered, redirects, cause: error };
    throw new TrackerError(`${formatRedirects(redirects)}: ${error.message}`, more);
  }
}

/** `redirected (301) to https://…, then (302) to …`, without queries. */
export function formatRedirects(redirects: readonly Redirect[]): string {
  return `redirected ${redirects.map(({ status, to }) => `(${status}) to ${withoutQuery(to)}`).join(', then ')}`;
}

function withoutQuery(url: string): string {
  return url.replace(/\?.*/s, '').slice(0, 200);
}

async function follow(
  url: TrackerUrl,
  target: string,
  options: HttpOptions,
  deadline: Deadline,
  redirects: Redirect[],
): Promise<HttpAnswer> {
  const families = options.families ?? bothFamilies;
  let next = { url, target };
  const startedMs = performance.now();
  let addresses = options.pinned ? [options.pinned] : await resolveName(url.host, families, deadline);
  const named = options.pinned === undefined && isIP(url.host) === 0;
  let resolveMs = named ? performance.now() - startedMs : null;
  for (;;) {
    const exchange = await getOnce(next.url, next.target, addresses, options, deadline);
    const { reply, address, localAddress } = exchange;
    const location = redirectOf(reply);
    if (location === undefined) {
      const family = address.includes(':') ? 6 : 4;
      const timings = { resolveMs, ...exchange.timings };
      return { ...reply, address, family, localAddress, url: next.url, redirects, timings };
    }
    const to = locate(location, next.url);
    const from = formatTrackerUrl(next.url);
    const circle =
      redirects.some((earlier) => earlier.from === formatTrackerUrl(to.url)) ||
      from === formatTrackerUrl(to.url);
    redirects.push({ status: reply.status, from, to: formatTrackerUrl(to.url) });
    if (circle) throw new TrackerError('that is a circle', { trouble: 'redirect-loop' });
    if (redirects.length > maxRedirects) {
      throw new TrackerError(`more than ${maxRedirects} redirects`, { trouble: 'redirect-loop' });
    }
    const resolvingMs = performance.now();
    // The same name stays on the address already in use: a name that resolves anew could lead elsewhere.
    const stays = to.url.host === next.url.host;
    const found = stays ? [address] : await resolveName(to.url.host, families, deadline);
    resolveMs = stays || isIP(to.url.host) ? null : performance.now() - resolvingMs;
    addresses = found.filter((candidate) => mayFollow(address, candidate));
    if (addresses.length === 0) {
      throw new TrackerError(
        `${to.url.host} is ${found[0]} (${scopeOf(found[0])}), which is not followed from ${address}`,
        { trouble: 'redirect-refused' },
      );
    }
    next = to;
  }
}

async function getOnce(
  url: TrackerUrl,
  target: string,
  addresses: string[],
  options: HttpOptions,
  deadline: Deadline,
) {
  const { socket, address, ms } = await connectFirst(addresses, url.port, deadline);
  const localAddress = socket.localAddress ?? '';
  let stream = socket;
  let tlsMs: number | null = null;
  if (url.scheme === 'https') {
    const startedMs = performance.now();
    const tls = await startTls(socket, { host: url.host, insecure: options.insecure ?? false }, deadline);
    tlsMs = performance.now() - startedMs;
    options.onTls?.(tls);
    stream = tls;
  }
  const question = { host: hostHeader(url), target, userAgent: options.userAgent };
  const reply = await exchangeHttp(stream, question, deadline);
  return { reply, address, localAddress, timings: { connectMs: ms, tlsMs, answerMs: reply.firstByteMs } };
}

function redirectOf(reply: HttpReply): string | undefined {
  if (![301, 302, 303, 307, 308].includes(reply.status)) return undefined;
  const { location } = reply.headers;
  if (!location) throw new TrackerError(`status ${reply.status} without a Location`);
  return location;
}

function locate(location: string, base: TrackerUrl): { url: TrackerUrl; target: string } {
  let absolute: URL;
  try {
    absolute = new URL(location, formatTrackerUrl(base));
  } catch {
    throw new TrackerError(`redirected to '${location.replace(/\?.*/s, '').slice(0, 200)}', which is no URL`);
  }
  if (absolute.protocol !== 'http:' && absolute.protocol !== 'https:') {
    throw new TrackerError(`redirected to the scheme '${absolute.protocol}', which is never followed`);
  }
  absolute.hash = '';
  try {
    const url = parseTrackerUrl(absolute.href);
    return { url, target: absolute.pathname + absolute.search };
  } catch (error) {
    throw new TrackerError(`redirected to a ${(error as Error).message}`);
  }
}

/**
 * Whether a redirect seen at `from` may lead to `to`: the same machine, or a public address. So no tracker can make
 * us ask the loopback, the local network or a cloud's metadata service for it.
 */
export function mayFollow(from: string, to: string): boolean {
  const target = scopeOf(to);
  return to === from || target === 'public' || (target === 'loopback' && scopeOf(from) === 'loopback');
}
