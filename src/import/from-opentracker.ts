// opentracker: its configuration file (a key and a value a line) and its flags.
import { dirname, isAbsolute, join } from 'node:path';
import { UsageError } from '../cli/usage-error.ts';
import { parseCidr } from '../protocol/cidr.ts';
import { findCommand, flagsOf, isUnit, named } from './command-line.ts';
import type { Source } from './entries.ts';
import type { Place } from './findings.ts';
import { parseSocketAddress } from './listeners.ts';
import { service, statistics } from './no-counterpart.ts';
import { readText } from './read-text.ts';
import type { Transfer } from './transfer.ts';

const port = 6969;

export const opentracker = {
  files: 'opentracker.conf, or the unit or script that starts it, and its white or black list',

  async read(sources: readonly Source[], transfer: Transfer): Promise<void> {
    const reading = new Reading(transfer);
    for (const source of sources) {
      if (isUnit(source) || isScript(source)) await reading.readCommand(source);
      else reading.readFile(source);
    }
    reading.finish();
    transfer.assume('opentracker', {
      interval: 1800,
      'min-interval': 900,
      'peer-ttl': 2700,
      'max-peers': 200,
      'max-scrape-hashes': 74,
      'tracker-id': '',
    });
    transfer.differs(
      'a client that does not say how many peers it wants is given max-peers here, and 50 by opentracker',
    );
    transfer.differs('opentracker spreads its interval by some minutes; here it is the same for everybody');
    transfer.differs('a scrape without info_hash is refused here; full-scrape = true allows it');
    transfer.differs('IPv4 and IPv6 are served by one tracker here, not by two builds of it');
  },
};

const protocolsOf: Readonly<Record<string, readonly ('http' | 'udp')[] | undefined>> = {
  'listen.tcp_udp': ['http', 'udp'],
  'listen.tcp': ['http'],
  'listen.udp': ['udp'],
};

/** Keys without a counterpart, and what there is instead. */
const without: readonly (readonly [RegExp, string])[] = [
  [/^listen\.udp\.workers$/, 'one thread a core serves UDP and HTTP by itself; workers sets another number'],
  [
    /^access\.fifo_/,
    'lists are read again when their files change; tracker-server deny and undeny change one',
  ],
  [/^access\.proxy$/, 'neither an address nor a network'],
  [/^access\.stats/, statistics],
  [/^tracker\.redirect_url$/, '/ is a small page that names the announce URLs; it leads nowhere else'],
  [/^tracker\.(?:rootdir|user)$/, service],
  [/^(?:livesync|batchsync)\./, 'trackers exchange peers through a Redis or Valkey server here: --cluster'],
];

function isKey(key: string): boolean {
  return (
    protocolsOf[key] !== undefined ||
    /^access\.(?:whitelist|blacklist)$/.test(key) ||
    without.some(([keys]) => keys.test(key))
  );
}

function isScript({ path, text }: Source): boolean {
  return /\.ya?ml$/i.test(path) || /^#!/.test(text) || /^\s*(?:exec\s+)?\S*opentracker\s+-/m.test(text);
}

class Reading {
  readonly #transfer: Transfer;
  #root: string | undefined;
  #bound = false;
  readonly #lists: { place: Place; kind: 'allowed' | 'denied'; path: string; directory: string }[] = [];

  constructor(transfer: Transfer) {
    this.#transfer = transfer;
  }

