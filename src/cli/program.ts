// What a program says about itself: its command line, help, man page and completions all follow from one description.

export interface ProgramOption {
  /** Without the dashes. */
  long: string;
  /** One letter. */
  short?: string | undefined;
  /** What the value is called; a switch has none. */
  value?: string | undefined;
  optionalValue?: boolean | undefined;
  /** The only values there are. */
  choices?: readonly string[] | undefined;
  /** Completed from the file system. */
  file?: boolean | undefined;
  repeatable?: boolean | undefined;
  /** What help shows as the default. */
  default?: string | undefined;
  group: string;
  /** One sentence or more, with or without the full stop at the end. */
  help: string;
}

export interface ProgramCommand {
  name: string;
  /** Empty when the command takes none. */
  argument: string;
  /** What the argument may be, when that is a list. */
  choices?: readonly string[];
  /** Takes any number of files instead of one word. */
  files?: boolean;
  help: string;
  options: readonly ProgramOption[];
}

export interface Program {
  name: string;
  /** One line. */
  summary: string;
  /** Command lines without the program's name. */
  synopsis: readonly string[];
  /** Paragraphs. */
  description: readonly string[];
  options: readonly ProgramOption[];
  commands: readonly ProgramCommand[];
  exitCodes: readonly (readonly [number, string])[];
  /** A command line and what it does. */
  examples: readonly (readonly [string, string])[];
  environment: readonly (readonly [string, string])[];
  /** A signal and what it does. */
  signals: readonly (readonly [string, string])[];
  seeAlso: readonly string[];
}

/** `-t`, `--tracker` */
export function flagsOf({ short, long }: ProgramOption): string[] {
  return short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`];
}

/** `-t, --tracker <URL>` */
export function flagsAndValue(option: ProgramOption): string {
  const { value, optionalValue } = option;
  const shown = value === undefined ? '' : optionalValue ? ` [${value}]` : ` <${value}>`;
  return `${flagsOf(option).join(', ')}${shown}`;
}

/** The help without its last full stop, as it stands in a list of completions. */
export function phraseOf({ help }: { help: string }): string {
  return help.replace(/\.$/, '');
}
