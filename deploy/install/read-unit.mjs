// How systemd reads a unit's command line: drop-ins, continued lines, quotes, escapes, variables.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The settings of section [Service], of the unit and then of its drop-ins; an empty value forgets the earlier ones.
 * @param {readonly string[]} files the unit and its drop-ins, in systemd's order
 * @returns {Map<string, string[]>}
 */
export function readService(files) {
  const service = new Map();
  for (const file of files) {
    let section = '';
    for (const line of logicalLines(readFileSync(file, 'utf8'))) {
      section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
      const [, key, value] = /^([A-Za-z]+)\s*=\s*(.*)$/s.exec(line) ?? [];
      if (section !== 'Service' || key === undefined) continue;
      service.set(key, value === '' ? [] : [...(service.get(key) ?? []), value]);
    }
  }
  return service;
}

/** A backslash at a line's end joins the next one to it with a blank; comments in between do not count. */
function logicalLines(text) {
  const lines = [];
  let pending = '';
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '');
    if (/^\s*[#;]/.test(line)) continue;
    if (line.endsWith('\\')) {
      pending += `${line.slice(0, -1)} `;
      continue;
    }
    lines.push(`${pending}${line}`.trim());
    pending = '';
  }
  return [...lines, pending.trim()].filter((line) => line !== '');
}

const escapes = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', s: ' ' };
const escape = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})|([\s\S]))/y;

/**
 * Words of a command line, quotes taken away and escapes resolved. `bare` is a word without either.
 * @returns {{ text: string, bare: boolean }[]}
 */
export function splitWords(line) {
  const words = [];
  let word;
  let quote = '';
  for (let at = 0; at < line.length; ) {
    const character = line[at];
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    word ??= { text: '', bare: true };
    escape.lastIndex = at;
    const match = character === '\\' ? escape.exec(line) : null;
    if (match !== null) {
      const [, byte, short, long, octal, letter] = match;
      const hexadecimal = byte ?? short ?? long;
      if (hexadecimal !== undefined) word.text += String.fromCodePoint(Number.parseInt(hexadecimal, 16));
      else if (octal !== undefined) word.text += String.fromCodePoint(Number.parseInt(octal, 8));
      else word.text += escapes[letter] ?? letter;
      word.bare = false;
      at = escape.lastIndex;
      continue;
    }
    if (character === quote || (quote === '' && (character === '"' || character === "'"))) {
      quote = quote === '' ? character : '';
      word.bare = false;
    } else {
      word.text += character;
    }
    at++;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * The commands of ExecStart= as lists of words, variables and `%%` resolved.
 * @param {Map<string, string[]>} service as `readService` gives it
 * @param {string} root where the files of EnvironmentFile= lie below
 * @param {(line: string) => void} tell is told what cannot be resolved here
 */
export function commandsOf(service, root, tell) {
  const environment = readEnvironment(service, root, tell);
  const resolve = (text) =>
    text
      .replaceAll(/\$(?:\$|\{([A-Za-z_]\w*)\})/g, (whole, name) =>
        name === undefined ? (whole === '$$' ? '$' : whole) : (environment.get(name) ?? ''),
      )
      .replaceAll(/%(.)/g, (whole, letter) => {
        if (letter === '%') return '%';
        tell(`${whole} in ExecStart= is something that only systemd knows; look at ${text}`);
        return whole;
      });
  return (service.get('ExecStart') ?? []).flatMap((line) => {
    const commands = [[]];
    for (const { text, bare } of splitWords(line)) {
      const variable = bare ? /^\$([A-Za-z_]\w*)$/.exec(text)?.[1] : undefined;
      if (bare && text === ';') commands.push([]);
      else if (variable === undefined) commands.at(-1).push(resolve(text));
      else commands.at(-1).push(...splitWords(environment.get(variable) ?? '').map(({ text }) => text));
    }
    return commands;
  });
}

function readEnvironment(service, root, tell) {
  const environment = new Map();
  const set = (assignment) => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(assignment) ?? [];
    if (name !== undefined) environment.set(name, value);
  };
  for (const line of service.get('Environment') ?? []) for (const { text } of splitWords(line)) set(text);
  for (const line of service.get('EnvironmentFile') ?? []) {
    const path = line.replace(/^-/, '');
    try {
      for (const each of logicalLines(readFileSync(join(root, path), 'utf8'))) {
        const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(each) ?? [];
        if (name !== undefined)
          set(`${name}=${splitWords(value).map(({ text }) => text).join(' ')}`);
      }
    } catch (error) {
      tell(`EnvironmentFile=${path} cannot be read: ${error.message}`);
    }
  }
  return environment;
}
