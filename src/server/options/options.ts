// The one table of the server's options; flags, environment, file, help, checks and reference page all follow from it.
import { availableParallelism } from 'node:os';
import type { IpVisibility } from '../../admin/shown-address.ts';
import { adminOptions } from './admin-options.ts';
import { clusterOptions } from './cluster-options.ts';
import { httpsOptions } from './https-options.ts';
import { type Option, option } from './option.ts';
import {
  addresses,
  choice,
  networks,
  type OneOrMore,
  onOff,
  path,
  seconds,
  size,
  text,
  wholeNumber,
} from './option-kinds.ts';
import { portOptions } from './port-options.ts';
import { protectionOptions } from './protection-options.ts';
import { webTorrentOptions } from './webtorrent-options.ts';
import { xdpOptions } from './xdp-options.ts';

const week = 7 * 24 * 3600;
const mebibyte = 2 ** 20;

export const optionTable = {
  host: option<OneOrMore<string> | undefined>({
    group: 'Listening',
    kind: addresses(),
    placeholder: 'ADDRESS',
    default: undefined,
    defaultText: 'all interfaces',
    example: '192.0.2.1',
    help: 'Address that every listener binds, IPv4 or IPv6. Repeatable: every port is opened on each.',
  }),
  ...portOptions,
  ...xdpOptions,
  'io-uring': option<boolean>({
    group: 'Listening',
    kind: onOff(),
    default: false,
    help:
      'Carry HTTP connections that clients keep through io_uring (Linux 6.1): more requests a second for the same processor ' +
      'time. Where it is forbidden or missing, all go over epoll as without it.',
  }),
  ipv6: option<boolean>({
    group: 'Listening',
    kind: onOff(),
    default: false,
    help: 'Also listen on :: (IPv6 only sockets), with every listener. Changes nothing when --host names an IPv6 address.',
  }),
  ...httpsOptions,
  interval: option<number>({
    reload: true,
    group: 'Answers',
    kind: seconds(1, week),
    placeholder: 'SEC',
    default: 1800,
    help: 'Seconds until a peer should announce again.',
  }),
  'min-interval': option<number>({
    reload: true,
    group: 'Answers',
    kind: seconds(0, week),
    placeholder: 'SEC',
    default: 60,
    defaultText: '60, or --interval if that is shorter',
    help: 'Seconds that a peer is asked to wait at least before it announces again.',
  }),
  'peer-ttl': option<number>({
    group: 'Answers',
    kind: seconds(1, 3 * week),
    placeholder: 'SEC',
    default: 3600,
    help: 'Seconds without an announce until a peer is forgotten.',
  }),
  'max-peers': option<number>({
    reload: true,
    group: 'Answers',
    kind: wholeNumber(1, 2000),
    placeholder: 'N',
    default: 200,
    help: 'Peers per announce: the most, and what a client gets that does not say (numwant).',
  }),
  'max-scrape-hashes': option<number>({
    reload: true,
    group: 'Answers',
    kind: wholeNumber(1, 100),
    placeholder: 'N',
    default: 5,
    help: 'The most info_hashes that one scrape is answered; further ones are left out.',
    shipped: {
      value: 74,
      why: 'Set to the most that one UDP packet asks for: clients with many torrents (Transmission) ask for as many at once. Transmission 3.00 asks for 100, and never for what was left out; set 100 where it is common.',
    },
  }),
  'full-scrape': option<boolean>({
    reload: true,
    group: 'Answers',
    kind: onOff(),
    default: false,
    help: 'Allow an HTTP scrape without info_hash, which shows all torrents.',
  }),
  'tracker-id': option<string>({
    reload: true,
    group: 'Answers',
    // The control characters are what the pattern keeps out.
    kind: text(
      'text of at most 100 characters without control characters',
      /^[^\x00-\x1f\x7f-\x9f]{0,100}$/u,
    ),
    placeholder: 'TEXT',
    default: 'Wildkat',
    help: 'The "tracker id" of HTTP and WebTorrent announce replies; empty leaves it out.',
  }),
  'no-ipv4-mapped': option<boolean>({
    reload: true,
    group: 'Answers',
    kind: onOff(),
    default: false,
    help: 'Do not fill up HTTP replies to IPv6 clients with IPv4 peers written as ::ffff:a.b.c.d.',
  }),
  ...webTorrentOptions,
  'trusted-proxy': option<readonly string[]>({
    group: 'Clients behind proxies',
    kind: networks(),
    placeholder: 'CIDR',
    default: [],
    defaultText: 'none',
    example: ['10.0.0.0/8', 'fd00::/8'],
    help: 'Network whose X-Forwarded-For is believed. Repeatable.',
  }),
  'proxy-protocol': option<boolean>({
    group: 'Clients behind proxies',
    kind: onOff(),
    default: false,
    help:
      'Expect the PROXY protocol (v1 or v2) at the start of each HTTP and HTTPS connection from a --trusted-proxy; ' +
      'other connections are served as ever.',
  }),
  ...protectionOptions,
  'memory-limit': option<number>({
    group: 'Resources',
    kind: size(16 * mebibyte, 4096 * mebibyte),
    placeholder: 'SIZE',
    default: 512 * mebibyte,
    help: 'The most memory that swarms may take, such as 64MiB or 2GiB. Reserved at start, used as needed.',
  }),
  'data-dir': option<string | undefined>({
    group: 'Resources',
    kind: path(),
    placeholder: 'DIR',
    default: undefined,
    defaultText: 'nothing is kept',
    example: '/var/lib/tracker',
    help: 'Directory for what outlives a restart: the swarms, the key of UDP connection ids, ACME certificates.',
  }),
  takeover: option<boolean>({
    group: 'Resources',
    kind: onOff(),
    default: false,
    help:
      'Take the sockets and swarms over from the tracker that runs on the same --data-dir, which then ends. ' +
      'Without one it is an ordinary start.',
  }),
  'snapshot-interval': option<number>({
    reload: true,
    group: 'Resources',
    kind: seconds(1, week),
    placeholder: 'SEC',
    default: 60,
    help: 'Seconds between two savings of all swarms to --data-dir; they are also saved at the end.',
  }),
  workers: option<number>({
    group: 'Resources',
    kind: wholeNumber(0, 256),
    placeholder: 'N',
    default: availableParallelism(),
    defaultText: 'one per core',
    example: 4,
    help: 'Threads that serve UDP and HTTP on Linux; 0 serves both on the main thread.',
  }),
  'stream-workers': option<number>({
    group: 'Resources',
    kind: wholeNumber(0, 256),
    placeholder: 'N',
    default: availableParallelism(),
    defaultText: 'one per core',
    example: 2,
    help: 'Threads that carry HTTPS, started only with --https-port; 0 carries it on the main thread.',
  }),
  ...clusterOptions,
  ...adminOptions,
  verbose: option<boolean>({
    reload: true,
    group: 'Log',
    kind: onOff(),
    short: 'v',
    default: false,
    help: 'Log every request.',
  }),
  'log-ip': option<IpVisibility>({
    group: 'Log',
    kind: choice('full', 'truncated', 'off'),
    placeholder: 'HOW',
    default: 'truncated',
    help: 'Show IP addresses in the log and on admin pages whole, cut to /24 and /48, or not at all.',
  }),
  'log-format': option<'text' | 'json'>({
    reload: true,
    group: 'Log',
    kind: choice('text', 'json'),
    placeholder: 'FORMAT',
    default: 'text',
    help: 'Write the log as lines of text or of JSON.',
  }),
  config: option<string | undefined>({
    group: 'General',
    kind: path(),
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
    help: 'Read options from a TOML file; its keys are the flags without the dashes.',
    notInFile: true,
  }),
  check: option<boolean>({
    group: 'General',
    kind: onOff(),
    default: false,
    help: 'Print the settings and where each comes from, what this machine has against them, and exit.',
    flagOnly: true,
  }),
};

