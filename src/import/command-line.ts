// Where the command line that starts a tracker stands in a systemd unit or a script, and its flags.
import { basename } from 'node:path';
import { containerCommands } from './container-commands.ts';
import type { Source } from './entries.ts';
import type { Place } from './findings.ts';

/** The reader of units is the installation's: it needs it before anything is compiled. */
interface UnitReader {
  readService(files: readonly string[]): Map<string, string[]>;
  commandsOf(service: Map<string, string[]>, root: string, tell: (line: string) => void): string[][];
  splitWords(line: string): { text: string }[];
}

// The built file lies in dist/src/import, in a checkout and in an installed package alike.
export const installation = new URL('../../../deploy/install/', import.meta.url);

const readUnit = async () => (await import(new URL('read-unit.mjs', installation).href)) as UnitReader;

export function isUnit({ text }: Source): boolean {
  return /^\s*ExecStart\s*=/m.test(text);
}

export interface Command {
  /** After the program's name. */
  words: readonly string[];
  /** Where relative paths begin. */
  directory: string;
}

/**
 * The words after the program in a unit, or in the first line of a script that calls it.
 * @param units a unit and its drop-ins, or one script
 */
export async function findCommand(
  units: readonly Source[],
  isProgram: (word: string) => boolean,
  tell: (line: string) => void,
): Promise<Command | undefined> {
  const { commandsOf, readService, splitWords } = await readUnit();
  let directory = '/';
  let commands: string[][];
  if (units.some(isUnit)) {
    const service = readService(units.map(({ path }) => path));
    directory = service.get('WorkingDirectory')?.at(-1)?.replace(/^-/, '') ?? '/';
    commands = commandsOf(service, '/', tell);
  } else {
    const contained = await Promise.all(units.map(containerCommands));
    const lines = units
      .filter((_, index) => contained[index] === undefined)
      .flatMap(({ text }) => text.replaceAll(/\\\r?\n/g, ' ').split('\n'));
    const written = lines
      .filter((line) => !/^\s*(?:#|\/\/)/.test(line))
      .map((line) => splitWords(line).map(({ text }) => text));
    commands = [...contained.flatMap((each) => each ?? []), ...written];
  }
  for (const command of commands) {
    const at = whereStarted(command, isProgram);
    if (at >= 0) return { words: upToNextCommand(command.slice(at + 1)), directory };
    // A shell's command line, or a script of package.json, is one word here.
    for (const word of command.filter((each) => /\s/.test(each))) {
      const inner = splitWords(word).map(({ text }) => text);
      const within = whereStarted(inner, isProgram);
      if (within >= 0) return { words: upToNextCommand(inner.slice(within + 1)), directory };
    }
  }
  return undefined;
}

const separator = /^(?:[;&|]|\d?[<>])/;
/** Commands that name a program without starting it. */
const mentions = new Set(
  'install i add clone cd mkdir chown chmod which cp mv ln rm echo kill killall pkill pgrep git'.split(' '),
);

/** Where the program stands in the words of a command line; below 0 where it is not started. */
function whereStarted(words: readonly string[], isProgram: (word: string) => boolean): number {
  let first = 0;
  for (const [index, word] of words.entries()) {
    if (separator.test(word) || word.endsWith(';')) first = index + 1;
    else if (isProgram(word) && !words.slice(first, index).some((each) => mentions.has(each))) return index;
  }
  return -1;
}

function upToNextCommand(words: readonly string[]): string[] {
  const end = words.findIndex((word) => separator.test(word));
  return words.slice(0, end < 0 ? undefined : end);
}

export function named(...programs: string[]): (word: string) => boolean {
  return (word) => !/\s/.test(word) && programs.includes(basename(word.replace(/^[-@:+!]+/, '')));
}

export interface Flag {
  name: string;
  /** Undefined for a switch and for a flag without its value. */
  value: string | undefined;
  place: Place;
}

/**
 * Flags such as `-p 80`, `--port 80` and `--port=80`; a word that belongs to none has an empty name.
 * @param takesValue by the flag's name without its dashes
 */
export function flagsOf(
  file: string,
  words: readonly string[],
  takesValue: (name: string) => boolean,
): Flag[] {
  const flags: Flag[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const match = /^--?([A-Za-z0-9][A-Za-z0-9-]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      flags.push({ name: '', value: word, place: { file, text: word } });
      continue;
    }
    const [, name, inline] = match;
    const value = inline ?? (takesValue(name) ? rest.shift() : undefined);
    const text = inline === undefined && value !== undefined ? `${word} ${value}` : word;
    flags.push({ name, value, place: { file, text } });
  }
  return flags;
}
