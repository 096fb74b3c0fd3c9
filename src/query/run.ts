// Knows which part of tracker-query a command line calls for, and what exit code comes of it.
import { parseCommandLine } from './command-line.ts';
import { Console } from './console.ts';
import { runBatch } from './run-batch.ts';
import { createPlan } from './settings.ts';
import { runSingle } from './single.ts';
import { UsageError } from './usage-error.ts';

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
    const plan = await createPlan(invocation.options);
    let code = 2;
    if (plan.mode === 'single') code = await runSingle(plan.tracker, plan.settings, plan.attempts, console);
    if (plan.mode === 'batch') code = await runBatch(plan, surroundings.stdin, console);
    return interrupt.aborted ? 130 : code;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.complain(error.message);
    return 2;
  }
}
