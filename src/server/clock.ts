// The clock that ages, expiry and connection_ids run on: monotonic, and the same in every thread and after a restart.
//
// `performance.now()` plus a constant to the base of `process.hrtime`: it allocates nothing, and does not jump as
// Date.now() does.
import { performance } from 'node:perf_hooks';

// performance.now() counts from this process's start and costs no allocation; hrtime counts from the machine's boot.
// Their difference is constant, so adding it once makes the cheap clock the shared one.
const bootOffsetMs = Number(process.hrtime.bigint() / 1_000_000n) - performance.now();

/** The same clock in milliseconds. */
export function monotonicMs(): number {
  return performance.now() + bootOffsetMs;
}

/** Whole seconds since the machine booted. Setting the wall clock does not move it. */
export function monotonicSeconds(): number {
  // An int32, for 68 years: whoever reckons with it then does so in whole numbers.
  return ((performance.now() + bootOffsetMs) / 1000) | 0;
}
