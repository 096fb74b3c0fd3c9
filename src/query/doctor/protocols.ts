// Checks which other protocols answer on the tracker's host and port, and where its redirects lead.

import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatTrackerUrl, type Scheme, type TrackerUrl } from '../network/tracker-url.ts';
import { type Examination, Visitor, withVisitors } from './examination.ts';
import type { FirstAnswer } from './first-announce.ts';

// Long enough for an answer, short enough that three silent protocols do not matter.
const patienceSeconds = 4;

/** The same path under the other schemes, on the same port: trackers often serve UDP and HTTP side by side. */
export async function checkProtocols(examination: Examination, endpoint: Endpoint): Promise<void> {
  const { url } = examination;
  const others = (['http', 'https', 'udp', 'ws', 'wss'] as Scheme[]).filter(
    (scheme) => scheme !== url.scheme,
  );
  const path = url.path === '/' ? '/announce' : url.path;
  const answering = await Promise.all(
    others.map((scheme) => answers(examination, endpoint, { ...url, scheme, path })),
  );
  const found = others.filter((_, index) => answering[index]);
  if (found.length === 0) {
    examination.skip('protocols', url.host, `on port ${url.port} only ${url.scheme} answers`);
    return;
  }
  const urls = found.map((scheme) => formatTrackerUrl({ ...url, scheme, path }));
  examination.pass('protocols', url.host, `also answers at ${urls.join(' and ')}`);
}

async function answers(examination: Examination, endpoint: Endpoint, url: TrackerUrl): Promise<boolean> {
  const { timeoutSeconds, interrupt } = examination.options;
  const patience = { timeoutSeconds: Math.min(patienceSeconds, timeoutSeconds), interrupt };
  const visitor = new Visitor(url, endpoint, patience);
  try {
    return await withVisitors([visitor], async () => {
      await visitor.announce(examination.createInfoHash());
      return true;
    });
  } catch (error) {
    if (error instanceof TrackerError) return false;
    throw error;
  }
}

export function judgeRedirects(examination: Examination, { http }: FirstAnswer): void {
  const [first] = http?.redirects ?? [];
  if (!http || !first) return;
  const trace = [first.from, ...http.redirects.map(({ status, to }) => `${status} ${to}`)].join(' → ');
  const shown = trace.replaceAll(/\?[^ ]*/g, '');
  const last = http.redirects.at(-1)!;
  if (first.from.startsWith('https:') && last.to.startsWith('http:')) {
    examination.fail('redirects', first.from, `leads away from TLS: ${shown}`, 'redirect to https only');
  } else {
    const advice =
      'publish the final URL: every announce pays for the redirect, and UDP-like clients give up';
    examination.warn('redirects', first.from, `redirected: ${shown}`, advice);
  }
}
