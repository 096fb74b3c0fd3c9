// caracal as its help, man page and completions describe it: tracker-server with the other programs as commands.
import { type CommandLine, readWords, refuseStray } from './cli/command-line.ts';
import { formatCompletion, shells } from './cli/completion.ts';
import { escapeForLog } from './cli/escape-for-log.ts';
import { helpCommandFor } from './cli/help-word.ts';
import type { Program, ProgramCommand, ProgramOption } from './cli/program.ts';
import { UsageError } from './cli/usage-error.ts';
import { importProgram } from './import/import-program.ts';
import { queryProgram } from './query/command/query-program.ts';
import { serverProgram } from './server/operators/server-program.ts';
import { serverCommandLine } from './server/options/read-flags.ts';

const name = 'caracal';
const help: ProgramOption = { long: 'help', short: 'h', group: 'General', help: 'print a help text' };

const companions: readonly ProgramCommand[] = [
  {
    name: 'query',
    argument: 'URL|HOST',
    help: 'Ask any tracker; as tracker-query.',
    options: queryProgram.options.filter(({ long }) => long !== 'version'),
  },
  ...queryProgram.commands.filter((command) => command.name === 'doctor').map(capitalised),
  {
    name: 'import',
    argument: 'FILE...',
    files: true,
    help: `${importProgram.summary}.`,
    options: importProgram.options,
  },
  {
    name: 'completion',
    argument: 'SHELL',
    choices: shells,
    help: 'Print a completion script for bash, zsh or fish.',
    options: [help],
  },
].map(capitalised);

const commands = [...companions, ...serverProgram.commands.filter((command) => command.name !== 'help')];

export const caracalProgram: Program = {
  ...serverProgram,
  name,
  synopsis: [
    ...serverProgram.synopsis,
    'query URL|HOST [options]',
    'doctor URL|HOST [options]',
    ...importProgram.synopsis.map((line) => `import ${line}`),
    'completion SHELL',
  ],
  description: [
    ...serverProgram.description,
    'The commands query and doctor are those of tracker-query, and without a command this is tracker-server: both are there under their own names too.',
  ],
  commands: [...commands, helpCommandFor(commands)],
  examples: [
    ...serverProgram.examples.map(
      ([line, meaning]) => [line.replace(serverProgram.name, name), meaning] as const,
    ),
    ['caracal doctor udp://tracker.example.net:6969/announce', 'Examine a tracker:'],
    ...importProgram.examples,
  ],
  seeAlso: ['tracker-server', 'tracker-query'],
};

/** Whether the first word is a command to a running tracker. */
export function namesServerCommand(word: string): boolean {
  return serverProgram.commands.some((command) => command.name === word);
}

/** Prints the help or a completion, or says on standard error why the word is none of the commands (exit code 2). */
export function answer(word: string, rest: readonly string[]): void {
  try {
    process.stdout.write(textFor(word, rest));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

function textFor(word: string, rest: readonly string[]): string {
  if (word !== '' && !word.startsWith('-') && word !== 'completion')
    throw refuseStray(
      word,
      caracalProgram.commands.map((command) => command.name),
      meantBy(word),
    );
  const read = readWords(caracalCommandLine(), word === 'completion' ? [word, ...rest] : ['--help']);
  if (read.print !== undefined) return read.print;
  const [stray] = read.stray;
  if (stray !== undefined) throw refuseStray(stray, []);
  return formatCompletion(read.argument, caracalProgram);
}

/** What other programs have a command for, and this one something else. */
function meantBy(word: string): string | undefined {
  if (/^(start|run|serve|server)$/.test(word)) return `${name} without a command starts the tracker`;
  if (word === 'version') return 'did you mean --version?';
  if (/^(udp|https?|wss?):/i.test(word)) return `did you mean ${name} query ${escapeForLog(word)}?`;
  return undefined;
}

function caracalCommandLine(): CommandLine {
  return {
    ...serverCommandLine(),
    usage: caracalProgram.synopsis.join(`\n       ${name} `),
    commands: caracalProgram.commands.map((command) => ({ ...command, options: [] })),
  };
}

function capitalised<Described extends { help: string }>(described: Described): Described {
  return { ...described, help: `${described.help[0].toUpperCase()}${described.help.slice(1)}` };
}
