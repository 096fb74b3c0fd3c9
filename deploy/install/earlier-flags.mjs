// The earlier tracker's flags, and what each becomes among this tracker's settings.
import { basename, resolve } from 'node:path';
import { splitWords } from './read-unit.mjs';

/** Ports and numbers with what this tracker takes of them; a switch has no value. */
const flags = {
  host: { kind: 'text' },
  'http-port': { kind: 'number', least: 0, most: 65_535 },
  'https-port': { kind: 'number', least: 0, most: 65_535 },
  'udp-port': { kind: 'number', least: 0, most: 65_535 },
  cert: { kind: 'path' },
  key: { kind: 'path' },
  ipv6: { kind: 'switch' },
  'redirect-http': { kind: 'switch' },
  domain: { kind: 'text' },
  'tracker-id': { kind: 'text' },
  interval: { kind: 'number', least: 1, most: 604_800 },
  'min-interval': { kind: 'number', least: 0, most: 604_800 },
  'peer-ttl': { kind: 'number', least: 1, most: 1_814_400 },
  'max-peers': { kind: 'number', least: 1, most: 2_000 },
  'max-scrape-hashes': { kind: 'number', least: 1, most: 100 },
  'full-scrape': { kind: 'switch' },
  verbose: { kind: 'switch' },
};

/**
 * The words after the earlier tracker's script, of the command that starts it.
 * @param {readonly string[][]} commands
 * @returns {{ script: string, words: string[] } | undefined}
 */
export function findEarlierTracker(commands) {
  for (const command of commands) {
    for (const [index, word] of command.entries()) {
      if (isScript(word)) return { script: word, words: command.slice(index + 1) };
      // A shell's command line is one word here.
      if (!/\s/.test(word)) continue;
      const inner = splitWords(word).map(({ text }) => text);
      const at = inner.findIndex(isScript);
      if (at < 0) continue;
      const end = inner.findIndex((each, index) => index > at && /^(?:[;&|]|\d?>|2>)/.test(each));
      return { script: inner[at], words: inner.slice(at + 1, end < 0 ? undefined : end) };
    }
  }
  return undefined;
}

function isScript(word) {
  if (/\s/.test(word)) return false;
  return basename(word) === 'tracker_server.py' || /^\/opt\/tracker\/[^/]+\.py$/.test(word);
}

/**
 * Reads the words as the earlier tracker did: `--flag value`, `--flag=value`, unambiguous beginnings of a flag, the
 * last of several wins.
 * @param {readonly string[]} words
 * @param {string} directory where relative paths begin
 * @param {(line: string) => void} tell is told each thing that is not carried over as it stood
 * @returns {Map<string, string | number | boolean>} by the name of the setting
 */
export function settingsOf(words, directory, tell) {
  const settings = new Map();
  const rest = [...words];
  while (rest.length > 0) {
    const word = rest.shift();
    if (word === '-v') {
      settings.set('verbose', true);
      continue;
    }
    const [, given, inline] = /^--([A-Za-z0-9-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const name = given === undefined ? undefined : nameOf(given);
    if (name === undefined) {
      const value = given !== undefined && inline === undefined && isValue(rest[0]) ? [rest.shift()] : [];
      tell(`not carried over, no flag of the earlier tracker: ${[word, ...value].join(' ')}`);
    } else if (flags[name].kind === 'switch') {
      if (inline !== undefined) tell(`--${name} takes no value; ${word} is taken for --${name}`);
      settings.set(name, true);
    } else if (inline === undefined && !isValue(rest[0])) {
      tell(`not carried over, its value is missing: ${word}`);
    } else {
      const value = valueOf(name, inline ?? rest.shift(), directory, tell);
      if (value !== undefined) settings.set(name, value);
    }
  }
  dropWithoutEffect(settings, tell);
  return settings;
}

function nameOf(given) {
  if (Object.hasOwn(flags, given)) return given;
  const names = Object.keys(flags).filter((name) => name.startsWith(given));
  return names.length === 1 ? names[0] : undefined;
}

function isValue(word) {
  return word !== undefined && (!word.startsWith('-') || /^-\d+$/.test(word));
}

function valueOf(name, text, directory, tell) {
  const { kind, least, most } = flags[name];
  if (kind === 'path') {
    const path = resolve(directory, text);
    if (/^\/(?:home|root|run\/user)\//.test(path))
      tell(`--${name} ${path}: the service cannot see home directories; put the file elsewhere`);
    return path;
  }
  if (kind === 'text') return text;
  if (!/^[+-]?\d+$/.test(text)) {
    tell(`not carried over, no number: --${name} ${text}`);
    return undefined;
  }
  const number = Math.min(Math.max(Number(text), least), most);
  if (number !== Number(text))
    tell(`--${name} ${text} is not from ${least} to ${most}, what this tracker takes: ${number} is written`);
  return number;
}

/** What the earlier tracker passed over in silence and this one refuses. */
function dropWithoutEffect(settings, tell) {
  const drop = (name, why) => {
    if (!settings.has(name)) return;
    settings.delete(name);
    tell(`not carried over, ${why}: --${name}`);
  };
  if (!settings.has('cert') || !settings.has('key')) {
    const why = 'HTTPS needs --cert and --key';
    for (const name of ['cert', 'key']) drop(name, why);
    if (settings.get('https-port') !== 0) drop('https-port', why);
  }
  if (!settings.get('https-port')) {
    drop('redirect-http', 'there was no HTTPS to redirect to');
  }
  const interval = settings.get('interval') ?? 1800;
  if ((settings.get('min-interval') ?? 60) > interval && settings.has('min-interval')) {
    tell(`--min-interval ${settings.get('min-interval')} is longer than --interval: ${interval} is written`);
    settings.set('min-interval', interval);
  }
}

/**
 * The example file with these settings in force in their places.
 * @param {string} example lines such as `#http-port = 6969`
 */
export function formatSettings(settings, example) {
  let text = example;
  for (const [name, value] of settings) {
    const line = `${name} = ${typeof value === 'string' ? quote(value) : value}`;
    const place = new RegExp(`^#?${name} = .*$`, 'm');
    text = place.test(text) ? text.replace(place, () => line) : `${text}\n${line}\n`;
  }
  return text;
}

/** A basic string of TOML. */
function quote(text) {
  const escaped = text.replaceAll(/["\\\x00-\x1f\x7f]/g, (character) =>
    character === '"' || character === '\\'
      ? `\\${character}`
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}
