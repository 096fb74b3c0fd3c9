// Knows how tracker-query is called: what its words ask for, and the parts of its help that no option gives.
import { calledAs } from '../../cli/called-as.ts';
import { type CommandLine, type GivenOptions, readWords, refuseStray } from '../../cli/command-line.ts';
import { expandHelp } from '../../cli/help-word.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { commands, exitCodes, options } from './options.ts';
import { optionsOfCommand } from './query-program.ts';

/** Values as written, by long name; a switch is true, a repeatable option a list. */
export type RawOptions = Readonly<Record<string, string | string[] | true | undefined>>;

export type Invocation =
  | { command: 'query' | 'doctor' | 'completion'; argument: string; options: RawOptions }
  | { command: 'print'; text: string };

/** Reads the words after the program's name. Throws a UsageError; help and version come back as text to print. */
export function parseCommandLine(words: readonly string[], version: string): Invocation {
  const read = readWords(commandLineOf(version), expandHelp(words, { query: '', 'tracker-query': '' }));
  if (read.print !== undefined) return { command: 'print', text: read.print };
  if (read.command === 'help') return parseCommandLine(['help', read.argument], version);
  const [stray, ...more] = read.stray;
  const tracker =
    read.command === '' && more.length === 0 && stray !== undefined && isTracker(stray) ? stray : undefined;
  if (tracker !== undefined && read.given.has('tracker')) {
    throw new UsageError('two trackers: one after -t, and one by itself');
  }
  if (stray !== undefined && tracker === undefined) {
    throw refuseStray(stray, read.command === '' ? Object.keys(commands) : []);
  }
  return {
    command: read.command === '' ? 'query' : (read.command as 'doctor' | 'completion'),
    argument: read.argument,
    options: { ...rawOptions(read.given), ...(tracker === undefined ? {} : { tracker }) },
  };
}

/** A URL or a host, as it is typed; a command never holds a dot or a colon. */
function isTracker(word: string): boolean {
  return /[.:]/.test(word) || word === 'localhost';
}

function commandLineOf(version: string): CommandLine {
  const name = calledAs('tracker-query');
  return {
    name,
    description: 'Ask any BitTorrent tracker, and find out why one does not answer.',
    usage: [
      'URL|HOST [options]',
      `${name} -t URL [options]`,
      `${name} -b [-f FILE] [options]`,
      `${name} doctor URL|HOST [options]`,
    ].join('\n       '),
    footer: examplesAndExitCodes(name),
    options: optionsOfCommand('query'),
    commands: Object.values(commands).map((command) => ({
      ...command,
      options: command.name === 'doctor' ? optionsOfCommand('doctor') : [],
    })),
    helpHelp: 'print this help',
    version: { flags: '-V, --version', text: version, help: 'print the version' },
    columns: Math.min(Math.max(process.stdout.columns || 80, 60), 110),
  };
}

function rawOptions(given: GivenOptions): RawOptions {
  const values: Record<string, string | string[] | true | undefined> = {};
  for (const { long, repeatable } of options) {
    const texts = given.get(long);
    values[long] = repeatable ? texts?.filter((text) => text !== true) : texts?.at(-1);
  }
  return values;
}

function examplesAndExitCodes(program: string): string {
  return [
    'Examples:',
    `  ${program} -t udp://tracker.example.net:6969/announce -p`,
    `  ${program} -t https://tracker.example.net/announce -s -H INFO_HASH`,
    `  ${program} -H 'magnet:?xt=urn:btih:...' -o json`,
    `  ${program} -b -f trackers.txt --jobs 32 -d 0 -o csv > trackers.csv`,
    `  ${program} doctor udp://tracker.example.net:6969/announce`,
    '',
    'Exit codes:',
    ...exitCodes.map(([code, meaning]) => `  ${code}  ${meaning}`),
  ].join('\n');
}
