#!/usr/bin/env node
// The command tracker-query: joins `run` to this process, its streams and its signals.
import '../cli/typescript-lines.ts';
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { TrackerError } from './network/tracker-error.ts';
import { run } from './run.ts';

const interrupt = new AbortController();
// Each query of a batch listens to it, and --jobs says how many there are.
setMaxListeners(0, interrupt.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first asks for an orderly end with what there is; the second means it.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort(new TrackerError('interrupted', { permanent: true }));
  });
}
// A reader that has seen enough (head, less) ends the run quietly.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const { stdout, stderr, stdin } = process;
const code = await run(process.argv.slice(2), {
  stdout,
  stderr,
  stdin,
  interrupt: interrupt.signal,
  version,
});
// Not process.exit at once: what a pipe has not taken yet would be lost.
process.exitCode = code;
stdout.write('', () => process.exit(code));
