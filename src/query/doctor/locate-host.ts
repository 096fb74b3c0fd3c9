// Knows how a bare host, as people type it, becomes announce URLs: the usual schemes and ports, all tried at once.
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { UsageError } from '../../cli/usage-error.ts';
import { within } from '../network/deadline.ts';
import { type Families, resolveName } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatTrackerUrl, parseTrackerUrl, type TrackerUrl } from '../network/tracker-url.ts';
import { findAnswering, likelyUrls } from './elsewhere.ts';

export interface LocateOptions {
  timeoutSeconds: number;
  families: Families;
  interrupt: AbortSignal;
}

/** Whether a word is a host, with or without a port and a path, rather than a URL with its scheme or a command. */
export function isHost(word: string): boolean {
  const host = /^(localhost|[^\s/:]+\.[^\s/:]+|\[[0-9a-f:.]+\])(:\d{1,5})?(\/\S*)?$/i;
  return host.test(word) || isIP(word) === 6;
}

/** The announce URL that a host stands for when nothing is known of it. Throws a UsageError. */
export function guessUrl(word: string): TrackerUrl {
  const [, host, path] = /^([^/]*)(.*)$/s.exec(word)!;
  return parseTrackerUrl(
    `http://${isIP(host) === 6 ? `[${host}]` : host}${path.length > 1 ? path : '/announce'}`,
  );
}

/** URLs at which a tracker answers on the host, the first to be recommended; empty when none does. */
export async function locateTrackers(word: string, options: LocateOptions): Promise<TrackerUrl[]> {
  const guess = guessUrl(word);
  const { families, timeoutSeconds, interrupt } = options;
  try {
    const addresses = await within(timeoutSeconds, interrupt, (deadline) =>
      resolveName(guess.host, families, deadline),
    );
    const named = hasPort(word);
    const likely = likelyUrls(guess).filter(({ port }) => !named || port === guess.port);
    const all = [...likely, { ...guess, text: formatTrackerUrl(guess) }];
    // A path that was typed before the usual one.
    const urls = [true, false].flatMap((typed) => all.filter(({ path }) => (path === guess.path) === typed));
    const infoHash = new Uint8Array(randomBytes(20));
    // A name may have an address of a family that the tracker does not listen on, or that is not to be had here.
    const found = await Promise.all(
      onePerFamily(addresses).map((address) =>
        findAnswering(
          urls,
          ({ port }) => ({ address, family: isIP(address) as 4 | 6, port }),
          infoHash,
          options,
        ),
      ),
    );
    return urls.filter((url) => found.some((answering) => answering.includes(url)));
  } catch (error) {
    if (error instanceof TrackerError || error instanceof UsageError) return [];
    throw error;
  }
}

function hasPort(word: string): boolean {
  return /:\d+(\/|$)/.test(word) && isIP(word) !== 6;
}

function onePerFamily(addresses: readonly string[]): string[] {
  return addresses.filter(
    (address, index) => addresses.findIndex((other) => isIP(other) === isIP(address)) === index,
  );
}
