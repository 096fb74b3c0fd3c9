// Above how much the shield of --xdp drops what comes of one sender, and by which keys it knows senders: both may change while it runs.
import type { ShieldIds } from '../../net/xdp/xdp-filter.ts';
import type { TokenRate } from '../../tracker/token-buckets.ts';

/** Of connection_ids; see ShieldIds. */
export type ProvingKeys = ShieldIds['keys'];

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

  get ids(): ShieldIds {
    const rate = this.#rate;
    const limit = rate && { rate: rate.rate * aboveTracker, burst: rate.burst * aboveTracker };
    return { keys: this.#keys, limit };
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
