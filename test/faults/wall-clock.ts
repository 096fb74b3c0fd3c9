// A wall clock of one program alone that can be set, compiled for the test that needs it (wall-clock.c).
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { skipWithout } from '../system-tools.ts';

const source = fileURLToPath(new URL('../../../test/faults/wall-clock.c', import.meta.url));

/** Why there can be none here, or false. */
export const skipWithoutWallClock: string | false =
  process.platform === 'linux' ? skipWithout('cc') : 'preloads a library as Linux does';

export interface WallClock {
  /** What a program that shall have this clock is started with. */
  env: Record<string, string>;
  /** Seconds by which it differs from the machine's. */
  set(seconds: number): void;
}

/** Keeps its files in `directory`. */
export function createWallClock(directory: string): WallClock {
  const clock = join(directory, 'clock');
  const library = join(directory, 'wall-clock.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source]);
  const set = (seconds: number) => writeFileSync(clock, String(seconds));
  set(0);
  return { env: { LD_PRELOAD: library, WALL_CLOCK_FILE: clock }, set };
}
