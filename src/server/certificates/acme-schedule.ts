// Knows when a certificate is renewed, and when an authority may be asked again after it refused.

const minuteMs = 60_000;

/**
 * Let's Encrypt allows 5 failed validations an hour and name, and 5 certificates a week for the same names: three
 * attempts in the first hour, then fewer and fewer, stay below both.
 */
export const defaultFirstRetryMs = 20 * minuteMs;
const longestRetryMs = 24 * 60 * minuteMs;
/** Between two orders, whatever anybody asks for. */
const longestWaitMs = 30 * 24 * 60 * minuteMs;

/** The life of a certificate, in milliseconds since the epoch. */
export interface Lifetime {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** When two thirds of its life are over: 30 days before the end of 90, 2 before the end of 6. */
export function renewalTime({ notBefore, notAfter }: Lifetime): number {
  return notBefore + ((notAfter - notBefore) * 2) / 3;
}

/**
 * The earliest next order after one that succeeded, whatever the certificate and the clock say: a machine whose clock
 * runs far ahead finds every certificate expired.
 */
export function earliestAfterSuccess(now: number, { notBefore, notAfter }: Lifetime): number {
  return now + Math.min(longestWaitMs, (notAfter - notBefore) / 3);
}

/**
 * The earliest next order after `failures` in a row, the first included.
 * @param retryAfterMs what the authority asked for, 0 if nothing
 */
export function earliestAfterFailure(
  now: number,
  failures: number,
  retryAfterMs: number,
  firstRetryMs = defaultFirstRetryMs,
): number {
  const backOff = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 20));
  return now + Math.min(longestWaitMs, Math.max(backOff, retryAfterMs));
}

/** Whether a time kept on disk can be right: one that lies further ahead was written under a clock that ran ahead. */
export function isBelievable(earliest: number, now: number): boolean {
  return earliest <= now + longestWaitMs;
}
