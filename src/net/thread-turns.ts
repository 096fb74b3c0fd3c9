// Which of this process's threads the kernel lets run first where there are more than processors: who answers questions, and not
// who makes handshakes.
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { PinnedMemory } from './pinned-memory.ts';
import type { SystemCalls } from './system-calls.ts';

const SCHED_OTHER = 0;
// struct sched_attr: offsets in words of 32 bits, the turn's nanoseconds in two.
const attribute = { size: 0, policy: 1, niceness: 4, turn: 6 } as const;
/** SCHED_ATTR_SIZE_VER0, which every kernel takes. */
const attributeBytes = 48;
/** The shortest that there is; otherwise it is 0.7 to 3 ms. */
const shortTurnNs = 100_000;
/** By so much those stand back who may wait: a tenth of a processor is theirs if somebody else could use all of it. */
const standBackBy = 10;
const mostNice = 19;

/**
 * Has this thread take turns of a tenth of a millisecond: when it wakes, it does not wait until others have had their longer
 * ones. Linux 6.12 and newer know that, older ones change nothing. False where it is refused, or an operator has chosen
 * another policy than the usual for the process (sched(7)).
 */
export function takeShortTurns(calls: SystemCalls): boolean {
  const niceness = usualNiceness();
  if (niceness === undefined) return false;
  const memory = new PinnedMemory(calls, 64);
  try {
    const { address, words } = memory.take(attributeBytes);
    words[attribute.size] = attributeBytes;
    words[attribute.policy] = SCHED_OTHER;
    words[attribute.niceness] = niceness;
    words[attribute.turn] = shortTurnNs;
    return calls.schedSetattr(0, address, 0) === 0;
  } finally {
    memory.release();
  }
}

/** Has this thread run when others of the process leave something, and at least a tenth of the time. False where it is refused. */
export function standBack(): boolean {
  const niceness = usualNiceness();
  if (niceness === undefined) return false;
  try {
    // Of the calling thread, as Linux has it; elsewhere it would be the whole process.
    setPriority(0, Math.min(mostNice, niceness + standBackBy));
    return true;
  } catch {
    return false;
  }
}

/** This thread's niceness, if its policy is the usual one. */
function usualNiceness(): number | undefined {
  try {
    // What is in parentheses is a name, with whatever in it; the state behind them is the third field of proc_pid_stat(5).
    const fields = readFileSync('/proc/thread-self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [niceness, policy] = [fields[19 - 3], fields[41 - 3]].map(Number);
    return policy === SCHED_OTHER ? niceness : undefined;
  } catch {
    return undefined;
  }
}
