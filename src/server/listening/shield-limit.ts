// Above how much the shield of --xdp drops what comes of one sender, and by which keys it knows senders: both may change while it runs.
import type { ProvenLimit } from '../../net/xdp/xdp-filter.ts';
import type { TokenRate } from '../../tracker/token-buckets.ts';

/** Of connection_ids; see ProvenLimit. */
export type ProvingKeys = ProvenLimit['keys'];

/** The tracker sheds what is above its own limit; what is so far above it need not even reach it. */
const aboveTracker = 20;

export class ShieldLimit {
  #rate: TokenRate | undefined;
  #keys: ProvingKeys;

  /** @param rate what the tracker itself allows an address */
  constructor(rate: TokenRate | undefined, keys: ProvingKeys) {
    this.#rate = rate;
    this.#keys = keys;
  }

  /** Undefined where there is no limit. */
  get proven(): ProvenLimit | undefined {
    const rate = this.#rate;
    return rate && { rate: rate.rate * aboveTracker, burst: rate.burst * aboveTracker, keys: this.#keys };
  }

  changeRate(rate: TokenRate | undefined): void {
    this.#rate = rate;
  }

  /** Whether they are others: a cluster tells its keys once an hour, and they change once a week. */
  changeKeys(keys: ProvingKeys): boolean {
    const changes = textOf(keys) !== textOf(this.#keys);
    this.#keys = keys;
    return changes;
  }
}

function textOf({ current, previous, aheadSeconds }: ProvingKeys): string {
  return `${current} ${previous} ${aheadSeconds}`;
}
