// Knows which addresses are public, and which belong to this machine, this network or nobody.
import { BlockList, isIPv4 } from 'node:net';
import { formatIp, parseIp } from '../../protocol/ip-address.ts';

export type AddressScope = 'public' | 'loopback' | 'link-local' | 'private' | 'reserved';

const ranges: [AddressScope, BlockList][] = [
  ['loopback', blockList(['127.0.0.0/8'], ['::1/128'])],
  ['link-local', blockList(['169.254.0.0/16'], ['fe80::/10'])],
  [
    'private',
    blockList(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7', 'fec0::/10']),
  ],
  [
    'reserved',
    blockList(
      // "This network", protocol assignments, documentation, benchmarking, 6to4 relays, multicast, future use.
      [
        '0.0.0.0/8',
        '192.0.0.0/24',
        '192.0.2.0/24',
        '198.18.0.0/15',
        '198.51.100.0/24',
        '203.0.113.0/24',
        '224.0.0.0/3',
      ],
      ['::/128', '64:ff9b:1::/48', '100::/64', '2001:db8::/32', '3fff::/20', 'ff00::/8'],
    ),
  ],
];

// A form of IPv6 that only wraps an IPv4 address is judged by what it wraps, or it would be a way round the rule.
// `at` is the byte at which the IPv4 address begins.
const wrappings: { list: BlockList; at: number }[] = [
  { list: blockList([], ['::ffff:0:0/96']), at: 12 },
  { list: blockList([], ['64:ff9b::/96']), at: 12 },
  { list: blockList([], ['2002::/16']), at: 2 },
];

/** The scope of an IP literal; a zone (`%eth0`) is ignored. */
export function scopeOf(address: string): AddressScope {
  const bare = address.split('%')[0];
  if (isIPv4(bare)) return scopeIn(bare, 'ipv4');
  for (const { list, at } of wrappings) {
    const bytes = list.check(bare, 'ipv6') ? parseIp(bare) : undefined;
    if (bytes) return scopeIn(formatIp(bytes, at, 4), 'ipv4');
  }
  return scopeIn(bare, 'ipv6');
}

function scopeIn(address: string, family: 'ipv4' | 'ipv6'): AddressScope {
  for (const [scope, list] of ranges) if (list.check(address, family)) return scope;
  return 'public';
}

function blockList(ipv4: string[], ipv6: string[]): BlockList {
  const list = new BlockList();
  for (const range of ipv4) list.addSubnet(range.split('/')[0], Number(range.split('/')[1]), 'ipv4');
  for (const range of ipv6) list.addSubnet(range.split('/')[0], Number(range.split('/')[1]), 'ipv6');
  return list;
}
