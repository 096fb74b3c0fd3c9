// How the store keeps time in a record: in ticks of a second or a few, on a circle of 2^13.
//
// An age is unambiguous only while it is less than a turn. So the ticks never run further ahead of the sweeper than
// `leadTicks` (store-clock.ts), and what the sweeper has passed is no older than the TTL:
//
//   ttl (`maxTtlTicks` at most) + lead + rounds in which a peer that moved was missed + what counts as the future < a turn
//
// A peer seen up to 256 ticks after "now" counts as just seen, because threads take the time one after another: an age
// of minus one would be a whole turn.

import { stepsBefore, stepsSinceOrAhead } from '../protocol/wrapped-time.ts';

/** Of a record's state bits (block.ts). On disk: a snapshot holds records as they are. */
const tickMask = 0x1fff;

/** Threads take the time one after another, so a record may have been seen a little later than "now". */
const aheadTicks = 256;

/** The longest peer TTL in ticks: an hour, which is the usual one, in whole seconds. */
export const maxTtlTicks = 3600;

/**
 * How far the ticks may run ahead of the beginning of the last round of the sweeper: a TTL, so that whatever pause there
 * was, everybody who was there before it is forgotten after it; and ten minutes between two rounds.
 */
export const leadTicks = maxTtlTicks + 600;

const missedTicks = 128;
if (maxTtlTicks + leadTicks + missedTicks + aheadTicks > tickMask) {
  throw new RangeError('an age of a record may be more than a turn of the ticks');
}

/** The tick of a time in whole seconds of the store's clock. */
export function tickAt(seconds: number, secondsPerTick: number): number {
  // Whole numbers throughout: `Math.floor` would have V8 divide doubles.
  return ((seconds / secondsPerTick) | 0) & tickMask;
}

/** Of a record's state bits, the tick in which it was last seen. */
export function tickIn(state: number): number {
  return state & tickMask;
}

/** Ticks since a record with these state bits was last seen; 0 for one that was seen just after `tick`. */
export function ageOf(state: number, tick: number): number {
  return stepsSinceOrAhead(state, tick, tickMask, aheadTicks);
}

/** The tick that lies `ticks` before `tick`. */
export function tickBefore(tick: number, ticks: number): number {
  return stepsBefore(tick, ticks, tickMask);
}

/**
 * The number of the window of `window` ticks that a tick lies in, where `offset` shifts them all; the one in which the
 * circle closes is shorter.
 */
export function windowOf(tick: number, offset: number, window: number): number {
  return (((tick + offset) & tickMask) / window) | 0;
}

/**
 * How many ticks may pass until others are told again of a peer that only stays: a third of the TTL, and less where it
 * is not much longer than the interval, so that theirs is told anew before they forget it.
 * @param peerTtl seconds, as `interval`, between two announces of a peer
 */
export function refreshTicksFor(peerTtl: number, interval: number): number {
  const seconds = Math.min(peerTtl / 3, (peerTtl - interval) / 2);
  return Math.max(1, Math.floor(seconds / secondsPerTickFor(peerTtl)));
}

/** How long a tick has to be for this peer TTL, both in seconds. */
export function secondsPerTickFor(peerTtl: number): number {
  return Math.max(1, Math.ceil(peerTtl / maxTtlTicks));
}
