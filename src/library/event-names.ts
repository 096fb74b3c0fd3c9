// Which events a tracker has, for programs without types: a listener of a mistyped one would wait for ever.
import { didYouMean } from '../cli/did-you-mean.ts';
import { quoteForLog } from '../cli/escape-for-log.ts';
import type { TrackerEvents } from './tracker.ts';

const names: Readonly<Record<keyof TrackerEvents, true>> = {
  listening: true,
  warning: true,
  close: true,
  start: true,
  complete: true,
  update: true,
  pause: true,
  stop: true,
};

/** @throws TypeError when there is no such event */
export function checkEventName(event: unknown): void {
  // `once` of node:events listens to `error` beside what it waits for.
  if (event === 'error' || Object.hasOwn(names, event as PropertyKey)) return;
  const name = String(event);
  throw new TypeError(`there is no event ${quoteForLog(name)}${didYouMean(name, Object.keys(names))}`);
}
