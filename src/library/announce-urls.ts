// Which URLs lead to a tracker's listeners from this machine.
import type { Configuration } from '../server/options/configuration.ts';
import type { TrackerAddress } from './tracker.ts';

const schemes: Readonly<Record<TrackerAddress['protocol'], readonly string[]>> = {
  UDP: ['udp'],
  HTTP: ['http', 'ws'],
  HTTPS: ['https', 'wss'],
  ACME: [],
};

export function announceUrlsAt(
  addresses: readonly TrackerAddress[],
  { noWebtorrent, redirectHttp }: Configuration,
): string[] {
  return addresses.flatMap(({ protocol, address, port }) =>
    protocol === 'HTTP' && redirectHttp
      ? []
      : schemes[protocol]
          .filter((scheme) => !(noWebtorrent && scheme.startsWith('ws')))
          .map((scheme) => `${scheme}://${hostOf(address)}:${port}/announce`),
  );
}

function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
