// A workload's announces as request targets of HTTP.
import { formatPercent } from '../src/protocol/percent.ts';
import { Random } from './random.ts';
import type { Workload } from './workload.ts';

/** The announces of all peers, in an order of their own. */
export function formatPaths(
  { torrentOf, portOf, seeding, infoHashes, peers }: Workload,
  numwant: number,
): string[] {
  const random = new Random(2);
  const bytes = new Uint8Array(infoHashes.buffer);
  const order = Array.from({ length: peers }, (_, peer) => peer);
  for (let i = peers - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order.map((peer) => {
    const at = torrentOf[peer] * 20;
    const infoHash = formatPercent(bytes.subarray(at, at + 20));
    const left = seeding[peer] === 1 ? 0 : 1000;
    return `/announce?info_hash=${infoHash}&peer_id=-BN0100-${String(peer).padStart(12, '0')}&port=${portOf[peer]}&uploaded=0&downloaded=0&left=${left}&compact=1&numwant=${numwant}`;
  });
}
