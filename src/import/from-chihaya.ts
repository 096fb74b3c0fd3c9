// chihaya: chihaya.yaml, of version 2 and of its candidates, which had some keys elsewhere.
import { UsageError } from '../cli/usage-error.ts';
import { takeCertificateFiles } from './certificate-files.ts';
import type { Entry, Source } from './entries.ts';
import { parseSocketAddress } from './listeners.ts';
import { openToAll, spoofing, tuning } from './no-counterpart.ts';
import { readYaml } from './read-yaml.ts';
import {
  drops,
  saidElsewhere,
  type Taker,
  type Takers,
  takeBy,
  takesMetrics,
  takesNumber,
  trustsProxy,
  whenOn,
} from './takers.ts';
import type { Transfer } from './transfer.ts';

export const chihaya = {
  files: 'chihaya.yaml',

  async read(sources: readonly Source[], transfer: Transfer): Promise<void> {
    const [source, more] = sources;
    if (source === undefined || more !== undefined)
      throw new UsageError('chihaya has one configuration, chihaya.yaml');
    const entries = await readYaml(source);
    if (!entries.some(({ way }) => way[0] === 'chihaya'))
      throw new UsageError(`${source.path} is no configuration of chihaya: it has no key chihaya`);
    const hooks = hooksOf(entries);
    for (const entry of entries) {
      const hook = hooks.get(entry.way.slice(0, 3).join('.'));
      if (hook === undefined) takeEntry(entry, transfer);
      else takeHook(entry, hook, transfer);
    }
    takeCertificate(source, entries, transfer);
    transfer.assume('chihaya', {
      interval: 1800,
      'min-interval': 900,
      'peer-ttl': 1800,
      'max-peers': 100,
      'max-scrape-hashes': 50,
      'tracker-id': '',
    });
    transfer.differs(
      'a client that does not say how many peers it wants is given max-peers here, and default_numwant by chihaya',
    );
    transfer.differs('compact peers are the default here, a list of dictionaries with compact=0');
    transfer.differs('a partial seed (event paused) is taken here, where chihaya refuses it');
  },
};

/** The name of each hook, by the way to it. */
function hooksOf(entries: readonly Entry[]): Map<string, string> {
  const named = entries.filter(({ way }) => /^(?:pre|post)hooks$/.test(way[1] ?? '') && way[3] === 'name');
  return new Map(named.map(({ way, value }) => [way.slice(0, 3).join('.'), String(value)]));
}

const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** A duration of Go such as `1h30m`; a number alone counts nanoseconds. */
function secondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value * 1e-9;
  const text = String(value);
  if (!/^(?:[0-9.]+(?:h|ms|m|s|us|µs|ns))+$/.test(text)) return undefined;
  const parts = text.matchAll(/([0-9.]+)(h|ms|m|s|us|µs|ns)/g);
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * units[unit], 0);
}

function takesDuration(name: 'interval' | 'min-interval' | 'peer-ttl'): Taker {
  return ({ value, place }, transfer) => {
    const seconds = secondsOf(value);
    if (seconds === undefined) transfer.drop(place, 'no duration');
    else {
      const whole = Math.max(1, Math.round(seconds));
      transfer.take(place, { [name]: whole }, whole === seconds ? undefined : 'whole seconds here');
    }
  };
}

/** Go listens on both families without an address, and on IPv4 alone at 0.0.0.0. */
function listens(protocol: 'http' | 'https' | 'udp'): Taker {
  return ({ value, place }, transfer) => {
    if (value === '') return;
    const socket = parseSocketAddress(String(value), 6969);
    if (socket === undefined) transfer.drop(place, 'no address and port');
    else transfer.listen({ place, protocol, ...socket });
  };
}

function takesRoutes(end: string): Taker {
  return ({ value, place }, transfer) => {
    const routes = (Array.isArray(value) ? value : [value]).map(String);
    const lost = routes.filter((route) => !route.endsWith(end));
    if (lost.length > 0)
      transfer.drop(place, `paths that end in ${end} are served, and no other: ${lost.join(', ')} is not`);
    const keyed = routes.filter((route) => route.endsWith(end) && /[:*]/.test(route));
    if (keyed.length > 0)
      transfer.differs(`${keyed.join(', ')} is served, and what stands in its place is not looked at`, place);
  };
}

const connections = drops('connections are kept alive for 5 s, and a request has 8 s: nothing to set here');
const tuned = drops(tuning);

