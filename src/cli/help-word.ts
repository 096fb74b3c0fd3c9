// `help` as a first word, which many type before they try --help; a command behind it asks for that one's help.
import type { ProgramCommand } from './program.ts';

/** As a program lists it behind its other commands. */
export function helpCommandFor(commands: readonly ProgramCommand[]): ProgramCommand {
  return {
    name: 'help',
    argument: '[COMMAND]',
    choices: commands.map(({ name }) => name),
    help: 'Print the help, or that of a command.',
    options: [],
  };
}

/**
 * `help` as `--help` and `help doctor` as `doctor --help`; other words stay as they are.
 * @param names what else a command may be called behind `help`; the program itself is called ''
 */
export function expandHelp(
  words: readonly string[],
  names: Readonly<Record<string, string>>,
): readonly string[] {
  const [first, topic = ''] = words;
  if (first !== 'help') return words;
  const command = Object.hasOwn(names, topic) ? names[topic] : topic;
  return command === '' || command === 'help' || command.startsWith('-') ? ['--help'] : [command, '--help'];
}
