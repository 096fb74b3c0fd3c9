// Knows tracker URLs: which are announce URLs, what they become with a query, and which scrape URL belongs to them.
import { isIP } from 'node:net';
import { UsageError } from '../../cli/usage-error.ts';

export type Scheme = 'http' | 'https' | 'udp' | 'ws' | 'wss';

export interface TrackerUrl {
  /** As the user gave it. */
  text: string;
  scheme: Scheme;
  /** A name in ASCII (IDNA) or an IP literal without brackets. */
  host: string;
  port: number;
  /** Path with its leading `/`, percent-encoded. */
  path: string;
  /** Without the `?`; empty when there is none. */
  query: string;
}

const maxLength = 4096;
const defaultPorts: Record<Scheme, number> = { http: 80, https: 443, udp: 80, ws: 80, wss: 443 };

/** The announce URL in `text`. Throws a UsageError that says what is wrong with it. */
export function parseTrackerUrl(text: string): TrackerUrl {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const fail = (why: string) => new UsageError(`bad tracker URL '${shown}': ${why}`);
  if (text.length > maxLength) throw fail(`longer than ${maxLength} characters`);
  if (/[\s\u0000-\u001f\u007f]/.test(text)) throw fail('it holds a space or a control character');
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
  if (!match) throw fail('it must begin with http://, https://, udp://, ws:// or wss://');
  const scheme = match[1].toLowerCase();
  if (!isScheme(scheme)) throw fail(`unknown scheme '${scheme}'; http, https, udp, ws and wss are known`);
  // Only http URLs get their host checked and normalised by the platform, so each kind is parsed as one.
  const parsed = parseUrl(`http://${match[2]}`);
  if (!parsed?.hostname) throw fail('it has no valid host and port');
  if (parsed.username || parsed.password) throw fail('a user name or password cannot be sent to a tracker');
  const port = explicitPort(match[2]) ?? defaultPorts[scheme];
  if (port === 0) throw fail('port 0 cannot be reached');
  return {
    text,
    scheme,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port,
    path: parsed.pathname,
    query: parsed.search.slice(1),
  };
}

/** Whether a tracker is asked over a WebSocket: ws or wss. */
export function isWebSocket({ scheme }: TrackerUrl): boolean {
  return scheme === 'ws' || scheme === 'wss';
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(defaultPorts, text);
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** URL drops a port that equals http's default, so it is read from the text; the parser has checked its range. */
function explicitPort(rest: string): number | undefined {
  const authority = /^[^/?#\\]*/.exec(rest)![0];
  const digits = /:(\d+)$/.exec(authority)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The request target: the URL's own query string, when it has one, comes first and is kept. */
export function targetWith(url: TrackerUrl, query: string): string {
  const joined = [url.query, query].filter((part) => part !== '').join('&');
  return joined === '' ? url.path : `${url.path}?${joined}`;
}

/**
 * The scrape URL (BEP 48): the last segment of the path begins with `announce`, which becomes `scrape`; undefined
 * when the URL has none. Over UDP (BEP 15) and WebSocket a scrape goes to the same URL.
 */
export function scrapeUrlOf(url: TrackerUrl): TrackerUrl | undefined {
  if (url.scheme !== 'http' && url.scheme !== 'https') return url;
  const cut = url.path.lastIndexOf('/') + 1;
  const last = url.path.slice(cut);
  if (!last.startsWith('announce')) return undefined;
  const path = `${url.path.slice(0, cut)}scrape${last.slice('announce'.length)}`;
  return { ...url, path, text: formatTrackerUrl({ ...url, path }) };
}

export function formatTrackerUrl(url: Omit<TrackerUrl, 'text'>): string {
  const port = url.scheme !== 'udp' && url.port === defaultPorts[url.scheme] ? '' : `:${url.port}`;
  return `${url.scheme}://${formatHost(url.host)}${port}${url.path}${url.query === '' ? '' : `?${url.query}`}`;
}

/** The `Host` header for a URL that is asked over TCP. */
export function hostHeader(url: TrackerUrl): string {
  return url.port === defaultPorts[url.scheme] ? formatHost(url.host) : `${formatHost(url.host)}:${url.port}`;
}

function formatHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
