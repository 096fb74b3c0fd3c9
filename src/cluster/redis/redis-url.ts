// What the URL of --cluster says: one server, several under Sentinel, or the nodes of a Redis Cluster.

export interface RedisPlace {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly { host: string; port: number }[];
  readonly tls: boolean;
  /** The path of the certificates of authorities to trust, PEM, instead of those that the system trusts. */
  readonly ca: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Of a single server or a primary under Sentinel; 0 unless one is named. */
  readonly db: number;
  /** The primary's name under Sentinel. */
  readonly name: string | undefined;
  /** For the Sentinels themselves. */
  readonly sentinelPassword: string | undefined;
}

const pattern =
  /^(redis|rediss)(?:-(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/**
 * `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]`, `rediss://` with TLS, `redis-sentinel://…HOST,HOST/NAME[/DB]`,
 * `redis-cluster://…HOST,HOST`; with TLS each may end in `?ca=FILE`; `undefined` for anything else.
 */
export function parseRedisUrl(url: string): RedisPlace | undefined {
  const match = pattern.exec(url);
  if (match === null || !canBeDecoded(url)) return undefined;
  const [, scheme, form, username, password, places, path = '', query = ''] = match;
  const kind = form === undefined ? 'single' : (form as 'sentinel' | 'cluster');
  const hosts = places.split(',').map((place) => parseHost(place, kind === 'sentinel' ? 26_379 : 6379));
  const [first = '', second = ''] = path.split('/');
  const db = kind === 'sentinel' ? second : first;
  const parameters = new URLSearchParams(query);
  if ([...parameters.keys()].some((key) => key !== 'sentinel-password' && key !== 'ca')) return undefined;
  const ca = parameters.get('ca') ?? undefined;
  if (ca === '' || (ca !== undefined && scheme !== 'rediss')) return undefined;
  if (hosts.some((host) => host === undefined) || !/^\d{0,3}$/.test(db)) return undefined;
  if (kind === 'single' && hosts.length > 1) return undefined;
  if (kind === 'sentinel' && first === '') return undefined;
  if (kind === 'cluster' && path !== '') return undefined;
  return {
    ...{ kind, hosts: hosts as RedisPlace['hosts'], tls: scheme === 'rediss', ca, db: Number(db) },
    username: decoded(username),
    password: decoded(password),
    name: kind === 'sentinel' ? decodeURIComponent(first) : undefined,
    sentinelPassword: parameters.get('sentinel-password') ?? undefined,
  };
}

/** The URL without what is secret in it: who asks, and the passwords. */
export function showRedisUrl(url: string): string {
  const [place, query = ''] = url.replace(/\/\/[^@/]*@/, '//').split('?');
  const shown = query.split('&').filter((parameter) => parameter.startsWith('ca='));
  return shown.length === 0 ? place : `${place}?${shown.join('&')}`;
}

function parseHost(place: string, usualPort: number): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(place);
  if (match === null) return undefined;
  const port = match[3] === undefined ? usualPort : Number(match[3]);
  return port >= 1 && port <= 65_535 ? { host: match[1] ?? match[2], port } : undefined;
}

function canBeDecoded(url: string): boolean {
  try {
    return decodeURIComponent(url) !== '';
  } catch {
    return false;
  }
}

function decoded(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : decodeURIComponent(text);
}
