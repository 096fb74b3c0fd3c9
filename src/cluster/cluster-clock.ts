// When a peer was seen that another node tells of, on this node's clock, although no two clocks agree.
//
// No node's time of day counts. A node says how old what it tells is by its own monotonic clock: the age in the record,
// and how long the message waited until the engine took it. The engine's clock says how long it has lain there. The three
// added up are how long ago the peer was seen, and from then on this node's monotonic clock counts. What is left out is
// the way to the engine, some milliseconds, so what is told can seem a little newer than it is. Nothing is ever newer than
// now, whatever a clock says, and a message is newer than those of the same node with a lower number.

import type { Sender } from './wire.ts';

export class ClusterClock {
  /** The last message of each node that this one has heard of, and its time. */
  readonly #last = new Map<string, { incarnation: bigint; number: number; at: number }>();

  /**
   * When the node wrote the message, in milliseconds of this node's clock.
   * @param now the same clock, whole or not
   * @param engineMs since the engine took it, by the engine's clock
   */
  timeOf(message: Sender & { number: number; heldMs: number }, now: number, engineMs: number): number {
    const { node, incarnation, number, heldMs } = message;
    const at = now - heldMs - Math.max(0, engineMs);
    const last = this.#last.get(node);
    const isSame = last?.incarnation === incarnation;
    // One that comes again, or late.
    if (isSame && number <= last.number) return at;
    const ordered = isSame ? Math.min(now, Math.max(at, last.at + 1)) : at;
    this.#last.set(node, { incarnation, number, at: ordered });
    return ordered;
  }

  /** A node that is gone for good needs no room. */
  forget(node: string): void {
    this.#last.delete(node);
  }
}
