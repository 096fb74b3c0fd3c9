// The two documents that follow from the option table: the reference page and the example file.
import { optionGroups } from './option.ts';
import { defaultTextOf, environmentName, flagOf, type OptionName, optionNames, optionOf } from './options.ts';
import { fileOptions } from './read-config-file.ts';
import { environmentOptions } from './read-environment.ts';

/** docs/options.md: one table a group. */
export function formatOptionsPage(): string {
  const groups = optionGroups.map((group) => {
    const rows = namesOf(group).map(formatRow);
    return `## ${group}\n\n| Flag | Value | Default | Environment | Reload | Meaning |\n|---|---|---|---|---|---|\n${rows.join('')}`;
  });
  return `${pageHead}\n${groups.join('\n')}\n${pageFoot}`;
}

/** docs/tracker.example.toml: every option that may stand in a file, as a comment with its default. */
export function formatExampleFile(): string {
  const groups = optionGroups.map((group) => {
    const names = namesOf(group).filter((name) => fileOptions.includes(name));
    if (names.length === 0) return '';
    return `\n# ---- ${group} ----\n${names.map(formatOption).join('')}`;
  });
  return exampleHead + groups.join('');
}

function namesOf(group: string): OptionName[] {
  return optionNames.filter((name) => optionOf(name).group === group);
}

function formatRow(name: OptionName): string {
  const { help, kind } = optionOf(name);
  const environment = environmentOptions.includes(name) ? `\`${environmentName(name)}\`` : '–';
  const value = kind.flag ? 'switch' : kind.describe;
  const cells = [
    `\`${flagOf(name)}\``,
    value,
    defaultTextOf(name) ?? 'off',
    environment,
    reloadOf(name),
    help,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

/** Whether another value in the file is taken up by a reload. */
function reloadOf(name: OptionName): string {
  const { reload, flagOnly, notInFile } = optionOf(name);
  if (flagOnly || notInFile) return '–';
  if (reload === undefined) return 'restart';
  return reload === true ? 'yes' : reload;
}

function formatOption(name: OptionName): string {
  const { default: value, example, shipped, help, kind } = optionOf(name);
  const why = shipped ? ` ${shipped.why}` : '';
  const usual = typeof value === 'boolean' ? String(value) : (defaultTextOf(name) ?? 'none');
  const text = `${help} Default: ${usual}.${why}`;
  const literal = kind.format((shipped?.value ?? example ?? value) as NonNullable<unknown>);
  return `\n${wrap(text, 78)
    .map((line) => `# ${line}\n`)
    .join('')}${shipped ? '' : '#'}${name} = ${literal}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

const pageHead = `# Options of tracker-server

Written by \`node scripts/write-docs.mjs\` from the table in \`src/server/options/options.ts\`.

Each option can be given as a flag, as an environment variable, or as a key in the TOML file that
\`--config\` names; the key is the flag's name without the dashes (\`http-port = 8080\`). A flag wins over the
environment, the environment over the file, the file over the default. \`docs/tracker.example.toml\` lists
every key. \`tracker-server --check\` prints the settings that would be used and where each comes from, in a
form that \`--config\` reads back; only user and passwords in the URL of \`--cluster\` are left out, there as at the
admin door. Of secrets that lie in files (\`--cluster-secret-file\`, \`--admin-token-file\`, \`--key\`) it prints the path.

In the environment a switch is \`1\`, \`true\`, \`0\` or \`false\`, and several values are parted by commas or
blanks. A switch that the file turns on is turned off again by its variable (\`CARACAL_IPV6=0\`). An
empty variable is none, and a variable is not looked at where the flag is given. A value such as
\`tcp://10.96.0.1:80\`, which Kubernetes sets for a service named caracal-http, is left out with a line in the log.

The column *Reload* says what \`tracker-server reload\`, SIGHUP and \`systemctl reload tracker\` take up when the file says
otherwise: *yes*, or *restart*, which is also what a takeover (\`--takeover\`, SIGUSR2) does without a gap. The answer and
the log name each option that stays as it was. A file with a mistake changes nothing, and every line that is wrong is named.
`;

const pageFoot = `## Exit codes

| Code | Meaning |
|---|---|
| 0 | stopped by SIGINT or SIGTERM; or \`--help\`, \`--version\`, or a \`--check\` without error |
| 1 | cannot start, or by \`--check\` could not: a port is in use, no listener is enabled, the data directory is not writable; or stopped, and not all could be saved, or by a second signal |
| 2 | an unknown option or key, a wrong value, an unreadable file, options that contradict each other |

Either error is one line on standard error that names the option, variable or key.
`;

const exampleHead = `# Settings of tracker-server: tracker-server --config tracker.toml
# Every line below shows an option with its default or, where there is none, an example.
# Take the # away from a line to set it; one without it is set. Check the result with: tracker-server --config tracker.toml --check
`;
