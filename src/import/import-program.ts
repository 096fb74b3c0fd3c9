// caracal import as its help, man page and completions describe it, and how its words are read.
import { type CommandLine, readWords } from '../cli/command-line.ts';
import type { Program, ProgramOption } from '../cli/program.ts';
import { UsageError } from '../cli/usage-error.ts';
import { version } from '../server/version.ts';
import { type OtherTrackerName, otherTrackerNames, otherTrackers } from './trackers.ts';

const group = 'Import';

const options: readonly ProgramOption[] = [
  {
    long: 'from',
    value: 'TRACKER',
    choices: otherTrackerNames,
    group,
    help: 'The tracker that the files belong to.',
  },
  {
    long: 'to',
    value: 'DIR',
    file: true,
    default: 'the current directory',
    group,
    help: 'Where tracker.toml and the lists allowed and denied are written.',
  },
  { long: 'force', group, help: 'Overwrite them when they are there.' },
];

export const importProgram: Program = {
  name: 'caracal import',
  summary: 'Take over the configuration and lists of another tracker',
  synopsis: ['--from TRACKER FILE... [--to DIR] [--force]'],
  description: [
    'Reads the configuration of another tracker, and its lists of allowed or denied torrents, and writes tracker.toml and list files for this one. Standard error says of each line what was taken, what has another effect here and what has no counterpart; the same stands in tracker.toml.',
  ],
  options: [...options, { long: 'help', short: 'h', group, help: 'Print a help text.' }],
  commands: [],
  exitCodes: [
    [0, 'written'],
    [1, 'the files could not be written'],
    [2, 'usage: a wrong option, a file that cannot be read or understood, files that are there already'],
  ],
  examples: [
    [
      'caracal import --from opentracker /etc/opentracker/opentracker.conf --to /etc/tracker',
      'Take over the settings and the white list of opentracker:',
    ],
  ],
  environment: [],
  signals: [],
  seeAlso: [],
};

/** Either what is to be imported, or a help text that was asked for instead. */
export type ImportWords =
  | { from: OtherTrackerName; files: readonly string[]; to: string; force: boolean; print?: undefined }
  | { print: string };

/** @throws UsageError */
export function readImportWords(words: readonly string[]): ImportWords {
  const read = readWords(commandLine(), words);
  if (read.print !== undefined) return { print: read.print };
  const last = (name: string) => read.given.get(name)?.at(-1);
  const from = last('from');
  if (typeof from !== 'string')
    throw new UsageError(`--from is missing: one of ${otherTrackerNames.join(', ')}`);
  if (read.stray.length === 0)
    throw new UsageError(`which files? ${otherTrackers[from as OtherTrackerName].files}`);
  return {
    from: from as OtherTrackerName,
    files: read.stray,
    to: String(last('to') ?? '.'),
    force: last('force') === true,
  };
}

function commandLine(): CommandLine {
  const width = Math.max(...otherTrackerNames.map((name) => name.length));
  return {
    name: importProgram.name,
    description: importProgram.description.join('\n\n'),
    usage: importProgram.synopsis.join('\n'),
    footer: `Files:\n${otherTrackerNames.map((name) => `  ${name.padEnd(width)}  ${otherTrackers[name].files}`).join('\n')}\n\nExample:\n  ${importProgram.examples[0][0]}`,
    options,
    commands: [],
    helpHelp: 'Print this help.',
    version: { flags: '--version', text: `caracal ${version}`, help: 'Print the version.' },
    generalGroup: group,
    columns: 100,
  };
}
