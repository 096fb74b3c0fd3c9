// Knows how the words of the command line become option values, through commander and the option table.
import { Command, CommanderError, Help, Option } from 'commander';
import { UsageError } from '../usage-error.ts';
import { type CommandName, commands, exitCodes, type OptionSpec, options } from './options.ts';

/** Values as written, by long name; a switch is true, a repeatable option a list. */
export type RawOptions = Readonly<Record<string, string | string[] | true | undefined>>;

export type Invocation =
  | { command: 'query' | 'doctor' | 'completion'; argument: string; options: RawOptions }
  | { command: 'print'; text: string };

/** Reads the words after the program's name. Throws a UsageError; help and version come back as text to print. */
export function parseCommandLine(words: readonly string[], version: string): Invocation {
  let invocation: Invocation | undefined;
  let printed = '';
  const program = createProgram(version, (found) => {
    invocation = found;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => {
        printed += text;
      },
      writeErr: () => {},
      getOutHelpWidth: helpColumns,
    });
  }
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { command: 'print', text: printed };
    throw new UsageError(oneLine(error.message));
  }
  return invocation!;
}

function helpColumns(): number {
  return Math.min(Math.max(process.stdout.columns || 80, 60), 110);
}

/** Commander's suggestion stands on a line of its own. */
function oneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s*\n\(Did you mean (.*?)\?\)/, ' (did you mean $1?)')
    .replace(/\s+/g, ' ')
    .trim();
}

function createProgram(version: string, found: (invocation: Invocation) => void): Command {
  const program = new Command('tracker-query')
    .description('Ask any BitTorrent tracker, and find out why one does not answer.')
    .usage(
      '-t URL [options]\n       tracker-query -b [-f FILE] [options]\n       tracker-query doctor URL [options]',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    // Options after a sub-command are its own.
    .enablePositionalOptions()
    .configureHelp({ formatHelp })
    .allowExcessArguments(false)
    .addHelpText('after', () => `\n${examplesAndExitCodes()}`)
    .action(() => found({ command: 'query', argument: '', options: valuesOf(program, 'query') }));
  addOptions(program, 'query');
  for (const { name, arguments: argument, help } of commands) {
    const command = program
      .command(name)
      .description(help)
      .argument(`<${argument.toLowerCase()}>`)
      .helpOption('-h, --help', 'print this help')
      .allowExcessArguments(false)
      .action((value: string) => {
        const options = valuesOf(command, 'doctor');
        found({ command: name as 'doctor' | 'completion', argument: value, options });
      });
    if (name === 'doctor') addOptions(command, 'doctor');
  }
  return program;
}

function addOptions(command: Command, name: CommandName): void {
  for (const spec of options.filter(({ commands }) => commands.includes(name))) {
    command.addOption(createOption(spec));
  }
}

function createOption(spec: OptionSpec): Option {
  const value = spec.value === undefined ? '' : spec.optionalValue ? ` [${spec.value}]` : ` <${spec.value}>`;
  const names = spec.short === undefined ? `--${spec.long}` : `-${spec.short}, --${spec.long}`;
  const standard = spec.default === undefined ? '' : ` (default: ${spec.default})`;
  const option = new Option(`${names}${value}`, `${spec.help}${standard}`).helpGroup(`${spec.group}:`);
  if (spec.choices) option.choices(spec.choices);
  if (spec.repeatable) {
    option.argParser((word: string, before: string[] | undefined) => [...(before ?? []), word]);
  }
  return option;
}

function valuesOf(command: Command, name: CommandName): RawOptions {
  const values: Record<string, string | string[] | true | undefined> = {};
  for (const { long } of options.filter(({ commands }) => commands.includes(name))) {
    const negated = long.startsWith('no-');
    const attribute = (negated ? long.slice(3) : long).replace(/-(.)/g, (_, letter: string) =>
      letter.toUpperCase(),
    );
    const value: unknown = command.getOptionValue(attribute);
    if (negated) values[long] = value === false ? true : undefined;
    else values[long] = value as string | string[] | true | undefined;
  }
  return values;
}

/** Commander's help, with the space between an option and its text narrowed so that 80 columns are enough. */
function formatHelp(command: Command, help: Help): string {
  return new Help().formatHelp.call(help, command, help);
}

function examplesAndExitCodes(): string {
  return [
    'Examples:',
    '  tracker-query -t udp://tracker.example.net:6969/announce -p',
    '  tracker-query -t https://tracker.example.net/announce -s -H <info_hash>',
    "  tracker-query -H 'magnet:?xt=urn:btih:...' -o json",
    '  tracker-query -b -f trackers.txt --jobs 32 -d 0 -o csv > trackers.csv',
    '  tracker-query doctor udp://tracker.example.net:6969/announce',
    '',
    'Exit codes:',
    ...exitCodes.map(([code, meaning]) => `  ${code}  ${meaning}`),
  ].join('\n');
}
