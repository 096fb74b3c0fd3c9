// How the tracker's log reaches the program that it is a part of: as objects, with options named as they are there, and
// nothing is printed.
import { Log } from '../server/log/log.ts';
import { plainStyle } from '../server/log/log-text.ts';
import { inNamesHere } from './read-options.ts';
import type { LogLine } from './tracker-options.ts';

/** A log whose lines are given to `hear`. Warnings that come again and again are given three times a minute, then counted. */
export function createLogFor(hear: (line: LogLine) => void, verbose: boolean): Log {
  const write = (line: string) => {
    const { level, msg, time, ...fields } = JSON.parse(line) as Record<string, string>;
    hear({ level: level as LogLine['level'], message: inNamesHere(msg), fields });
  };
  return new Log({ write }, { format: 'json', verbose, style: plainStyle });
}
