// Knows which part of tracker-query a command line calls for, and what exit code comes of it.

import { formatCompletion } from '../cli/completion.ts';
import { UsageError } from '../cli/usage-error.ts';
import { runBatch } from './batch/run-batch.ts';
import { type Invocation, parseCommandLine } from './command/command-line.ts';
import { queryProgram } from './command/query-program.ts';
import { createPlan } from './command/settings.ts';
import { runDoctor } from './doctor/run-doctor.ts';
import { runSingle } from './single.ts';
import { Console } from './terminal/console.ts';
import { runWatch } from './watch/watch.ts';

export interface Surroundings {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  interrupt: AbortSignal;
  version: string;
}

/** Does what the words ask for and returns the exit code: 0, 1 or 2, and 130 after Ctrl-C. */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, interrupt, version } = surroundings;
  const nocolor = words.includes('--nocolor');
  const console = new Console(stdout, stderr, interrupt, { nocolor });
  try {
    const invocation = parseCommandLine(words, version);
    if (invocation.command === 'print') {
      await console.write(invocation.text);
      return 0;
    }
    return await runCommand(invocation, console, surroundings);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.complain(error.message);
    return 2;
  }
}

async function runCommand(
  invocation: Exclude<Invocation, { command: 'print' }>,
  console: Console,
  { stdin }: Surroundings,
): Promise<number> {
  const { command, argument, options } = invocation;
  const unlessInterrupted = (code: number) => (console.interrupt.aborted ? 130 : code);
  if (command === 'doctor') return unlessInterrupted(await runDoctor(argument, options, console));
  if (command === 'completion') {
    await console.write(formatCompletion(argument, queryProgram));
    return 0;
  }
  const plan = await createPlan(options);
  // Ctrl-C or q is how a watch is meant to end.
  if (plan.mode === 'watch') return await runWatch(plan, stdin, console);
  if (plan.mode === 'batch') return unlessInterrupted(await runBatch(plan, stdin, console));
  return unlessInterrupted(await runSingle(plan.tracker, plan.settings, plan.attempts, console));
}
