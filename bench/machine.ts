// What a reader of a result has to know: which commit, on what machine, by what command.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';

export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `${availableParallelism()} cores of ${model}, Linux ${release()}, Node ${process.versions.node}`;
}

export function describeCommit(): string {
  const git = (...args: string[]) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
  return (git('rev-parse', '--short', 'HEAD') || 'unknown') + changed;
}

let mayBeUrgent: boolean | undefined;

/** `command` made to run on one core, where that is possible. */
export function pinned(core: number, command: readonly string[]): string[] {
  return canPin() ? ['taskset', '-c', String(core), ...command] : [...command];
}

/**
 * `command` made to run before all others of its core, where that is allowed: for who measures times beside a load that shares its
 * core, and would else wait until the load lets go of it.
 */
export function urgent(command: readonly string[]): string[] {
  const words = ['chrt', '--rr', '1'];
  mayBeUrgent ??= spawnSync(words[0], [...words.slice(1), 'true']).status === 0;
  return mayBeUrgent ? [...words, ...command] : [...command];
}

/**
 * `command` made to have what others leave of its core: for a load that stands for other machines. At the lowest priority it would
 * still keep those waiting who are measured beside it, for a few milliseconds each time.
 */
export function leftovers(command: readonly string[]): string[] {
  return canPin() ? ['chrt', '--idle', '0', ...command] : [...command];
}

export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;
}

/** Makes this process, with all its threads, run on one core, where that is possible. */
export function pinSelf(core: number): void {
  pinProcess(process.pid, core);
}

/** As `pinSelf`, for one that runs already. */
export function pinProcess(pid: number, core: number): void {
  if (canPin()) spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
}
