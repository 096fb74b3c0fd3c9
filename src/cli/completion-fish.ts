// Knows how to write a fish completion.
import { type Program, type ProgramOption, phraseOf } from './program.ts';

export function formatFishCompletion(program: Program): string {
  const lines = [`# fish completion for ${program.name}`, `complete -c ${program.name} -f`];
  const names = program.commands.map(({ name }) => name).join(' ');
  const outside = names === '' ? '' : ` -n 'not __fish_seen_subcommand_from ${names}'`;
  for (const option of program.options)
    lines.push(`complete -c ${program.name}${outside}${optionWords(option)}`);
  for (const command of program.commands) {
    const start = `complete -c ${program.name} -n __fish_use_subcommand -a ${command.name}`;
    lines.push(`${start} -d ${quoted(phraseOf(command))}`);
    const inside = ` -n '__fish_seen_subcommand_from ${command.name}'`;
    for (const option of command.options)
      lines.push(`complete -c ${program.name}${inside}${optionWords(option)}`);
    if (command.files) lines.push(`complete -c ${program.name}${inside} -F`);
    if (command.choices) lines.push(`complete -c ${program.name}${inside} -a '${command.choices.join(' ')}'`);
  }
  return `${lines.join('\n')}\n`;
}

function optionWords(option: ProgramOption): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const takes = option.value === undefined || option.optionalValue ? '' : option.file ? ' -r -F' : ' -x';
  const choices = option.choices ? ` -a '${option.choices.join(' ')}'` : '';
  return `${short} -l ${option.long}${takes}${choices} -d ${quoted(phraseOf(option))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
