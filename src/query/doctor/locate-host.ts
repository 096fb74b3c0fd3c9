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

/** Whether a word is a host, with or without a port, rather than a URL or a command. */
export function isHost(word: string): boolean {
  return /^(localhost|[^\s/:]+\.[^\s/:]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(word) || isIP(word) === 6;
}

/** The announce URL that a host stands for when nothing is known of it. Throws a UsageError. */
export function guessUrl(word: string): TrackerUrl {
  return parseTrackerUrl(`http://${isIP(word) === 6 ? `[${word}]` : word}/announce`);
}

/** URLs at which a tracker answers on the host, the first to be recommended; empty when none does. */
export async function locateTrackers(word: string, options: LocateOptions): Promise<TrackerUrl[]> {
  const guess = guessUrl(word);
  const { families, timeoutSeconds, interrupt } = options;
  try {
    const [address] = await within(timeoutSeconds, interrupt, (deadline) =>
      resolveName(guess.host, families, deadline),
    );
    const named = /:\d+$/.test(word) && isIP(word) !== 6;
    const likely = likelyUrls(guess).filter(({ port }) => !named || port === guess.port);
    const urls = [...likely, { ...guess, text: formatTrackerUrl(guess) }];
    const family = isIP(address) as 4 | 6;
    return await findAnswering(
      urls,
      ({ port }) => ({ address: address, family, port }),
      new Uint8Array(randomBytes(20)),
      options,
    );
  } catch (error) {
    if (error instanceof TrackerError || error instanceof UsageError) return [];
    throw error;
  }
}
