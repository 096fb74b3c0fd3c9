// Notices when nearly all peers seem to have one private address: a proxy's or a container bridge's, not theirs.
import { decodeIpWords, formatIp, parseIp } from '../../protocol/ip-address.ts';
import { type StoreWalk, WalkSlice, walkedPeerWords } from '../../swarm/store-walk.ts';
import { isLocal } from '../../transport/client-address.ts';
import type { Log } from '../log/log.ts';

const checkEveryMs = 60_000;
/** The warning comes back this many checks later, as long as it holds. */
const checksPerWarning = 10;
const fewestPeers = 20;
const share = 0.9;
/** One check reads so much and no more; the next one goes on from there. */
const peersPerCheck = 2000;
const usualBudgetMs = 5;

/** Samples the store beside the requests, so that no announce pays for it. */
export class SharedAddress {
  readonly #walk: StoreWalk;
  readonly #log: Log;
  readonly #budgetMs: number;
  readonly #slice = new WalkSlice();
  #timer: NodeJS.Timeout | undefined;
  #checksToSkip = 0;

  constructor(walk: StoreWalk, log: Log, budgetMs = usualBudgetMs) {
    this.#walk = walk;
    this.#log = log;
    this.#budgetMs = budgetMs;
  }

  start(): void {
    this.#timer = setInterval(() => this.check(), checkEveryMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Takes a sample, and warns unless it did so lately. */
  check(): void {
    if (this.#checksToSkip > 0) {
      this.#checksToSkip--;
      return;
    }
    const found = commonAddress(this.#sample());
    if (found === undefined) return;
    this.#checksToSkip = checksPerWarning - 1;
    this.#log.warn(
      `nearly all peers seem to have the address ${found}, so they cannot reach each other: the tracker stands behind ` +
        `a proxy or a container's NAT. For HTTP trust the proxy (--trusted-proxy ${found}, if it is one of yours); ` +
        "for UDP let the container use the host's network",
    );
  }

  /** How many of the sampled peers have each address. */
  #sample(): Map<string, number> {
    const counts = new Map<string, number>();
    const slice = this.#slice;
    const end = performance.now() + this.#budgetMs;
    let peers = 0;
    let roundEnded = false;
    while (!roundEnded && peers < peersPerCheck && performance.now() < end) {
      roundEnded = this.#walk.read(slice);
      for (let i = 0; i < slice.peerCount; i++) {
        const address = addressAt(slice.peers, i * walkedPeerWords);
        counts.set(address, (counts.get(address) ?? 0) + 1);
      }
      peers += slice.peerCount;
    }
    return counts;
  }
}

function addressAt(words: Int32Array, at: number): string {
  const family = (words[at] & 0xff) === 4 ? 4 : 6;
  return formatIp(decodeIpWords(words, at + 1, family));
}

/** The private address of nearly all; undefined when there is none, or too few peers to tell. */
function commonAddress(counts: ReadonlyMap<string, number>): string | undefined {
  let total = 0;
  let most = 0;
  let common = '';
  for (const [address, count] of counts) {
    total += count;
    if (count > most) {
      most = count;
      common = address;
    }
  }
  if (total < fewestPeers || most < total * share) return undefined;
  return isLocal(parseIp(common)!) ? common : undefined;
}