const keys: Takers = {
  announce_interval: takesDuration('interval'),
  min_announce_interval: takesDuration('min-interval'),
  peer_lifetime: takesDuration('peer-ttl'),
  https_addr: listens('https'),
  tls_cert_path: saidElsewhere,
  tls_key_path: saidElsewhere,
  metrics_addr: takesMetrics(6880),
  prometheus_addr: takesMetrics(6880),
  max_numwant: takesNumber('max-peers'),
  default_numwant: drops('a client that does not say how many peers it wants is given max-peers'),
  max_scrape_infohashes: takesNumber('max-scrape-hashes'),
  allow_ip_spoofing: whenOn(drops(spoofing)),
  real_ip_header: (entry, transfer) => {
    if (entry.value !== '') trustsProxy(entry, transfer);
  },
  announce_routes: takesRoutes('/announce'),
  scrape_routes: takesRoutes('/scrape'),
  private_key: drops('the key of connection ids is made by the tracker and kept in data-dir'),
  prehooks: saidElsewhere,
  posthooks: saidElsewhere,
  read_timeout: connections,
  write_timeout: connections,
  idle_timeout: connections,
  enable_keepalive: connections,
  enable_request_timing: tuned,
  max_clock_skew: tuned,
  workers: tuned,
  gc_interval: tuned,
  shard_count: tuned,
  prometheus_reporting_interval: tuned,
  redis_broker: tuned,
  redis_read_timeout: tuned,
  redis_write_timeout: tuned,
  redis_connect_timeout: tuned,
};

/** Keys that mean something else in each section. */
const ways: Takers = {
  'chihaya.http.addr': listens('http'),
  'chihaya.udp.addr': listens('udp'),
  'chihaya.storage.name': ({ value, place }, transfer) => {
    if (value !== 'memory')
      transfer.drop(place, 'swarms are in memory alone; data-dir has them outlive a restart');
  },
};

function takeEntry(entry: Entry, transfer: Transfer): void {
  if (entry.value === undefined) return;
  if (takeBy(ways, entry.way.join('.'), entry, transfer)) return;
  if (!takeBy(keys, entry.way.at(-1) ?? '', entry, transfer))
    transfer.drop(entry.place, 'not known to be a key of chihaya');
}

/** Both files are named with HTTPS off too. */
function takeCertificate({ path }: Source, entries: readonly Entry[], transfer: Transfer): void {
  const of = (key: string) => entries.find(({ way }) => way[1] === 'http' && way.at(-1) === key);
  const [https, cert, key] = [of('https_addr'), of('tls_cert_path'), of('tls_key_path')];
  if (https === undefined || https.value === '' || cert === undefined || key === undefined) return;
  if (cert.value === '' || key.value === '') return;
  takeCertificateFiles(transfer, path, { cert, key });
}

const clients =
  (allowed: boolean): Taker =>
  ({ value, place }, transfer) => {
    const prefixes = itemsOf(value).map(prefixOf);
    if (prefixes.length === 0) return;
    if (allowed) transfer.take(place, { 'allow-client': prefixes });
    else transfer.take(place, { 'deny-client': prefixes });
  };

const torrents =
  (kind: 'allowed' | 'denied'): Taker =>
  ({ value, place }, transfer) => {
    const items = itemsOf(value);
    if (items.length > 0) transfer.list({ kind, place, paths: [], items });
  };

const hookKeys: Readonly<Record<string, Takers>> = {
  'torrent approval': { name: saidElsewhere, whitelist: torrents('allowed'), blacklist: torrents('denied') },
  'client approval': { name: saidElsewhere, whitelist: clients(true), blacklist: clients(false) },
  jwt: { name: drops(openToAll) },
  'interval variation': { name: drops('the interval is the same for everybody here') },
};

/** Of a hook that is told of as a whole its options are not. */
function takeHook(entry: Entry, hook: string, transfer: Transfer): void {
  const key = entry.way.at(-1) ?? '';
  if (Object.hasOwn(hookKeys, hook)) takeBy(hookKeys[hook], key, entry, transfer);
  else if (key === 'name') transfer.drop(entry.place, 'not known to be a hook of chihaya');
}

function itemsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).map(String);
}

/** chihaya compares six characters, of `-AZ2060-…` those after the dash. */
function prefixOf(client: string): string {
  return /^[A-Za-z]{2}[0-9A-Za-z]{4}$/.test(client) ? `-${client}` : client;
}
