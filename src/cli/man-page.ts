// Knows how to write a man page (man(7)).
import { flagsOf, type Program, type ProgramOption, phraseOf } from './program.ts';

export function formatManPage(program: Program): string {
  const sections = [
    `.TH ${program.name.toUpperCase()} 1 "" "Caracal" "Caracal"`,
    `.SH NAME\n${plain(program.name)} \\- ${plain(program.summary)}`,
    `.SH SYNOPSIS\n${program.synopsis.map((line) => synopsisLine(program.name, line)).join('\n.br\n')}`,
    `.SH DESCRIPTION\n${program.description.map(plain).join('\n.PP\n')}`,
    optionSections(program.options),
    ...commandSections(program),
    listSection('SIGNALS', program.signals),
    listSection('ENVIRONMENT', program.environment),
    listSection(
      'EXIT STATUS',
      program.exitCodes.map(([code, meaning]) => [String(code), meaning]),
    ),
    exampleSection(program),
    program.seeAlso.length === 0
      ? ''
      : `.SH SEE ALSO\n${program.seeAlso.map((name) => `.BR ${plain(name)} (1)`).join(',\n')}`,
  ];
  return `.\\" Written by scripts/write-docs.mjs from the option table; do not edit.\n${sections
    .filter((section) => section !== '')
    .join('\n')}\n`;
}

function synopsisLine(name: string, line: string): string {
  return `.B ${plain(name)}\n${plain(line)}`;
}

function optionSections(options: readonly ProgramOption[]): string {
  const groups = [...new Set(options.map(({ group }) => group))];
  const parts = groups.map((group) => {
    const paragraphs = options.filter((option) => option.group === group).map(optionParagraph);
    return `.SS ${plain(group)}\n${paragraphs.join('\n')}`;
  });
  return `.SH OPTIONS\n${parts.join('\n')}`;
}

function optionParagraph(option: ProgramOption): string {
  const value =
    option.value === undefined
      ? ''
      : option.optionalValue
        ? ` [\\fI${plain(option.value)}\\fR]`
        : ` \\fI${plain(option.value)}\\fR`;
  const flags = flagsOf(option).map((flag) => `\\fB${plain(flag)}\\fR`);
  return `.TP\n${flags.join(', ')}${value}\n${plain(sentence(option))}`;
}

function sentence({ help, choices, default: standard }: ProgramOption): string {
  const text = `${help[0].toUpperCase()}${phraseOf({ help }).slice(1)}.`;
  const among = choices ? ` One of ${choices.join(', ')}.` : '';
  return `${text}${among}${standard === undefined ? '' : ` Default: ${standard}.`}`;
}

function commandSections(program: Program): string[] {
  if (program.commands.length === 0) return [];
  const paragraphs = program.commands.map(({ name, argument, help, options }) => {
    const flags = options.map((option) => `\\fB${plain(flagsOf(option)[0])}\\fR`).join(', ');
    const takes = flags === '' ? '' : `\nTakes ${flags}.`;
    const own = options.filter(({ long }) => !program.options.some((option) => option.long === long));
    return `.TP\n\\fB${plain(name)}\\fR${argument === '' ? '' : ` \\fI${plain(argument)}\\fR`}\n${plain(sentence({ long: '', group: '', help }))}${takes}${own.map((option) => `\n.RS\n${optionParagraph(option)}\n.RE`).join('')}`;
  });
  return [`.SH COMMANDS\n${paragraphs.join('\n')}`];
}

function listSection(title: string, paragraphs: readonly (readonly [string, string])[]): string {
  if (paragraphs.length === 0) return '';
  const items = paragraphs.map(([term, meaning]) => `.TP\n\\fB${plain(term)}\\fR\n${plain(meaning)}`);
  return `.SH ${title}\n${items.join('\n')}`;
}

function exampleSection({ examples }: Program): string {
  if (examples.length === 0) return '';
  const items = examples.map(
    ([line, meaning]) => `${plain(meaning)}\n.PP\n.nf\n.RS\n${plain(line)}\n.RE\n.fi`,
  );
  return `.SH EXAMPLES\n${items.join('\n.PP\n')}`;
}

/** Plain text: a backslash, a hyphen that must stay one, and a control character at the beginning of a line. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('\u2019', "'")
    .replace(/^(?=[.'])/gm, '\\&');
}
