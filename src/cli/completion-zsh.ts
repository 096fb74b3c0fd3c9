// Knows how to write a zsh completion.
import { flagsOf, type Program, type ProgramCommand, type ProgramOption, phraseOf } from './program.ts';

/** Works as a file on `fpath` and when it is sourced. */
export function formatZshCompletion(program: Program): string {
  const name = `_${program.name.replaceAll('-', '_')}`;
  const cases = program.commands.map(
    (command) => `    ${command.name})
      shift words; (( CURRENT-- ))
      _arguments -s -S ${specs(command.options, '        ')}${argumentOf(command)}
      ;;
`,
  );
  const commands = program.commands
    .map((command) => `${command.name}\\:${quoted(phraseOf(command))}`)
    .join(' ');
  const choice = commands === '' ? '' : ` \\\n        '1:command:((${commands}))'`;
  return `#compdef ${program.name}
${name}() {
  case \${words[2]} in
${cases.join('')}    *)
      _arguments -s -S ${specs(program.options, '        ')}${choice}
      ;;
  esac
}
if [ "\${funcstack[1]}" = "${name}" ]; then ${name} "$@"; else compdef ${name} ${program.name}; fi
`;
}

function argumentOf({ argument, choices, files }: ProgramCommand): string {
  if (argument === '') return '';
  if (files) return " \\\n        '*:file:_files'";
  return ` \\\n        '1:${escapeColon(argument)}:${choices ? `(${choices.join(' ')})` : ' '}'`;
}

function specs(options: readonly ProgramOption[], indent: string): string {
  return options.map((option) => `\\\n${indent}${spec(option)}`).join(' ');
}

function spec(option: ProgramOption): string {
  const flags = flagsOf(option);
  const help = `[${escapeBracket(phraseOf(option))}]`;
  const value =
    option.value === undefined
      ? ''
      : `${option.optionalValue ? '::' : ':'}${escapeColon(option.value)}:${valuesOf(option)}`;
  const text = `${help}${value}`.replaceAll("'", "'\\''");
  const exclusive = option.repeatable ? '*' : `(${flags.join(' ')})`;
  return flags.length === 1
    ? `'${exclusive}${flags[0]}${text}'`
    : `'${exclusive}'{${flags.join(',')}}'${text}'`;
}

function valuesOf({ choices, file }: ProgramOption): string {
  if (choices) return `(${choices.join(' ')})`;
  return file ? '_files' : ' ';
}

function quoted(text: string): string {
  return `"${escapeColon(text).replaceAll("'", "'\\''")}"`;
}

function escapeColon(text: string): string {
  return text.replaceAll(':', '\\:');
}

function escapeBracket(text: string): string {
  return escapeColon(text).replaceAll('[', '\\[').replaceAll(']', '\\]');
}
