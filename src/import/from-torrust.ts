// torrust-tracker: tracker.toml of schema 2 and 3, and the flat one before them.
import { UsageError } from '../cli/usage-error.ts';
import { takeCertificateFiles } from './certificate-files.ts';
import { type Entry, type Source, withoutCredentials } from './entries.ts';
import { parseSocketAddress } from './listeners.ts';
import { logging, openToAll, statistics, tuning } from './no-counterpart.ts';
import { readToml } from './read-toml.ts';
import { drops, saidElsewhere, type Takers, takeBy, takesNumber, trustsProxy, whenOn } from './takers.ts';
import type { Transfer } from './transfer.ts';

const standardPort = { udp_trackers: 6969, http_trackers: 7070 };
type Servers = keyof typeof standardPort;

export const torrust = {
  files: 'tracker.toml, and the white list as the database gives it',

  read(sources: readonly Source[], transfer: Transfer): void {
    const [source, more] = sources;
    if (source === undefined || more !== undefined)
      throw new UsageError('torrust has one configuration, tracker.toml');
    const entries = readToml(source);
    if (!entries.some(({ way }) => ours.test(way[0])))
      throw new UsageError(`${source.path} is no configuration of torrust-tracker`);
    for (const kind of ['udp_trackers', 'http_trackers'] as const)
      listen(kind, source.path, entries, transfer);
    for (const entry of entries) takeEntry(entry, transfer);
    takeWhitelist(entries, transfer);
    transfer.assume('torrust-tracker', {
      interval: 120,
      'min-interval': 120,
      'peer-ttl': 900,
      'max-peers': 74,
      'max-scrape-hashes': 74,
      'tracker-id': '',
    });
    transfer.differs('compact peers are the default here, a list of dictionaries with compact=0');
    transfer.differs('a peer is known by its address and port here, by its peer_id at torrust');
    transfer.differs(
      'TORRUST_TRACKER_CONFIG_OVERRIDE_… variables are not read; those of this tracker are CARACAL_…',
    );
  },
};

const ours =
  /^(?:metadata|core|udp_trackers|http_trackers|http_api|health_check_api|mode|db_driver|announce_interval)$/;

function listen(kind: Servers, file: string, entries: readonly Entry[], transfer: Transfer): void {
  const items = [
    ...new Set(entries.filter(({ way }) => way[0] === kind && way.length > 2).map(({ way }) => way[1])),
  ];
  for (const item of items) {
    const own = entries.filter(({ way }) => way[0] === kind && way[1] === item);
    const of = (key: string) => own.find(({ way }) => way.at(-1) === key);
    if (of('enabled')?.value === false) continue;
    const address = of('bind_address');
    const place = address?.place ?? own[0].place;
    const socket = parseSocketAddress(
      String(address?.value ?? `0.0.0.0:${standardPort[kind]}`),
      standardPort[kind],
    );
    if (socket === undefined) {
      transfer.drop(place, 'no address and port');
      continue;
    }
    const [cert, key] = [of('ssl_cert_path'), of('ssl_key_path')];
    const named = [cert, key].every((entry) => entry !== undefined && entry.value !== '');
    const tls = named && of('ssl_enabled')?.value !== false;
    const protocol = kind === 'udp_trackers' ? 'udp' : tls ? 'https' : 'http';
    transfer.listen({ place, protocol, ...socket, v6only: of('ipv6_v6only')?.value === true });
    if (tls && !transfer.settings.has('cert'))
      takeCertificateFiles(transfer, file, { cert: cert!, key: key! });
  }
}

function takeEntry(entry: Entry, transfer: Transfer): void {
  const [table] = entry.way;
  const key = entry.way.at(-1) ?? '';
  if (takeBy(tables, `${table}.${key}`, entry, transfer)) return;
  if (entry.way.slice(0, 2).join('.') === 'core.database') {
    database(entry, transfer);
    return;
  }
  if (table === 'http_api' || table === 'health_check_api' || table === 'metadata') return;
  if (!takeBy(keys, key, entry, transfer))
    transfer.drop(entry.place, 'not known to be a key of torrust-tracker');
}

