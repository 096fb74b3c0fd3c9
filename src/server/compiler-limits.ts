// How much V8 may compile into one function: the path of an announce is many short functions, called millions of times.
import { setFlagsFromString } from 'node:v8';

/** For all threads, and so to be called before the first starts. An unknown flag would change nothing. */
export function raiseInliningLimits(): void {
  setFlagsFromString('--max-inlined-bytecode-size=1500');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
}
