// Knows where a tracker may be when it is not where its URL says: other schemes, the usual ports, the usual path.
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatTrackerUrl, type Scheme, type TrackerUrl } from '../network/tracker-url.ts';
import { Visitor, type VisitorOptions, withVisitors } from './examination.ts';

// Long enough for an answer, short enough that silent ports do not matter: all are asked at once.
const patienceSeconds = 3;

// In the order in which one of them would be recommended.
const usual: readonly [Scheme, number][] = [
  ['https', 443],
  ['http', 6969],
  ['udp', 6969],
  ['http', 80],
  ['https', 8443],
  ['http', 8080],
  ['udp', 80],
  ['udp', 1337],
  ['http', 1337],
];

/** Ports that `findElsewhere` looks at besides the URL's own. */
export const usualPorts = [...new Set(usual.map(([, port]) => port))].sort((a, b) => a - b);

/** URLs at the same host that might be the tracker's: those on the same port first. */
export function likelyUrls(url: TrackerUrl): TrackerUrl[] {
  const schemes: Scheme[] = ['https', 'http', 'udp', 'wss', 'ws'];
  const pairs = [...schemes.map((scheme): [Scheme, number] => [scheme, url.port]), ...usual];
  const path = /announce/.test(url.path) ? url.path : '/announce';
  const paths = url.path.startsWith('/announce') ? [url.path] : [path, '/announce'];
  const urls = paths.flatMap((each) => pairs.map(([scheme, port]) => ({ ...url, scheme, port, path: each })));
  const texts = urls.map((one) => ({ ...one, text: formatTrackerUrl(one) }));
  return texts.filter(
    ({ text }, index) =>
      text !== formatTrackerUrl(url) && texts.findIndex((other) => other.text === text) === index,
  );
}

/** Those of `urls` that answer an announce as a tracker does, be it with a refusal, in their order. */
export async function findAnswering(
  urls: readonly TrackerUrl[],
  endpointOf: (url: TrackerUrl) => Endpoint,
  infoHash: Uint8Array,
  options: VisitorOptions,
): Promise<TrackerUrl[]> {
  const patience = { ...options, timeoutSeconds: Math.min(patienceSeconds, options.timeoutSeconds) };
  const answering = await Promise.all(urls.map((url) => answers(url, endpointOf(url), infoHash, patience)));
  return urls.filter((_, index) => answering[index]);
}

async function answers(
  url: TrackerUrl,
  endpoint: Endpoint,
  infoHash: Uint8Array,
  options: VisitorOptions,
): Promise<boolean> {
  const visitor = new Visitor(url, endpoint, options);
  try {
    return await withVisitors([visitor], async () => {
      const { http } = await visitor.announce(infoHash);
      // A redirect leads to another of the candidates, which speaks for itself.
      return http === undefined || (http.status === 200 && http.redirects.length === 0);
    });
  } catch (error) {
    if (error instanceof TrackerError) return false;
    throw error;
  }
}
