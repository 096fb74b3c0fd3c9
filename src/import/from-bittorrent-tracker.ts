// bittorrent-tracker: the flags of its command, wherever that stands.
import { UsageError } from '../cli/usage-error.ts';
import { type Flag, findCommand, flagsOf, named } from './command-line.ts';
import type { Source } from './entries.ts';
import type { Place } from './findings.ts';
import { spoofing, statistics } from './no-counterpart.ts';
import { drops, type Taker, takeBy, trustsProxy } from './takers.ts';
import type { Transfer } from './transfer.ts';

const switches = new Set([
  ...['http', 'udp', 'ws', 'trust-proxy', 'stats', 'no-stats', 'quiet', 'silent', 'help', 'version'],
  ...['h', 'q', 's', 'v'],
]);

export const bittorrentTracker = {
  files: 'the unit, script or compose file that starts bittorrent-tracker',

  async read(sources: readonly Source[], transfer: Transfer): Promise<void> {
    const [source, ...more] = sources;
    if (source === undefined) throw new UsageError('which file starts bittorrent-tracker?');
    const tell = (text: string) => transfer.drop({ file: source.path, text: '' }, text);
    const found = await findCommand([source, ...more], isProgram, tell);
    if (found === undefined) {
      const embedded = /new\s+(?:\w+\.)?Server\s*\(/.test(source.text);
      throw new UsageError(
        embedded
          ? `${source.path} embeds the tracker in a program: its options can only be carried over by hand (docs/moving.md)`
          : `${source.path} does not start bittorrent-tracker`,
      );
    }
    const flags = flagsOf(source.path, found.words, (name) => !switches.has(name));
    listen(flags, source.path, transfer);
    for (const flag of flags) takeFlag(flag, transfer);
    transfer.assume('bittorrent-tracker', {
      interval: 600,
      'peer-ttl': 1200,
      'max-peers': 82,
      'max-scrape-hashes': 74,
      'tracker-id': '',
    });
    transfer.differs(
      'a client that does not say how many peers it wants is given max-peers here, and 50 by bittorrent-tracker',
    );
    transfer.differs('a scrape without info_hash is refused here; full-scrape = true allows it');
    transfer.differs(
      'compact peers are the default here, a list of dictionaries with compact=0; IPv6 clients are given peers6',
    );
    transfer.differs(spoofing);
  },
};

/** As npm installs it, as `npx bittorrent-tracker@11` asks for it, and its script. */
function isProgram(word: string): boolean {
  const program = word.replace(/@[\w.^~-]+$/, '');
  return named('bittorrent-tracker')(program) || /(?:^|\/)bittorrent-tracker\/bin\/cmd\.js$/.test(word);
}

function listen(flags: readonly Flag[], file: string, transfer: Transfer): void {
  const of = (...names: string[]) => flags.findLast(({ name }) => names.includes(name));
  const on = (name: string) => of(name) !== undefined;
  const all = !on('http') && !on('udp') && !on('ws');
  const port = of('port', 'p');
  const number = Number(port?.value ?? 8000);
  const place: Place = port?.place ?? { file, text: '(its default port)' };
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    transfer.drop(place, 'no port');
    return;
  }
  const one = (protocol: 'http' | 'udp', hostFlag: string, standard: string, v6only = false) => {
    const host = of(hostFlag);
    transfer.listen({
      place: host === undefined ? place : { file, text: `${place.text} ${host.place.text}` },
      protocol,
      host: host?.value ?? standard,
      port: number,
      v6only,
    });
  };
  if (all || on('http')) one('http', 'http-hostname', '::');
  if (all || on('udp')) {
    one('udp', 'udp-hostname', '0.0.0.0');
    one('udp', 'udp6-hostname', '::', true);
  }
  // There too it is one socket with HTTP.
  if (on('ws') && !on('http')) one('http', 'http-hostname', '::');
  if (all || on('ws'))
    transfer.differs('WebTorrent is served on every HTTP and HTTPS port, on any path', of('ws')?.place);
  else transfer.take(place, { 'no-webtorrent': true });
}

const quiet = drops('no line is written for a request, so there is nothing to keep quiet');

const flagTakers: Readonly<Record<string, Taker>> = {
  interval: ({ value, place }, transfer) => {
    const seconds = Number(value) / 1000;
    const whole = Math.max(1, Math.round(seconds));
    transfer.take(place, { interval: whole }, whole === seconds ? undefined : 'whole seconds here');
  },
  'trust-proxy': trustsProxy,
  stats: drops(statistics),
  'no-stats': drops(statistics),
  q: quiet,
  quiet,
  s: quiet,
  silent: quiet,
};

/** Looked at together, because what is not named depends on what is. */
const listening = ['port', 'p', 'http', 'udp', 'ws', 'http-hostname', 'udp-hostname', 'udp6-hostname'];

function takeFlag({ name, value, place }: Flag, transfer: Transfer): void {
  if (listening.includes(name)) return;
  const entry = { way: [name], value, place };
  if (!takeBy(flagTakers, name, entry, transfer)) transfer.drop(place, 'no flag of bittorrent-tracker');
}
