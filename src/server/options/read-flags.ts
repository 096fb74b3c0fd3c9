// How the command line sets options, and the parts of the help that no option gives.
import { calledAs } from '../../cli/called-as.ts';
import { type CommandLine, readWords } from '../../cli/command-line.ts';
import { quoteForLog } from '../../cli/escape-for-log.ts';
import type { ProgramOption } from '../../cli/program.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { version } from '../version.ts';
import { optionGroups } from './option.ts';
import { defaultTextOf, type OptionName, optionNames, optionOf } from './options.ts';
import { parseSetting, type Settings } from './settings.ts';

/** Either what the flags set, or a text that was asked for instead of running (`--help`, `--version`). */
export type Flags = { settings: Settings; print?: undefined } | { print: string };

/** The option table as help, man page and completions show it, in the order of its groups. */
export const programOptions: readonly ProgramOption[] = optionGroups.flatMap((group) =>
  optionNames.filter((name) => optionOf(name).group === group).map(describeOption),
);

/**
 * Reads the words after the program's name.
 * @throws UsageError on an unknown flag, a missing or wrong value, or a stray word.
 */
export function readFlags(words: readonly string[]): Flags {
  const read = readWords(serverCommandLine(), words);
  if (read.print !== undefined) return { print: read.print };
  const [stray] = read.stray;
  if (stray !== undefined) throw new UsageError(`unexpected word ${quoteForLog(stray)}`);
  const settings: Settings = new Map();
  for (const [long, texts] of read.given) {
    const name = long as OptionName;
    const given = texts.map((text) => (text === true ? 'true' : text));
    settings.set(name, parseSetting(name, given, `--${name}`));
  }
  return { settings };
}

function describeOption(name: OptionName): ProgramOption {
  const { group, help, kind, placeholder, short } = optionOf(name);
  return {
    long: name,
    short,
    value: kind.flag ? undefined : (placeholder ?? 'VALUE'),
    choices: kind.choices,
    file: /^(FILE|DIR|PATH)$/.test(placeholder ?? ''),
    repeatable: kind.repeatable,
    default: defaultTextOf(name),
    group,
    help,
  };
}

const footer = (name: string) =>
  `
A running tracker is asked by the commands status, top, swarm HASH, cluster,
reload, snapshot, deny, undeny, denied and drop HASH; see
${name} status --help.
Each option can also stand in the environment (--http-port as CARACAL_HTTP_PORT)
and in the file that --config names (http-port = 8080). A flag wins over the
environment, the environment over the file, the file over the default.`.trimStart();

/** How the tracker is called, for whoever adds commands of its own to that. */
export function serverCommandLine(): CommandLine {
  const name = calledAs('tracker-server');
  return {
    name,
    description: 'BitTorrent tracker: announce and scrape over HTTP, UDP and WebTorrent, IPv4 and IPv6.',
    usage: '[options]',
    footer: footer(name),
    options: programOptions,
    // They are looked for before the options are read: each takes all options of the tracker that it asks.
    commands: [],
    helpHelp: 'Print this help and exit.',
    version: {
      flags: '--version',
      text: `${name} ${version}`,
      help: 'Print the version and exit.',
    },
    generalGroup: 'General',
    columns: 80,
  };
}
