// Knows how to read a list of trackers, one URL a line, from a file or from standard input as it comes.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { UsageError } from '../../cli/usage-error.ts';
import type { BatchSource } from '../command/settings.ts';

/** The URLs of the list in order: blank lines and lines that begin with `#` are skipped. Throws a UsageError. */
export async function* readTrackerList(source: BatchSource, stdin: Readable): AsyncGenerator<string> {
  if ('urls' in source) {
    yield* source.urls;
    return;
  }
  const input = source.file === '-' ? stdin : createReadStream(source.file);
  let broken: Error | undefined;
  // Without a listener of its own an unreadable file would end the process instead of the loop.
  input.once('error', (error: Error) => {
    broken = error;
    lines.close();
  });
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    const url = line.replace(/^\ufeff/, '').trim();
    if (url !== '' && !url.startsWith('#')) yield url;
  }
  if (broken) throw new UsageError(`cannot read the list '${source.file}': ${broken.message}`);
}
