// The earlier tracker in Python, whose flags are this tracker's too: its unit with the drop-ins, or a script that starts it.
import { basename } from 'node:path';
import { UsageError } from '../cli/usage-error.ts';
import type { OptionName } from '../server/options/options.ts';
import { findCommand, installation } from './command-line.ts';
import type { Source } from './entries.ts';
import type { Transfer } from './transfer.ts';

/** What its flags become is known by the installation, which reads them before anything is compiled. */
interface EarlierFlags {
  settingsOf(
    words: readonly string[],
    directory: string,
    tell: (line: string) => void,
  ): Map<OptionName, string | number | boolean>;
}

export const wildkat = {
  files: 'tracker.service and its drop-ins, or the script that starts tracker_server.py',

  async read(sources: readonly Source[], transfer: Transfer): Promise<void> {
    const [source] = sources;
    if (source === undefined) throw new UsageError('which file starts tracker_server.py?');
    const place = { file: source.path, text: '' };
    const tell = (text: string) => {
      if (text.startsWith('not carried over')) transfer.drop(place, text);
      else transfer.differs(text, place);
    };
    const command = await findCommand(sources, isScript, tell);
    if (command === undefined) throw new UsageError(`${source.path} does not start tracker_server.py`);
    const { settingsOf } = (await import(new URL('earlier-flags.mjs', installation).href)) as EarlierFlags;
    for (const [name, value] of settingsOf(command.words, command.directory, tell)) {
      const text = value === true ? `--${name}` : `--${name} ${value}`;
      transfer.take({ file: source.path, text }, { [name]: value });
    }
    transfer.assume('the earlier tracker', { 'http-port': 6969, 'udp-port': 6969 });
    transfer.differs('what differs with the same flags is in docs/compatibility.md');
  },
};

function isScript(word: string): boolean {
  if (/\s/.test(word)) return false;
  return basename(word) === 'tracker_server.py' || /^\/opt\/tracker\/[^/]+\.py$/.test(word);
}
