// Our own tracker and the load generators of this folder as processes, for measurements of several of them at once.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pinned } from './machine.ts';
import { end, lastWords } from './udp-run.ts';

export interface RunningTracker {
  readonly pid: number;
  /** Of a listener by its title, as in the tracker's log: HTTP, HTTPS, UDP. */
  portOf(title: string): number;
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A number of descriptors that this process may not have leaves it with what it has. */
const manyDescriptors = ['sh', '-c', 'ulimit -n 60000 2>/dev/null; exec "$0" "$@"'];

/** Runs it on loopback for as long as `use` takes; on one core, if it is named. */
export async function withTracker<T>(
  options: readonly string[],
  use: (tracker: RunningTracker) => Promise<T>,
  core?: number,
): Promise<T> {
  const main = fileURLToPath(new URL('../src/server/main.js', import.meta.url));
  const words = [...manyDescriptors, process.execPath, main, '--host', '127.0.0.1', ...options];
  const child = start(words, core);
  const said = lastWords(child);
  let output = '';
  child.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  try {
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`it ended: ${said()}`)));
    gone.catch(() => {});
    while (!output.includes('Tracker running')) await Promise.race([once(child.stdout!, 'data'), gone]);
    const portOf = (title: string) =>
      Number(new RegExp(`${title} tracker listening on [\\d.]+:(\\d+)`).exec(output)![1]);
    return await use({ pid: child.pid!, portOf });
  } finally {
    await end(child);
    children.delete(child);
  }
}

type Words = string[];

/**
 * A program of this folder, to be ended by whoever started it.
 * @param as what becomes of its command: `urgent`, `leftovers`
 */
export function startProgram(
  program: string,
  options: readonly string[],
  core?: number,
  as = (words: Words) => words,
): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  return start(as([...manyDescriptors, process.execPath, path, ...options]), core);
}

/** The last line that a program of this folder prints, as JSON. */
export async function runProgram<T>(
  program: string,
  options: readonly string[],
  core?: number,
  as = (words: Words) => words,
): Promise<T> {
  const child = startProgram(program, options, core, as);
  let output = '';
  child.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  children.delete(child);
  if (code !== 0) throw new Error(`${program} ended with code ${code}`);
  return JSON.parse(output.trim().split('\n').at(-1)!) as T;
}

/** Waits until a program has printed a line that holds the word. */
export async function printed(child: ChildProcess, word: string): Promise<void> {
  let output = '';
  for await (const chunk of child.stdout!) {
    output += chunk;
    if (output.includes(word)) return;
  }
  throw new Error(`a program ended and never said ${word}`);
}

export async function endProgram(child: ChildProcess): Promise<void> {
  await end(child);
  children.delete(child);
}

function start(words: readonly string[], core?: number): ChildProcess {
  const [command, ...rest] = core === undefined ? words : pinned(core, words);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.pipe(process.stderr);
  children.add(child);
  return child;
}
