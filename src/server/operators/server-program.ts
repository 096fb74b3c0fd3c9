// tracker-server as its man page and completions describe it, from the option table and the table of commands.
import { helpCommandFor } from '../../cli/help-word.ts';
import type { Program, ProgramCommand } from '../../cli/program.ts';
import { environmentName } from '../options/options.ts';
import { environmentOptions } from '../options/read-environment.ts';
import { programOptions } from '../options/read-flags.ts';
import { controlCommands } from './control.ts';

const group = 'General';

/** The options by which a command finds the tracker that it asks. */
const finding = ['admin-socket', 'data-dir', 'admin-host', 'admin-port', 'admin-token-file', 'config'];

const commands: readonly ProgramCommand[] = Object.entries(controlCommands).map(
  ([name, { hash, summary }]) => ({
    name,
    argument: hash ?? '',
    help: summary,
    options: [
      { long: 'json', group, help: 'print JSON' },
      ...programOptions.filter(({ long }) => finding.includes(long)),
    ],
  }),
);

export const serverProgram: Program = {
  name: 'tracker-server',
  summary: 'BitTorrent tracker for HTTP and UDP, on IPv4 and IPv6',
  synopsis: ['[options]', 'COMMAND [HASH] [--json] [options]'],
  description: [
    'Answers announces and scrapes of BitTorrent clients from one store of swarms, which survives a restart.',
    'An option is taken from the command line, else from the environment, else from the file that --config names, else from its default. A key of the file is the name of the flag: http-port = 8080.',
    'A command asks a tracker that runs. It is found through the options, environment and file that the tracker runs with: --admin-socket, or --data-dir, or --admin-port with --admin-host and --admin-token-file.',
  ],
  options: [
    ...programOptions,
    { long: 'help', short: 'h', group, help: 'print a help text' },
    { long: 'version', group, help: 'print the version' },
  ],
  commands: [...commands, helpCommandFor(commands)],
  exitCodes: [
    [0, 'ended by SIGINT or SIGTERM, or only asked something (--help, --check)'],
    [1, 'cannot start: a port in use, an unreadable certificate'],
    [2, 'usage: an unknown option, a bad value, options that contradict each other'],
  ],
  examples: [
    ['tracker-server --http-port 8080 --udp-port 6969 --ipv6', 'Serve HTTP and UDP on IPv4 and IPv6:'],
    ['tracker-server --config /etc/caracal.toml --check', 'Check a configuration without starting:'],
  ],
  signals: [
    [
      'SIGINT, SIGTERM',
      'answer what is under way, save the swarms to --data-dir and end; a second one ends at once',
    ],
    [
      'SIGHUP',
      'read settings, certificates and lists again; end, if the terminal that it was started on is gone',
    ],
    [
      'SIGUSR2',
      'start the program that is installed now as a successor, which takes sockets and swarms over (needs --data-dir)',
    ],
  ],
  environment: environmentOptions.map((name) => [environmentName(name), `as --${name}`]),
  seeAlso: ['tracker-query'],
};
