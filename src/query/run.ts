// Knows which part of tracker-query a command line calls for, and what exit code comes of it.

import { calledAs } from '../cli/called-as.ts';
import { formatCompletion } from '../cli/completion.ts';
import { UsageError } from '../cli/usage-error.ts';
import { runBatch } from './batch/run-batch.ts';
import { type Invocation, parseCommandLine, type RawOptions } from './command/command-line.ts';
import { queryProgram } from './command/query-program.ts';
import { createPlan, familiesOf, timeoutOf } from './command/settings.ts';
import { guessUrl, isHost, locateTrackers } from './doctor/locate-host.ts';
import { runDoctor } from './doctor/run-doctor.ts';
import { formatTrackerUrl } from './network/tracker-url.ts';
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
  if (command === 'doctor') {
    const url = isHost(argument) ? await urlOfHost(argument, options, console) : argument;
    return unlessInterrupted(await runDoctor(url ?? guessUrl(argument).text, options, console));
  }
  if (command === 'completion') {
    await console.write(formatCompletion(argument, queryProgram));
    return 0;
  }
  let asked = options;
  if (typeof options.tracker === 'string' && isHost(options.tracker)) {
    const tracker = await urlOfHost(options.tracker, options, console);
    if (tracker === undefined) {
      console.complain(
        `no tracker answers at ${options.tracker}; '${calledAs('tracker-query')} doctor ${options.tracker}' says why`,
      );
      return 1;
    }
    asked = { ...options, tracker };
  }
  const plan = await createPlan(asked);
  // Ctrl-C or q is how a watch is meant to end.
  if (plan.mode === 'watch') return await runWatch(plan, stdin, console);
  if (plan.mode === 'batch') return unlessInterrupted(await runBatch(plan, stdin, console));
  return unlessInterrupted(await runSingle(plan.tracker, plan.settings, plan.attempts, console));
}

/** The announce URL found on a host, which is said; undefined when nothing answers. */
async function urlOfHost(host: string, options: RawOptions, console: Console): Promise<string | undefined> {
  const { interrupt } = console;
  const found = await locateTrackers(host, {
    timeoutSeconds: timeoutOf(options),
    families: familiesOf(options),
    interrupt,
  });
  const texts = found.map((url) => formatTrackerUrl(url));
  if (texts.length > 0) console.complain(`found at ${host}: ${texts.join(' ')}`);
  return texts[0];
}
