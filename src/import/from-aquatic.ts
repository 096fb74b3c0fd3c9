// aquatic: the TOML files of its three programs, aquatic_udp, aquatic_http and aquatic_ws, which become one tracker.
import { basename, dirname, isAbsolute, join } from 'node:path';
import { UsageError } from '../cli/usage-error.ts';
import { takeCertificateFiles } from './certificate-files.ts';
import type { Entry, Source } from './entries.ts';
import type { Place } from './findings.ts';
import { parseSocketAddress } from './listeners.ts';
import { logging, service, statistics, tuning, webSocket } from './no-counterpart.ts';
import { readToml } from './read-toml.ts';
import { drops, type Takers, takeBy, takesMetrics, takesNumber, trustsProxy, whenOn } from './takers.ts';
import type { Transfer } from './transfer.ts';

type Protocol = 'udp' | 'http' | 'ws';

const standards = {
  udp: { interval: 900, 'peer-ttl': 1200, 'max-peers': 30, 'max-scrape-hashes': 70, 'tracker-id': '' },
  http: { interval: 120, 'peer-ttl': 1800, 'max-peers': 50, 'max-scrape-hashes': 100, 'tracker-id': '' },
};
const port = 3000;

export const aquatic = {
  files: 'the TOML files of aquatic_udp and aquatic_http, and their access list',

  read(sources: readonly Source[], transfer: Transfer): void {
    const programs: Protocol[] = [];
    for (const source of sources) {
      const entries = readToml(source);
      const protocol = protocolOf(source, entries);
      if (protocol === undefined) {
        throw new UsageError(
          `${source.path}: nothing says which of aquatic's programs it belongs to; have udp, http or ws in its name`,
        );
      }
      programs.push(protocol);
      if (protocol === 'ws')
        transfer.drop({ file: source.path, text: '' }, `${webSocket}; nothing of it is taken`);
      else new Reading(source, protocol, entries, transfer).readAll();
    }
    for (const protocol of ['udp', 'http'] as const)
      if (programs.includes(protocol)) transfer.assume(`aquatic_${protocol}`, standards[protocol]);
    transfer.differs(
      'aquatic_udp and aquatic_http keep swarms of their own: here peers of both meet, and one value serves both',
    );
    transfer.differs(
      'compact peers are the default here and dictionaries are answered to compact=0; aquatic refuses those',
    );
    transfer.differs('a partial seed (event paused) is taken here; aquatic does not answer it');
    transfer.differs(
      'over HTTP an IPv6 client is given IPv4 peers too, in the places left; no-ipv4-mapped = true leaves them out',
    );
  },
};

function protocolOf({ path }: Source, entries: readonly Entry[]): Protocol | undefined {
  const has = (pattern: RegExp) => entries.some(({ way }) => pattern.test(way.join('.')));
  if (has(/^network\.(?:websocket_|enable_http_health)|^protocol\.max_offers|max_offer_age/)) return 'ws';
  if (
    has(
      /^network\.(?:socket_recv|poll_|resend_|ring_size|use_io)|^protocol\.max_response_peers|^statistics\./,
    )
  )
    return 'udp';
  if (has(/^network\.(?:keep_alive|runs_behind|reverse_proxy)|^protocol\.max_peers$/)) return 'http';
  return (['udp', 'http', 'ws'] as const).find((name) => basename(path).toLowerCase().includes(name));
}

class Reading {
  readonly #source: Source;
  readonly #protocol: 'udp' | 'http';
  readonly #entries: readonly Entry[];
  readonly #transfer: Transfer;

  constructor(source: Source, protocol: 'udp' | 'http', entries: readonly Entry[], transfer: Transfer) {
    this.#source = source;
    this.#protocol = protocol;
    this.#entries = entries;
    this.#transfer = transfer;
  }

  readAll(): void {
    if (this.#protocol === 'udp') this.#listenUdp();
    else this.#listenHttp();
    this.#takeList();
    this.#takeMetrics();
    for (const entry of this.#entries) this.#takeEntry(entry);
  }

  #valueOf(key: string): unknown {
    return this.#entries.find(({ way }) => way.join('.') === key)?.value;
  }

  #placeOf(...keys: string[]): Place {
    const found = this.#entries.find(({ way }) => keys.includes(way.join('.')));
    return found?.place ?? { file: this.#source.path, text: '(its default)' };
  }

  #listenUdp(): void {
    const old = this.#valueOf('network.address');
    if (old !== undefined)
      this.#listen('udp', old, 'network.address', this.#valueOf('network.only_ipv6') === true);
    else this.#listenTwice('udp');
  }

