// Knows how to get one URL from a tracker: resolve, connect, TLS, ask, and follow redirects only where it is safe.
import type { TLSSocket } from 'node:tls';
import { scopeOf } from './address-scope.ts';
import type { Deadline } from './deadline.ts';
import { exchangeHttp, type HttpReply } from './http-exchange.ts';
import { bothFamilies, type Families, resolveName } from './name-lookup.ts';
import { connectFirst, startTls } from './tcp-connect.ts';
import { TrackerError } from './tracker-error.ts';
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
  resolveMs: number;
  connectMs: number;
  tlsMs: number | null;
  answerMs: number;
}

export interface HttpAnswer extends HttpReply {
  /** Where the reply came from. */
  address: string;
  family: 4 | 6;
  url: TrackerUrl;
  redirects: { status: number; from: string; to: string }[];
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
  const redirects: HttpAnswer['redirects'] = [];
  const families = options.families ?? bothFamilies;
  let next = { url, target };
  const startedMs = performance.now();
  let addresses = options.pinned ? [options.pinned] : await resolveName(url.host, families, deadline);
  let resolveMs = performance.now() - startedMs;
  for (;;) {
    const exchange = await getOnce(next.url, next.target, addresses, options, deadline);
    const { reply, address } = exchange;
    const location = redirectOf(reply);
    if (location === undefined) {
      const family = address.includes(':') ? 6 : 4;
      const timings = { resolveMs, ...exchange.timings };
      return { ...reply, address, family, url: next.url, redirects, timings };
    }
    const to = locate(location, next.url);
    const from = formatTrackerUrl(next.url);
    redirects.push({ status: reply.status, from, to: formatTrackerUrl(to.url) });
    if (redirects.length > maxRedirects) throw new TrackerError(`more than ${maxRedirects} redirects`);
    const resolvingMs = performance.now();
    // The same name stays on the address already in use: a name that resolves anew could lead elsewhere.
    const found =
      to.url.host === next.url.host ? [address] : await resolveName(to.url.host, families, deadline);
    resolveMs = performance.now() - resolvingMs;
    addresses = found.filter((candidate) => mayFollow(address, candidate));
    if (addresses.length === 0) {
      throw new TrackerError(
        `redirected to ${to.url.host} (${found[0]}, ${scopeOf(found[0]!)}), which is not followed from ${address}`,
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
  return { reply, address, timings: { connectMs: ms, tlsMs, answerMs: reply.firstByteMs } };
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