  /** @throws UsageError for a file of which no line has a key of opentracker: it would become an open tracker */
  readFile({ path, text }: Source): void {
    const lines = text.split('\n').flatMap((line, index) => {
      const [, key, value = ''] = /^\s*([^\s#]\S*)(?:\s+(.*?))?\s*$/s.exec(line) ?? [];
      return key === undefined ? [] : [{ key, value, line: index + 1 }];
    });
    if (lines.length > 0 && !lines.some(({ key }) => isKey(key)))
      throw new UsageError(`${path} is no configuration of opentracker: no line has a key of it`);
    for (const { key, value, line } of lines)
      this.#takeLine({ file: path, line, text: `${key} ${value}`.trim() }, key, value, dirname(path));
  }

  async readCommand(source: Source): Promise<void> {
    const tell = (text: string) => this.#transfer.drop({ file: source.path, text: '' }, text);
    const command = await findCommand([source], named('opentracker', 'opentracker.debug'), tell);
    if (command === undefined) throw new UsageError(`${source.path} does not start opentracker`);
    let host = '';
    for (const { name, value, place } of flagsOf(source.path, command.words, () => true)) {
      if (value === undefined || name === '')
        this.#transfer.drop(place, 'no flag of opentracker, or one without its value');
      else if (name === 'i') host = value;
      else if (name === 'p') this.#listen(place, `${bracketed(host)}:${value}`, ['http']);
      else if (name === 'P') this.#listen(place, `${bracketed(host)}:${value}`, ['udp']);
      else if (name === 'f') this.#readNamed(place, join(isAbsolute(value) ? '/' : command.directory, value));
      else this.#takeFlag(place, name, value, command.directory);
    }
  }

  /** After all files, because where lists are found depends on tracker.rootdir. */
  finish(): void {
    if (!this.#bound) this.#listen({ file: 'default of opentracker', text: '' }, '0.0.0.0', ['http', 'udp']);
    for (const { place, kind, path, directory } of this.#lists) {
      const below = this.#root === undefined ? [] : [join(this.#root, path)];
      const paths = [...below, isAbsolute(path) ? path : join(directory, path)];
      this.#transfer.list({ kind, place, paths, items: [] });
    }
  }

  #readNamed(place: Place, path: string): void {
    let text: string;
    try {
      text = readText(path);
    } catch {
      this.#transfer.drop(place, `${path} cannot be read from here; name a copy of it too`);
      return;
    }
    this.readFile({ path, text });
  }

  #takeFlag(place: Place, name: string, value: string, directory: string): void {
    const key = {
      w: 'access.whitelist',
      b: 'access.blacklist',
      r: 'tracker.redirect_url',
      d: 'tracker.rootdir',
      u: 'tracker.user',
      A: 'batchsync.cluster.admin_ip',
      s: 'livesync.cluster.listen',
    }[name];
    if (key === undefined) this.#transfer.drop(place, 'no flag of opentracker');
    else this.#takeLine(place, key, value, directory);
  }

  #takeLine(place: Place, key: string, value: string, directory: string): void {
    const transfer = this.#transfer;
    const protocols = protocolsOf[key];
    if (protocols !== undefined) this.#listen(place, value, protocols);
    else if (key === 'access.whitelist') this.#lists.push({ place, kind: 'allowed', path: value, directory });
    else if (key === 'access.blacklist') this.#lists.push({ place, kind: 'denied', path: value, directory });
    else if (key === 'access.proxy' && parseCidr(value) !== undefined)
      transfer.take(place, { 'trusted-proxy': [...this.#proxies(), value] });
    else
      transfer.drop(
        place,
        without.find(([keys]) => keys.test(key))?.[1] ?? 'not known to be a key of opentracker',
      );
    if (key === 'tracker.rootdir') this.#root = value;
  }

  /** The earlier ones make room for the whole list, which is one setting. */
  #proxies(): string[] {
    const earlier = this.#transfer.settings.get('trusted-proxy');
    this.#transfer.settings.delete('trusted-proxy');
    return (earlier?.value as string[] | undefined) ?? [];
  }

  #listen(place: Place, text: string, protocols: readonly ('http' | 'udp')[]): void {
    const socket = parseSocketAddress(text, port);
    if (socket === undefined) {
      this.#transfer.drop(place, 'no address and port');
      return;
    }
    this.#bound = true;
    // Of a build for IPv6, `::` is IPv6 alone; without an address it is all that the build serves.
    const host = socket.host === '' ? '0.0.0.0' : socket.host;
    for (const protocol of protocols)
      this.#transfer.listen({ place, protocol, host, port: socket.port, v6only: true });
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