  /** Since a socket for each family was opened, after 0.9.0. */
  #listenTwice(protocol: 'udp' | 'http' | 'https'): void {
    const v4 = this.#valueOf('network.use_ipv4') !== false;
    if (v4)
      this.#listen(
        protocol,
        this.#valueOf('network.address_ipv4') ?? `0.0.0.0:${port}`,
        'network.address_ipv4',
        false,
      );
    if (this.#valueOf('network.use_ipv6') === false) return;
    const v6only = this.#valueOf('network.set_only_ipv6') !== false;
    this.#listen(
      protocol,
      this.#valueOf('network.address_ipv6') ?? `[::]:${port}`,
      'network.address_ipv6',
      v6only,
    );
  }

  #listenHttp(): void {
    const tls = this.#valueOf('network.enable_tls') === true;
    const protocol = tls ? 'https' : 'http';
    const v6only = this.#valueOf('network.only_ipv6') === true;
    const old = this.#valueOf('network.address');
    const split = this.#entries.some(({ way }) =>
      /^network\.(?:use_ipv|address_ipv|set_only)/.test(way.join('.')),
    );
    if (old === undefined && split) this.#listenTwice(protocol);
    else this.#listen(protocol, old ?? `0.0.0.0:${port}`, 'network.address', v6only);
    const [cert, key] = ['network.tls_certificate_path', 'network.tls_private_key_path'].map((name) => ({
      value: this.#valueOf(name) ?? '',
      place: this.#placeOf(name),
    }));
    if (tls && cert.value !== '' && key.value !== '')
      takeCertificateFiles(
        this.#transfer,
        this.#source.path,
        { cert, key },
        'both must be PEM, the certificate with its chain',
      );
  }

  #listen(protocol: 'udp' | 'http' | 'https', value: unknown, key: string, v6only: boolean): void {
    const place = this.#placeOf(key);
    const socket = parseSocketAddress(String(value), port);
    if (socket === undefined) this.#transfer.drop(place, 'no address and port');
    else this.#transfer.listen({ place, protocol, ...socket, v6only });
  }

  /** aquatic finds relative paths where it is started, which is as a rule where the file lies. */
  #listPath(key: string): string {
    const path = String(this.#valueOf(key) ?? './access-list.txt');
    return isAbsolute(path) ? path : join(dirname(this.#source.path), path);
  }

  #takeList(): void {
    const mode = this.#valueOf('access_list.mode');
    if (mode !== 'allow' && mode !== 'deny') return;
    const kind = mode === 'allow' ? 'allowed' : 'denied';
    const place = this.#placeOf('access_list.path', 'access_list.mode');
    this.#transfer.list({ kind, place, paths: [this.#listPath('access_list.path')], items: [] });
  }

  #takeEntry(entry: Entry): void {
    const key = entry.way.join('.');
    if (takeBy(keys, key, entry, this.#transfer) || saidWithAnother.test(key)) return;
    if (entry.way[0] === 'privileges') this.#transfer.drop(entry.place, service);
    else if (/^(?:statistics|metrics)$/.test(entry.way[0])) this.#transfer.drop(entry.place, statistics);
    else this.#transfer.drop(entry.place, known.test(key) ? tuning : 'not known to be a key of aquatic');
  }

  /** It says the address, and another key whether there is such a page. */
  #takeMetrics(): void {
    for (const table of ['statistics', 'metrics']) {
      const on = `${table}.run_prometheus_endpoint`;
      if (this.#valueOf(on) !== true) continue;
      const address = `${table}.prometheus_endpoint_address`;
      const value = this.#valueOf(address) ?? '0.0.0.0:9000';
      takesMetrics(9000)({ way: [], value, place: this.#placeOf(address, on) }, this.#transfer);
    }
  }
}

const keys: Takers = {
  'protocol.peer_announce_interval': takesNumber('interval'),
  'protocol.max_scrape_torrents': takesNumber('max-scrape-hashes'),
  'protocol.max_response_peers': takesNumber('max-peers'),
  'protocol.max_peers': takesNumber('max-peers'),
  'cleaning.max_peer_age': takesNumber('peer-ttl'),
  'network.runs_behind_reverse_proxy': whenOn(trustsProxy),
  socket_workers: drops('one thread a core serves UDP and HTTP by itself; workers sets another number'),
  log_level: drops(logging),
};

const saidWithAnother =
  /^(?:network\.(?:use_ipv[46]|address(?:_ipv[46])?|set_only_ipv6|only_ipv6|enable_tls|tls_\w+|reverse_proxy_\w+)|access_list\.\w+|(?:statistics|metrics)\.(?:run_)?prometheus_endpoint(?:_address)?)$/;
const known = /^(?:swarm_workers|request_workers|network\.\w+|cleaning\.\w+|cpu_pinning.*|valid_until.*)$/;
