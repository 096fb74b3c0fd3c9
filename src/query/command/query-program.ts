// Knows tracker-query as its help, man page and completions describe it.
import { shells } from '../../cli/completion.ts';
import type { Program, ProgramOption } from '../../cli/program.ts';
import { type CommandName, commands, exitCodes, options } from './options.ts';

const group = 'General';
const help: ProgramOption = { long: 'help', short: 'h', group, help: 'print a help text' };
const version: ProgramOption = { long: 'version', short: 'V', group, help: 'print the version' };

/** The options that a command takes, without --help. */
export function optionsOfCommand(command: CommandName): ProgramOption[] {
  const taken = options.filter((option) => option.commands.includes(command));
  return command === 'doctor' ? taken.map((option) => ({ ...option, ...option.doctor })) : taken;
}

export const queryProgram: Program = {
  name: 'tracker-query',
  summary: 'ask any BitTorrent tracker, and find out why one does not answer',
  synopsis: [
    'URL|HOST [options]',
    '-t URL [options]',
    '-b [-f FILE] [options]',
    'doctor URL|HOST [options]',
    'completion SHELL',
  ],
  description: [
    'Announces to or scrapes a tracker over HTTP, HTTPS or UDP and shows its answer, as a table for people or as JSON or CSV for programs. A list of trackers is queried in parallel.',
    'Without -H a random torrent is announced that nobody has, and afterwards it is stopped, so that nothing stays behind.',
    'The doctor command examines a tracker in one run: every address of its name, speed, certificate, redirects, the rules of the BEPs, a round trip of two peers, and what could be abused. It sends a few dozen packets, to that tracker only.',
    'What a tracker sends is not trusted: control characters never reach the terminal, and every query ends within its time-out.',
  ],
  options: [...optionsOfCommand('query'), help, version],
  commands: [
    { ...commands.doctor, options: [...optionsOfCommand('doctor'), help] },
    { ...commands.completion, choices: shells, options: [help] },
    { ...commands.help, choices: Object.keys(commands).filter((name) => name !== 'help'), options: [] },
  ],
  exitCodes: [...exitCodes, [130, 'interrupted by Ctrl-C']],
  examples: [
    ['tracker-query -t udp://tracker.example.net:6969/announce -p', 'Announce over UDP and list the peers:'],
    ['tracker-query -t https://tracker.example.net/announce -s -H INFO_HASH', 'Scrape one torrent:'],
    [
      'tracker-query -b -f trackers.txt --jobs 32 -d 0 -o csv > trackers.csv',
      'Query a list quickly into a table for a spreadsheet:',
    ],
    ['tracker-query -t udp://tracker.example.net:6969/announce --watch 5', 'Watch a tracker:'],
    ['tracker-query doctor https://tracker.example.net/announce', 'Examine a tracker:'],
  ],
  environment: [['NO_COLOR', 'when not empty, no colour is used']],
  signals: [
    ['SIGINT, SIGTERM', 'the first ends with the results that there are (exit code 130), the second at once'],
  ],
  seeAlso: ['tracker-server'],
};
