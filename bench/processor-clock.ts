// How much processor time this thread has had: what a pause on the clock is to be compared with.
import { loadKoffi } from '../src/net/koffi.ts';

interface Koffi {
  load(library: string | null): { func(declaration: string): (clock: number, time: BigInt64Array) => number };
}

const CLOCK_THREAD_CPUTIME_ID = 3;

/** A function that gives milliseconds; NaN where the system cannot be asked (koffi is optional). */
export function createProcessorClock(): () => number {
  try {
    const koffi = loadKoffi() as Koffi;
    const read = koffi.load(null).func('int clock_gettime(int clock, void *time)');
    const time = new BigInt64Array(2);
    return () => {
      read(CLOCK_THREAD_CPUTIME_ID, time);
      return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
    };
  } catch {
    return () => Number.NaN;
  }
}
