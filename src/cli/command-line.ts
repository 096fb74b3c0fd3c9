// How the words after a program's name are read and how its help looks: commander, driven by the program's description.
import { Command, CommanderError, Option } from 'commander';
import { didYouMean, nearest } from './did-you-mean.ts';
import { escapeForLog, quoteForLog } from './escape-for-log.ts';
import { flagsAndValue, type ProgramOption } from './program.ts';
import { UsageError } from './usage-error.ts';

/** What one command takes. */
export interface CommandWords {
  /** Empty for the program without a command. */
  name: string;
  /** The one word that must follow, as the help shows it (`URL|HOST`; in brackets it may be left out); empty when none does. */
  argument: string;
  help: string;
  options: readonly ProgramOption[];
}

/** How a program wants to be called, and the parts of its help that no option gives. */
export interface CommandLine {
  name: string;
  description: string;
  usage: string;
  /** Follows the options. */
  footer: string;
  options: readonly ProgramOption[];
  commands: readonly CommandWords[];
  helpHelp: string;
  version: { flags: string; text: string; help: string };
  /** The group of --help and --version among the options' own; without it they stand by themselves. */
  generalGroup?: string;
  /** Width of the help. */
  columns: number;
}

/** Each given option's texts in their order, under its long name; `true` where no text belongs to it. */
export type GivenOptions = ReadonlyMap<string, readonly (string | true)[]>;

/** Either what was given, or a text that was asked for instead (`--help`, `--version`). */
export type ReadWords =
  | { command: string; argument: string; given: GivenOptions; stray: readonly string[]; print?: undefined }
  | { print: string };

/**
 * Reads the words after the program's name. Words that no option and no command takes are `stray`.
 * @throws UsageError on an unknown option, a missing value, or one that is not among the option's choices.
 */
export function readWords(line: CommandLine, words: readonly string[]): ReadWords {
  let read: ReadWords | undefined;
  let print = '';
  const program = createProgram(line, (found) => {
    read = found;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        print += text;
      },
      writeErr: () => {},
      getOutHelpWidth: () => line.columns,
      getOutHasColors: () => false,
    });
  }
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print };
    throw new UsageError(describeError(error, line, words), { cause: error });
  }
  return read!;
}

/**
 * `unknown command 'docter' (did you mean doctor?)` for the first stray word, among the commands that there are.
 * @param otherwise what is said of a word that is like none of them
 */
export function refuseStray(word: string, commands: readonly string[], otherwise?: string): UsageError {
  const hint = didYouMean(word, commands);
  if (otherwise !== undefined) return new UsageError(`unexpected word ${quoteForLog(word)} (${otherwise})`);
  return new UsageError(
    hint === '' ? `unexpected word ${quoteForLog(word)}` : `unknown command ${quoteForLog(word)}${hint}`,
  );
}

function createProgram(line: CommandLine, found: (read: ReadWords) => void): Command {
  const { generalGroup: group } = line;
  const program = new Command(line.name)
    .description(line.description)
    .usage(line.usage)
    // Options after a command are its own.
    .enablePositionalOptions()
    .helpCommand(false)
    .configureHelp({
      subcommandTerm: (command) => termOf(line.commands.find(({ name }) => name === command.name())!),
    })
    .addHelpText('after', `\n${line.footer}`);
  const addVersion = () => program.version(line.version.text, line.version.flags, line.version.help);
  if (group === undefined) addVersion();
  readOptions(program, line.options, (given) => {
    found({ command: '', argument: '', given, stray: program.args });
  });
  if (group !== undefined) addVersion().options.at(-1)!.helpGroup(`${group}:`);
  const help = () => new Option('-h, --help', line.helpHelp);
  program.addHelpOption(group === undefined ? help() : help().helpGroup(`${group}:`));
  for (const { name, argument, help: description, options } of line.commands) {
    const command = program.command(name).description(description).addHelpOption(help());
    command.usage(argument === '' ? '[options]' : `${argument} [options]`);
    if (argument !== '') command.argument(argument.startsWith('[') ? argument : `<${argument}>`);
    readOptions(command, options, (given) => {
      const [word = '', ...stray] = argument === '' ? ['', ...command.args] : command.args;
      found({ command: name, argument: word, given, stray });
    });
  }
  return program;
}

/** `doctor URL|HOST` */
function termOf({ name, argument }: CommandWords): string {
  return argument === '' ? name : `${name} ${argument}`;
}

function readOptions(
  command: Command,
  options: readonly ProgramOption[],
  found: (given: GivenOptions) => void,
): void {
  const given = new Map<string, (string | true)[]>();
  for (const option of options) {
    const { long, choices } = option;
    const standard = option.default === undefined ? '' : ` (default: ${option.default})`;
    const added = new Option(flagsAndValue(option), `${option.help}${standard}`).helpGroup(
      `${option.group}:`,
    );
    // For the help only: commander would refuse in words of its own.
    if (choices) added.argChoices = [...choices];
    command.addOption(added);
    command.on(`option:${long}`, (text: string | null) => {
      if (choices && text !== null && !choices.includes(text))
        throw new UsageError(`--${long} must be ${choices.join(' or ')}, not ${quoteForLog(text)}`);
      given.set(long, [...(given.get(long) ?? []), text ?? true]);
    });
  }
  command.allowExcessArguments().action(() => found(given));
}

// Commander's own texts span lines and count arguments; whoever called gets one line that names the word.
function describeError(error: CommanderError, line: CommandLine, words: readonly string[]): string {
  const word = /'(.*)'/s.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption': {
      const command = line.commands.find(({ name }) => words.includes(name));
      return describeUnknown(word, command?.options ?? line.options, line.version.flags);
    }
    case 'commander.optionMissingArgument':
      return `${word.replace(/^-., /, '')} is missing its value`;
    case 'commander.missingArgument':
      return `${words.find((name) => line.commands.some((command) => command.name === name))} needs ${word}`;
    default:
      return escapeForLog(error.message.replace(/^error: /, '').replace(/\s+/g, ' '));
  }
}

function describeUnknown(word: string, options: readonly ProgramOption[], versionFlags: string): string {
  const name = word.replace(/^--?/, '').split('=')[0];
  if (options.some(({ long }) => long === name)) return `--${name} takes no value`;
  const unknown = `unknown option ${quoteForLog(word)}`;
  const opposite = name.startsWith('no-') ? name.slice(3) : `no-${name}`;
  if (options.some(({ long, value }) => long === opposite && value === undefined))
    return `${unknown}; that is how it is without --${opposite}`;
  // Where -V is no option, as -v is there for something else.
  if (word === '-V') return `${unknown} (did you mean --version?)`;
  // What means the contrary of a word is no guess at it, however few letters lie between them.
  const alike = options.filter(({ long }) => long.startsWith('no-') === name.startsWith('no-'));
  const flags = [...alike.map(({ long }) => `--${long}`), '--help', ...versionFlags.split(', ')];
  const meant = nearest(`--${name}`, flags);
  return meant === undefined ? unknown : `${unknown} (did you mean ${meant}?)`;
}
