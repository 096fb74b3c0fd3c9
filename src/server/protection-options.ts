// The options against abuse: what is refused, whatever the store has room for. Part of the table in options.ts.
import { portList } from './option-kinds.ts';
import type { Option } from './options.ts';
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
  kind: portList(),
  placeholder: 'PORT,…',
  default: servicePorts,
  defaultText: 'well-known services such as 22, 25, 53 and 3306',
  example: [22, 25, 53],
  help: 'Ports that no peer may announce, so that a swarm cannot be sent against a service; "none" allows all but 0.',
};

const rates: Option<RateLimit> = {
  group: 'Protection',
  kind: rateLimit(),
  placeholder: 'RATES',
  default: defaultRates,
  help:
    'Requests a second from an IPv4 address or an IPv6 /56, and after the colon how many may come at once; "off", or ' +
    '"udp=off", lifts it. Not for private and loopback addresses, nor for a trusted proxy.',
};

export const protectionOptions = {
  'rate-limit': rates,
  'refused-ports': refusedPorts,
};
