// How the command line is read and how the help looks (commander, driven by the option table).
import { Command, CommanderError, Option } from 'commander';
import { quoteForLog } from '../log/escape-for-log.ts';
import { UsageError } from '../usage-error.ts';
import { version } from '../version.ts';
import { didYouMean } from './did-you-mean.ts';
import {
  defaultTextOf,
  flagOf,
  isOptionName,
  type OptionName,
  optionGroups,
  optionNames,
  optionOf,
} from './options.ts';
import { parseSetting, type Settings } from './settings.ts';

/** Either what the flags set, or a text that was asked for instead of running (`--help`, `--version`). */
export type Flags = { settings: Settings; print?: undefined } | { print: string };

const helpFlags = ['--help', '--version'];

/**
 * Reads the words after the program's name.
 * @throws UsageError on an unknown flag, a missing or wrong value, or a stray word.
 */
export function readFlags(words: readonly string[]): Flags {
  const given = new Map<OptionName, string[]>();
  const command = createCommand((name, text) => {
    given.set(name, [...(given.get(name) ?? []), text ?? 'true']);
  });
  let print = '';
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      print += text;
    },
    writeErr: () => {},
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print };
    throw new UsageError(describeError(error));
  }
  if (command.args.length > 0) throw new UsageError(`unexpected word ${quoteForLog(command.args[0]!)}`);
  const settings: Settings = new Map();
  for (const [name, texts] of given) settings.set(name, parseSetting(name, texts, `--${name}`));
  return { settings };
}

function createCommand(collect: (name: OptionName, text: string | null) => void): Command {
  const command = new Command('tracker-server')
    .description('BitTorrent tracker: announce and scrape over HTTP and UDP, IPv4 and IPv6.')
    .usage('[options]')
    .allowExcessArguments()
    .addHelpText('after', footer);
  for (const group of optionGroups) {
    command.optionsGroup(`${group}:`);
    for (const name of optionNames.filter((name) => optionOf(name).group === group)) {
      command.addOption(new Option(flagOf(name), describeOption(name)));
      command.on(`option:${name}`, (text: string | null) => collect(name, text));
    }
  }
  command.version(`tracker-server ${version}`, '--version', 'Print the version and exit.');
  command.addHelpOption(new Option('-h, --help', 'Print this help and exit.').helpGroup('General:'));
  return command;
}

function describeOption(name: OptionName): string {
  const fallback = defaultTextOf(name);
  return optionOf(name).help + (fallback === undefined ? '' : ` (default: ${fallback})`);
}

const footer = `
A running tracker is asked by the commands status, top, swarm HASH, reload,
snapshot, deny HASH and drop HASH (tracker-server status --help).
Each option can also stand in the environment (--http-port as CARACAL_HTTP_PORT)
and in the file that --config names (http-port = 8080). A flag wins over the
environment, the environment over the file, the file over the default.`;

// commander's own texts span lines and count arguments; the operator gets one line that names the word.
function describeError(error: CommanderError): string {
  const word = /'(.*)'/s.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption': {
      const name = word.replace(/^--?/, '').split('=')[0]!;
      if (isOptionName(name)) return `--${name} takes no value`;
      const flags = [...optionNames.map((known) => `--${known}`), ...helpFlags];
      return `unknown option ${quoteForLog(word)}${didYouMean(`--${name}`, flags)}`;
    }
    case 'commander.optionMissingArgument':
      return `${word.replace(/^-., /, '')} is missing its value`;
    default:
      return quoteForLog(error.message, 200);
  }
}
