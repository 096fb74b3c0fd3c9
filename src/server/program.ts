// tracker-server's command line: a command to a running tracker, a question that is answered at once, or a tracker.
import { calledAs } from '../cli/called-as.ts';
import { escapeForLog } from '../cli/escape-for-log.ts';
import { expandHelp } from '../cli/help-word.ts';
import { UsageError } from '../cli/usage-error.ts';
import { check } from './check/check.ts';
import { releaseSignals } from './life/early-signals.ts';
import { run } from './life/run.ts';
import { namesControl, runControl } from './operators/control.ts';
import { readConfiguration } from './options/configuration.ts';
import { StartError } from './start-error.ts';

/** Ends the process with a line on stderr and an exit code when it cannot be done. */
export async function runProgram(given: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const words = expandHelp(given, { tracker: '', 'tracker-server': '' });
  try {
    if (namesControl(words)) {
      releaseSignals();
      await runControl(words, environment);
      return;
    }
    const invocation = readConfiguration(words, environment);
    if (invocation.print === undefined && !invocation.values.check) {
      await run(invocation, () => {
        const again = readConfiguration(words, environment);
        // The same words, which ask for no text.
        if (again.print !== undefined) throw new UsageError(again.print);
        return again;
      });
      return;
    }
    releaseSignals();
    if (invocation.print !== undefined) process.stdout.write(invocation.print);
    else await check(invocation, (message) => complain(`warning: ${message}`));
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StartError)) throw error;
    for (const line of error instanceof UsageError ? error.lines : error.message.split('\n')) complain(line);
    process.exit(error.exitCode);
  }
}

function complain(message: string): void {
  process.stderr.write(`${calledAs('tracker-server')}: ${escapeForLog(message)}\n`);
}
