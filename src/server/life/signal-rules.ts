// What each signal comes to at each moment of the tracker's life.
import type { HeardSignal } from './early-signals.ts';

/**
 * `starting`: until everything is open, also when it takes its place again. `leaving`: another tracker takes its place,
 * and neither answers. `ending`: it closes what is open.
 */
export type Phase = 'starting' | 'running' | 'leaving' | 'ending';

/** `later`: as if it came once the tracker runs. `insist`: the operator does not want to wait any longer. */
export type Deed = 'end' | 'insist' | 'reload' | 'succeed' | 'later' | 'nothing';

/** What a signal stands for: SIGHUP ends a tracker that nobody sees any more, nor could press Ctrl-C. */
export function meaningOf(
  signal: HeardSignal,
  terminalGone: () => boolean,
  platform = process.platform,
): HeardSignal {
  // On Windows it says that the console is being closed, and ten seconds later the system ends whoever is left.
  return signal === 'SIGHUP' && (platform === 'win32' || terminalGone()) ? 'SIGTERM' : signal;
}

// Whoever leaves ends in any case: when the other tracker serves, or, where it does not, in place of serving again.
const ending = { starting: 'later', running: 'end', leaving: 'later', ending: 'insist' } as const;

export const signalRules: Readonly<Record<HeardSignal, Readonly<Record<Phase, Deed>>>> = {
  SIGINT: ending,
  SIGTERM: ending,
  SIGBREAK: ending,
  SIGHUP: { starting: 'later', running: 'reload', leaving: 'later', ending: 'nothing' },
  // Whoever takes the place of a tracker must find it answering, or there would be two.
  SIGUSR2: { starting: 'later', running: 'succeed', leaving: 'nothing', ending: 'nothing' },
  // Node would open a debugger for everybody on this machine; who wants one starts the tracker with --inspect.
  SIGUSR1: { starting: 'nothing', running: 'nothing', leaving: 'nothing', ending: 'nothing' },
};
