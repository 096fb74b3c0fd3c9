// Knows what a failed announce most likely means: from what was seen on the way to one cause and one advice.
import { formatRedirects, type HttpAnswer } from '../network/http-client.ts';
import { formatEndpoint, reasonOf } from '../network/tcp-connect.ts';
import { codeOf, type Redirect, type TrackerError } from '../network/tracker-error.ts';
import { formatTrackerUrl, parseTrackerUrl, type TrackerUrl } from '../network/tracker-url.ts';
import type { FindingId } from './finding.ts';

export interface Diagnosis {
  id: FindingId;
  message: string;
  advice: string;
  /** A better advice, once it is known where on this host the tracker answers. */
  adviceFor?: (found: readonly TrackerUrl[]) => string | undefined;
}

/** What an announce to `url` at `address` ended with when no answer came. */
export function diagnoseError(url: TrackerUrl, address: string, error: TrackerError): Diagnosis {
  const last = error.redirects.at(-1);
  if (last) return diagnoseRedirects(url, error, last);
  const where = formatEndpoint(address, url.port);
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') {
    const packet = url.scheme === 'udp' ? ' (ICMP: port unreachable)' : '';
    return {
      id: 'connection-refused',
      message: `connection refused${packet}: the machine is there, but nothing listens on ${url.scheme === 'udp' ? 'UDP' : 'TCP'} port ${url.port}`,
      advice: 'start the tracker, or correct the port in the URL',
    };
  }
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ENETDOWN' || code === 'EHOSTDOWN') {
    return {
      id: 'unreachable',
      message: `${reasonOf(error.cause ?? error)}: ${where}`,
      advice: 'does the machine still have this address? Correct the A or AAAA record, or its network',
    };
  }
  const known = error.trouble && troubles[error.trouble];
  if (known) return known(url, error, where);
  if (url.scheme === 'udp') {
    return {
      id: 'udp-silent',
      message: `no UDP packet comes back: ${error.message}`,
      advice: `is UDP port ${url.port} open in every firewall, and does the tracker listen on UDP? A rule for TCP does not open UDP`,
    };
  }
  if (error.message.startsWith('TLS:')) {
    return {
      id: 'tls-failed',
      message: error.message,
      advice: 'look at the certificate and the TLS settings of the server',
    };
  }
  const advice =
    'check that the tracker listens on this address and port and that no firewall stands between';
  return { id: 'address', message: error.message, advice };
}

type Judge = (url: TrackerUrl, error: TrackerError, where: string) => Diagnosis;

const troubles: Partial<Record<NonNullable<TrackerError['trouble']>, Judge>> = {
  'connect-silent': (url, error, where) => ({
    id: 'connection-silent',
    message: `${error.message.split(':')[0]}: ${where} neither takes nor refuses a connection`,
    advice: `a firewall drops the packets, or no machine has this address: open TCP port ${url.port}`,
  }),
  'tls-silent': (_, error) => ({
    id: 'tls-silent',
    message: error.message,
    advice: 'is it a TLS port at all? Try http://, and look at the load of the server',
  }),
  'not-tls': (url) => ({
    id: 'not-tls',
    message: `port ${url.port} does not speak TLS, but the URL begins with ${url.scheme}://`,
    advice: `use ${plainOf(url)}:// for this port, or the port of the TLS listener`,
  }),
  'answer-silent': (_, error) => ({
    id: 'no-answer',
    message: error.message,
    advice: 'the server hangs: look at its log and load, and when it is a proxy, at the tracker behind it',
  }),
  closed: () => ({
    id: 'closed',
    message: 'the connection is taken and then closed without an answer',
    advice: 'look at the log of the server: a proxy without a backend, a limit or a ban does this',
  }),
  'not-http': (_, error) => ({
    id: 'not-http',
    message: `what answers is no HTTP server: ${error.message}`,
    advice: 'another service listens on this port: correct the port',
  }),
  'no-upgrade': (url, error) => ({
    id: 'no-upgrade',
    message: error.message,
    advice: `does the tracker serve WebTorrent at ${url.path}? A proxy must pass Upgrade and Connection on, over HTTP/1.1`,
  }),
  'bad-upgrade': (_, error) => ({
    id: 'bad-upgrade',
    message: error.message,
    advice: 'look at what stands between: a proxy that answers by itself, or a tracker that breaks RFC 6455',
  }),
  'not-bencoded': (_, error) => ({
    id: 'not-bencoded',
    message: error.message,
    advice: 'answer with a bencoded dictionary; is this the announce path of the tracker?',
  }),
};

