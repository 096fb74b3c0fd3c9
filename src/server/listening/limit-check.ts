// Whether an address asks over HTTP so often that its connections need not be let in at all.
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { ClientAddress } from '../../transport/client-address.ts';
import { monotonicSeconds } from '../clock.ts';

export function createLimitCheck({ protection }: Tracker): (address: ClientAddress) => boolean {
  return ({ family, words }) => {
    const { http } = protection;
    if (http === undefined) return false;
    const now = monotonicSeconds();
    const row = http.rowOf(family, words, 0, now);
    return row !== unlimited && http.isEmpty(row, now);
  };
}
