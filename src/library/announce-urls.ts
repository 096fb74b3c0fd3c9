// Which URLs lead to a tracker's listeners from this machine.
import { announceUrlsOf, formatAnnounceUrls } from '../server/listening/announce-urls.ts';
import type { ListeningAddress } from '../server/listening/listening-address.ts';
import type { Configuration } from '../server/options/configuration.ts';

export function announceUrlsAt(
  addresses: readonly ListeningAddress[],
  { noWebtorrent, redirectHttp }: Configuration,
): string[] {
  return (
    addresses
      // Who is only led elsewhere is not served by this tracker's own name and port.
      .filter(({ protocol }) => protocol !== 'HTTP' || !redirectHttp)
      .flatMap((place) =>
        formatAnnounceUrls(
          announceUrlsOf([place], { domain: '', noWebtorrent, redirectHttp }),
          hostOf(place.address),
        ),
      )
  );
}

function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