function plainOf({ scheme }: TrackerUrl): string {
  return scheme.replace(/s$/, '');
}

/** A redirect that did not end well is most often a redirect without its port. */
function diagnoseRedirects(url: TrackerUrl, error: TrackerError, last: Redirect): Diagnosis {
  const chain = formatRedirects(error.redirects);
  if (error.trouble === 'redirect-loop') {
    return {
      id: 'redirect-loop',
      message: `redirects in a circle: ${formatTrackerUrl({ ...url, query: '' })} ${chain}`,
      advice:
        'often a proxy that speaks HTTP to a server that redirects HTTP to HTTPS: let one of them redirect, not both',
    };
  }
  const why = (error.cause as Error | undefined)?.message ?? error.message;
  const target = parseTrackerUrl(last.to);
  return {
    id: 'redirect-target',
    message: `${chain}, and there: ${why}`,
    advice: adviceOnTarget(url, target),
    adviceFor: (found) => {
      const meant = found.find(({ scheme }) => scheme === target.scheme);
      if (!meant || meant.port === target.port || !isStandard(target)) return undefined;
      return (
        `the redirect lacks the port: ${meant.scheme.toUpperCase()} is on ${meant.port}, and without one clients ` +
        `try ${target.port}. For tracker-server: --domain ${target.host}:${meant.port}`
      );
    },
  };
}

function adviceOnTarget(url: TrackerUrl, target: TrackerUrl): string {
  if (target.host === 'localhost' || target.host.startsWith('127.')) {
    return 'that is every client’s own machine: give the redirecting server its public name (tracker-server: --domain)';
  }
  if (!isStandard(target) || target.port === url.port) return 'correct the target of the redirect';
  return (
    `the redirect names no port, so clients try ${target.port}. When ${target.scheme.toUpperCase()} is on another one, ` +
    `name it: for tracker-server --domain ${target.host}:PORT with the port of --https-port`
  );
}

function isStandard({ scheme, port }: TrackerUrl): boolean {
  return port === (scheme === 'https' ? 443 : 80);
}

/** What an HTTP status other than 200 means; `page` is the title of a web page, when one came. */
export function diagnoseStatus(url: TrackerUrl, http: HttpAnswer, page: string | undefined): Diagnosis {
  const { status } = http;
  const said = `HTTP ${status}${page ? ` ${page.trim()}` : ''}`;
  if (
    status === 400 &&
    /HTTP request was sent to HTTPS|client sent an HTTP request to an HTTPS/i.test(textOf(http))
  ) {
    return speaksTls(url);
  }
  if (status === 404 || status === 410) {
    const advice =
      'correct the path: most trackers answer at /announce, private ones under a key; a proxy must pass it on';
    return { id: 'not-found', message: `there is nothing at ${url.path} (${said})`, advice };
  }
  if (status === 502 || status === 503 || status === 504) {
    const advice =
      'start the tracker behind the proxy, and check the address and port that the proxy passes requests to';
    return { id: 'gateway', message: `a proxy answers, but not the tracker behind it (${said})`, advice };
  }
  if ([401, 403, 407, 429, 451].includes(status)) {
    const advice =
      status === 429
        ? 'a limit on requests is reached: wait, or raise it; announces come in bursts'
        : 'a rule of the web server, a bot filter or a CDN keeps clients out: let /announce through without a login or check';
    return { id: 'forbidden', message: `the server keeps us out (${said})`, advice };
  }
  const advice =
    'answer with status 200, refusals with a failure reason: clients take any other status for a dead tracker';
  return { id: 'http-status', message: `the announce is answered with ${said}`, advice };
}

export function diagnosePage(url: TrackerUrl, page: string): Diagnosis {
  return {
    id: 'web-page',
    message: `a web page ${page}is at ${url.path}, not a tracker`,
    advice:
      'correct the host, port or path; a proxy must pass /announce on to the tracker instead of serving its own page',
  };
}

export function speaksTls(url: TrackerUrl): Diagnosis {
  return {
    id: 'speaks-tls',
    message: `port ${url.port} speaks TLS, but the URL begins with ${url.scheme}://`,
    advice: `use ${url.scheme}s:// for this port, or the port of the plain listener`,
  };
}

function textOf({ body }: HttpAnswer): string {
  return Buffer.from(body.subarray(0, 4096)).toString('latin1');
}
