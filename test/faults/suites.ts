// Every fault suite there is, in the order of docs/reliability.md.
import type { FaultSuite } from './figures.ts';
import { fullDiskSuite } from './full-disk.ts';
import { killSuite } from './kill.ts';
import { takeoverSuite } from './takeover.ts';

export const suites: readonly FaultSuite[] = [killSuite, takeoverSuite, fullDiskSuite];
