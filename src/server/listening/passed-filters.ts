// Filters of network interfaces (--xdp) as one tracker hands them on to the next: attached all the time, so that no packet is lost.
import { closeSync } from 'node:fs';
import type { XdpAttachment } from '../../net/xdp/xdp-filter.ts';

/** What holds a filter to its interface: whoever has the descriptor can put another program in its place. */
export interface PassedFilter {
  readonly interfaceName: string;
  readonly attachment: XdpAttachment;
  readonly descriptor: number;
}

export class PassedFilters {
  readonly #filters: PassedFilter[];

  constructor(filters: readonly PassedFilter[]) {
    this.#filters = [...filters];
  }

  /** The interface's, whose descriptor is the taker's from then on; undefined when there is none. */
  take(interfaceName: string): PassedFilter | undefined {
    const at = this.#filters.findIndex((filter) => filter.interfaceName === interfaceName);
    return at < 0 ? undefined : this.#filters.splice(at, 1)[0];
  }

  /** Lets go of those that nobody has taken: where no other process holds one, its interface is free. */
  close(): void {
    for (const { descriptor } of this.#filters.splice(0)) closeSync(descriptor);
  }
}