const tables: Takers = {
  'http_api.bind_address': drops(`${statistics}. Its paths and answers are others (docs/monitoring.md)`),
  'health_check_api.bind_address': drops(
    'health is asked at the admin door, /health/live and /health/ready: set admin-port',
  ),
};

const database = drops('there is no database: lists are files, swarms outlive a restart in data-dir');
const ban = drops(
  'a packet with a wrong connection_id costs nothing, and its address is not banned; see rate-limit',
);
const log = drops(logging);
const tuned = drops(tuning);

const keys: Takers = {
  interval: takesNumber('interval'),
  announce_interval: takesNumber('interval'),
  interval_min: takesNumber('min-interval'),
  min_announce_interval: takesNumber('min-interval'),
  max_peer_timeout: takesNumber('peer-ttl'),
  max_peers_per_announce: takesNumber('max-peers'),
  on_reverse_proxy: whenOn(trustsProxy),
  private: whenOn(drops(openToAll)),
  mode: ({ value, place }, transfer) => {
    if (/private/.test(String(value))) transfer.drop(place, openToAll);
  },
  listed: saidElsewhere,
  persistent_torrent_completed_stat: whenOn(({ place }, transfer) =>
    transfer.differs(
      'counts of downloads outlive a restart with data-dir, and begin at 0 after the move',
      place,
    ),
  ),
  external_ip: drops('peers on loopback and private addresses are given to their like alone'),
  threshold: log,
  trace_filter: log,
  trace_style: log,
  log_level: log,
  db_driver: database,
  db_path: database,
  max_connection_id_errors_per_ip: ban,
  ip_bans_reset_interval_in_secs: ban,
  connection_id_validation: ban,
  // Taken with the listener that they belong to, or without an effect of their own.
  bind_address: saidElsewhere,
  enabled: saidElsewhere,
  ssl_enabled: saidElsewhere,
  ssl_cert_path: saidElsewhere,
  ssl_key_path: saidElsewhere,
  ipv6_v6only: saidElsewhere,
  tracker_usage_statistics: saidElsewhere,
  check_keys_expiration: saidElsewhere,
  inactive_peer_cleanup_interval: tuned,
  remove_peerless_torrents: tuned,
  secs: tuned,
  nanos: tuned,
  public_url: tuned,
  udp_trackers: saidElsewhere,
  http_trackers: saidElsewhere,
};

/** Whether only listed torrents are served is in the file, and which are in the database. */
function takeWhitelist(entries: readonly Entry[], transfer: Transfer): void {
  const listed = entries.find(
    ({ way, value }) =>
      (way.join('.') === 'core.listed' && value === true) ||
      (way[0] === 'mode' && /listed/.test(String(value))),
  );
  if (listed === undefined) return;
  const valueAt = (key: RegExp) => entries.find(({ way }) => key.test(way.join('.')))?.value;
  const driver = String(valueAt(/^(?:core\.database\.driver|db_driver)$/) ?? 'sqlite3').toLowerCase();
  const path =
    valueAt(/^(?:core\.database\.path|db_path)$/) ?? valueAt(/^core\.database\.database$/) ?? 'DATABASE';
  transfer.list({
    kind: 'allowed',
    place: listed.place,
    paths: [],
    items: [],
    advice:
      `its white list is in the database: write it with ${clientOf(driver, withoutCredentials(String(path)))} ` +
      "'SELECT info_hash FROM whitelist' > whitelist, name that file too, and import again",
  });
}

/** The program that writes one column of a table without a frame. */
function clientOf(driver: string, path: string): string {
  const name = /^\w+:\/\//.test(path) ? (path.split('/').at(-1) ?? path) : path;
  if (driver.startsWith('mysql')) return `mysql -N -B -D ${name} -e`;
  return driver.startsWith('postgres') ? `psql -At -d ${name} -c` : `sqlite3 ${path}`;
}
