// Which announce URLs the tracker's pages name, and under which name: plain data, so that any thread can.
import type { Configuration } from '../options/configuration.ts';
import { descriptionOf, type PlannedListener } from './listen-plan.ts';

export interface AnnounceUrls {
  /** --domain without a port; empty until it is set. */
  readonly domain: string;
  /** Scheme and port of each listener that answers announces, once for each kind of client. */
  readonly doors: readonly (readonly [scheme: string, port: number])[];
}

type Place = Pick<PlannedListener, 'protocol' | 'port'>;
type Names = Pick<Configuration, 'domain' | 'noWebtorrent' | 'redirectHttp'>;

/** A port that the system chooses is not known yet and left out. */
export function announceUrlsOf(plan: readonly Place[], names: Names): AnnounceUrls {
  // --domain may carry the port of one listener, which is not that of the others.
  const name = names.domain.replace(/:[0-9]+$/, '');
  return {
    domain: name === 'localhost' ? '' : name,
    doors: plan
      .filter(({ port }) => port !== 0)
      .flatMap((place) => schemesOf(place, names).map((scheme) => [scheme, place.port] as const)),
  };
}

/** A redirect leads clients of HTTP on to HTTPS, and those of WebSockets do not follow it. */
function schemesOf({ protocol }: Place, { noWebtorrent, redirectHttp }: Names): string[] {
  const { scheme, webSocketScheme } = descriptionOf(protocol);
  const takesWebSockets = !noWebtorrent && !(redirectHttp && protocol === 'HTTP');
  return [scheme, takesWebSockets ? webSocketScheme : undefined].filter((name) => name !== undefined);
}

/**
 * For a client that calls the tracker `host`: --domain once it is set, until then whatever this client called it, which
 * worked for this client at least.
 */
export function formatAnnounceUrls({ domain, doors }: AnnounceUrls, host: string | undefined): string[] {
  const name = domain === '' ? (host ?? 'localhost') : domain;
  return [...new Set(doors.map(([scheme, port]) => `${scheme}://${name}:${port}/announce`))];
}