export type OptionName = keyof typeof optionTable;
export type OptionValues = {
  -readonly [K in OptionName]: (typeof optionTable)[K] extends Option<infer T> ? T : never;
};

export const optionNames = Object.keys(optionTable) as OptionName[];

/** The option of the table without its value's type, for code that treats all options alike. */
export function optionOf(name: OptionName): Option<unknown> {
  return optionTable[name] as Option<unknown>;
}

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionTable, name);
}

/** `http-port` as `CARACAL_HTTP_PORT`. */
export function environmentName(name: OptionName): string {
  return `CARACAL_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** `--verbose`, or `-v, --verbose` with its short form, and the placeholder of its value. */
export function flagOf(name: OptionName): string {
  const { short, placeholder } = optionOf(name);
  return `${short ? `-${short}, ` : ''}--${name}${placeholder ? ` <${placeholder}>` : ''}`;
}

/** The default as the help shows it; `undefined` where nothing is worth saying (a switch that is off). */
export function defaultTextOf(name: OptionName): string | undefined {
  const { defaultText, default: value, kind } = optionOf(name);
  if (defaultText !== undefined) return defaultText;
  if (typeof value === 'boolean') return value ? 'on' : undefined;
  const literal = kind.format(value as NonNullable<unknown>);
  return literal.startsWith('"') ? literal.slice(1, -1) : literal;
}
