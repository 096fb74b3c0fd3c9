// The options against abuse: what is refused, whatever the store has room for. Part of the table in options.ts.

import type { Option } from './option.ts';
import { path, portList, texts } from './option-kinds.ts';
import { defaultRates, type RateLimit, rateLimit } from './rate-limit-option.ts';

/**
 * Services that would suffer from a swarm's connections or answer them with more than was sent; none is where clients
 * listen. 80, 443 and 8080 are left to peers behind strict firewalls.
 */
const servicePorts = [
  7, 9, 13, 17, 19, 20, 21, 22, 23, 25, 37, 53, 69, 110, 111, 123, 135, 137, 138, 139, 143, 161, 179, 389,
  445, 465, 514, 587, 636, 873, 993, 995, 1433, 1521, 1883, 1900, 2049, 2375, 3306, 3389, 5353, 5432, 5672,
  5900, 6379, 9200, 11211, 27017,
];

const refusedPorts: Option<readonly number[]> = {
  group: 'Protection',
  reload: true,
  kind: portList(),
  placeholder: 'PORT,…',
  default: servicePorts,
  defaultText: 'well-known services such as 22, 25, 53 and 3306',
  example: [22, 25, 53],
  help: 'Ports that no peer may announce, so that a swarm cannot be sent against a service; "none" allows all but 0.',
};

const rates: Option<RateLimit> = {
  group: 'Protection',
  reload: true,
  kind: rateLimit(),
  placeholder: 'RATES',
  default: defaultRates,
  help:
    'Requests a second from an IPv4 address or an IPv6 /56, and after the colon how many may come at once; eight times ' +
    'as many from an IPv6 /48. "off", or "udp=off", lifts it. Not for private and loopback addresses, nor for a ' +
    'trusted proxy.',
};

const peerIdPrefix = /^[\x21-\x7e]{1,20}$/;

function listOption(help: string, example: string): Option<string | undefined> {
  return {
    group: 'Protection',
    reload: true,
    kind: path(),
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
    example,
    help,
  };
}

function clientOption(help: string, example: string): Option<readonly string[]> {
  return {
    group: 'Protection',
    reload: true,
    kind: texts('the first 1 to 20 characters of a peer_id', peerIdPrefix),
    placeholder: 'PREFIX',
    default: [],
    defaultText: 'none',
    example: [example],
    help,
  };
}

const deniedAddresses: Option<readonly string[]> = {
  group: 'Protection',
  reload: true,
  kind: texts('a network such as 192.0.2.0/24, an address, or the path of a file of them', /^[^\0]+$/),
  placeholder: 'CIDR|FILE',
  default: [],
  defaultText: 'none',
  example: ['192.0.2.0/24', '/var/lib/tracker/denied-networks'],
  help: 'Network whose announces are refused, or a file of such networks, one a line. Repeatable.',
};

export const protectionOptions = {
  'allow-list': listOption(
    'File of info_hashes, 40 hexadecimal digits a line, # for comments: no other torrent may be announced. Read again ' +
      'on SIGHUP and when it changes; a list with a mistake leaves the old one in use.',
    '/etc/tracker/allowed',
  ),
  'deny-list': listOption(
    'File of info_hashes that may not be announced; as --allow-list. The command deny adds to it, so it lies where the ' +
      'tracker may write.',
    '/var/lib/tracker/denied',
  ),
  'allow-client': clientOption(
    'Beginning of the peer_ids that may announce; all others may not. Repeatable.',
    '-qB',
  ),
  'deny-client': clientOption('Beginning of peer_ids that may not announce. Repeatable.', '-XL'),
  'deny-ip': deniedAddresses,
  'rate-limit': rates,
  'refused-ports': refusedPorts,
};
