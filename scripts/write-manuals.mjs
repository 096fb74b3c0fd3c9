// `node scripts/write-manuals.mjs [--check]`: writes (or checks) man pages and completions from both option tables.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

const check = process.argv.includes('--check');
if (!check) await bootstrap();
const built = (path) => import(`../dist/src/${path}.js`);
const { formatManPage } = await built('query/manual/man-page');
const { formatCompletion } = await built('query/manual/completion');
const { queryProgram, shells } = await built('query/manual/query-program');

const programs = [queryProgram, await describeServer()];
const stale = [];
for (const program of programs) {
  write(`man/${program.name}.1`, formatManPage(program));
  for (const shell of shells) write(`completions/${program.name}.${shell}`, formatCompletion(shell, program));
}
if (stale.length > 0) {
  console.error(`out of step with the option table: ${stale.join(', ')}; run: node scripts/write-docs.mjs`);
  process.exit(1);
}

function write(path, text) {
  const file = join(root, path);
  if (!check) {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  } else if (read(file) !== text) stale.push(path);
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The server's option table in the manual's form: src/query may not know src/server, so it is done here. */
async function describeServer() {
  const { defaultTextOf, environmentName, optionNames, optionOf } = await built('server/options/options');
  const { controlCommands } = await built('server/operators/control');
  const { environmentOptions } = await built('server/options/read-environment');
  const options = optionNames.map((name) => {
    const { group, help, kind, placeholder, short } = optionOf(name);
    const file = /^(FILE|DIR|DIRECTORY|PATH)$/.test(placeholder ?? '');
    const choices = / or /.test(kind.describe) && /^[a-z]+( or [a-z]+)+$/.test(kind.describe);
    return {
      long: name,
      short,
      value: kind.flag ? undefined : (placeholder ?? 'VALUE'),
      choices: choices && !kind.flag ? kind.describe.split(' or ') : undefined,
      file,
      repeatable: kind.repeatable,
      default: defaultTextOf(name),
      group,
      help: help.replace(/\.$/, ''),
    };
  });
  const finding = ['admin-socket', 'data-dir', 'admin-host', 'admin-port', 'admin-token-file', 'config'];
  const controlOptions = [
    { long: 'json', group: 'General', help: 'print JSON' },
    ...options.filter(({ long }) => finding.includes(long)),
  ];
  options.push({ long: 'help', short: 'h', group: 'General', help: 'print a help text' });
  options.push({ long: 'version', group: 'General', help: 'print the version' });
  return {
    name: 'tracker-server',
    summary: 'BitTorrent tracker for HTTP and UDP, on IPv4 and IPv6',
    synopsis: ['[options]', 'COMMAND [HASH] [--json] [options]'],
    description: [
      'Answers announces and scrapes of BitTorrent clients from one store of swarms, which survives a restart.',
      'An option is taken from the command line, else from the environment, else from the file that --config names, else from its default. A key of the file is the name of the flag: http-port = 8080.',
      'A command asks a tracker that runs. It is found through the options, environment and file that the tracker runs with: --admin-socket, or --data-dir, or --admin-port with --admin-host and --admin-token-file.',
    ],
    options,
    commands: Object.entries(controlCommands).map(([name, { hash, summary }]) => ({
      name,
      argument: hash ? 'HASH' : '',
      help: summary.replace(/\.$/, ''),
      options: controlOptions,
    })),
    exitCodes: [
      [0, 'ended by SIGINT or SIGTERM, or only asked something (--help, --check)'],
      [1, 'cannot start: a port in use, an unreadable certificate'],
      [2, 'usage: an unknown option, a bad value, options that contradict each other'],
    ],
    examples: [
      ['tracker-server --http-port 8080 --udp-port 6969 --ipv6', 'Serve HTTP and UDP on IPv4 and IPv6:'],
      ['tracker-server --config /etc/caracal.toml --check', 'Check a configuration without starting:'],
    ],
    environment: environmentOptions.map((name) => [environmentName(name), `as --${name}`]),
    seeAlso: ['tracker-query'],
  };
}
