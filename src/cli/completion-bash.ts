// Knows how to write a bash completion.
import { flagsOf, type Program, type ProgramOption } from './program.ts';

const completeFiles = 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); ';

export function formatBashCompletion(program: Program): string {
  const name = `_${program.name.replaceAll('-', '_')}`;
  const names = program.commands.map((command) => command.name);
  const commandCases = program.commands.map((command) => {
    const words = [...allFlags(command.options), ...(command.choices ?? [])].join(' ');
    const files = command.files ? `[[ $cur == -* ]] || { ${completeFiles}return; }; ` : '';
    return `    ${command.name}) ${files}words='${words}' ;;\n`;
  });
  const found =
    names.length === 0
      ? ''
      : `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${names.join('|')}) command=$word; break ;; esac
  done
`;
  return `# bash completion for ${program.name}
${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' word words
  COMPREPLY=()
  case $prev in
${valueCases(allOptions(program))}  esac
${found}  case $command in
${commandCases.join('')}    *) words='${[...allFlags(program.options), ...names].join(' ')}' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F ${name} ${program.name}
`;
}

/** After an option that takes a value: its choices, file names, or nothing. */
function valueCases(options: readonly ProgramOption[]): string {
  return options
    .filter(({ value, optionalValue }) => value !== undefined && !optionalValue)
    .map((option) => {
      const reply = option.choices
        ? `COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$cur")); `
        : option.file
          ? completeFiles
          : '';
      return `    ${flagsOf(option).join('|')}) ${reply}return ;;\n`;
    })
    .join('');
}

function allOptions(program: Program): ProgramOption[] {
  const seen = new Map<string, ProgramOption>();
  for (const option of [...program.options, ...program.commands.flatMap(({ options }) => options)]) {
    if (!seen.has(option.long)) seen.set(option.long, option);
  }
  return [...seen.values()];
}

function allFlags(options: readonly ProgramOption[]): string[] {
  return options.flatMap(flagsOf);
}
