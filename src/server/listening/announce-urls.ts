// Which announce URLs the tracker's pages name, and under which name: plain data, so that any thread can.
import { descriptionOf, type PlannedListener } from './listen-plan.ts';

export interface AnnounceUrls {
  /** --domain without a port; empty until it is set. */
  readonly domain: string;
  /** Scheme and port of each listener that answers announces. */
  readonly doors: readonly (readonly [scheme: string, port: number])[];
}

/** A port that the system chooses is not known yet and left out. */
export function announceUrlsOf(
  plan: readonly Pick<PlannedListener, 'protocol' | 'port'>[],
  domain: string,
): AnnounceUrls {
  // --domain may carry the port of one listener, which is not that of the others.
  const name = domain.replace(/:[0-9]+$/, '');
  return {
    domain: name === 'localhost' ? '' : name,
    doors: plan.flatMap(({ protocol, port }) => {
      const { scheme } = descriptionOf(protocol);
      return port === 0 || scheme === undefined ? [] : [[scheme, port] as const];
    }),
  };
}

/**
 * For a client that calls the tracker `host`: --domain once it is set, until then whatever this client called it, which
 * worked for this client at least.
 */
export function formatAnnounceUrls({ domain, doors }: AnnounceUrls, host: string | undefined): string[] {
  const name = domain === '' ? (host ?? 'localhost') : domain;
  return [...new Set(doors.map(([scheme, port]) => `${scheme}://${name}:${port}/announce`))];
}
