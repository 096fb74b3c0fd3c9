// Knows what a man page and the shell completions say about a program; each program's option table is turned into this.

export interface ManualOption {
  /** Without the dashes. */
  long: string;
  /** One letter. */
  short?: string | undefined;
  /** What the value is called; a switch has none. */
  value?: string | undefined;
  optionalValue?: boolean | undefined;
  choices?: readonly string[] | undefined;
  /** Completed from the file system. */
  file?: boolean | undefined;
  repeatable?: boolean | undefined;
  default?: string | undefined;
  group: string;
  /** Without a full stop. */
  help: string;
}

export interface ManualCommand {
  name: string;
  /** Empty when the command takes none. */
  argument: string;
  /** What the argument may be, when that is a list. */
  choices?: readonly string[];
  help: string;
  options: readonly ManualOption[];
}

export interface ManualProgram {
  name: string;
  /** One line. */
  summary: string;
  /** Command lines without the program's name. */
  synopsis: readonly string[];
  /** Paragraphs. */
  description: readonly string[];
  options: readonly ManualOption[];
  commands: readonly ManualCommand[];
  exitCodes: readonly (readonly [number, string])[];
  /** A command line and what it does. */
  examples: readonly (readonly [string, string])[];
  environment: readonly (readonly [string, string])[];
  seeAlso: readonly string[];
}

/** `-t`, `--tracker` */
export function flagsOf({ short, long }: ManualOption): string[] {
  return short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`];
}
