// The kinds of value an option can have: how each is read from text and from TOML, written back and described.
//
// Chosen over a schema library: one form of message ("X must be …, not '…'") serves flags, variables and file keys;
// zod's would have had to be rewritten for each source.
import { isIP } from 'node:net';
import { parseCidr } from '../../protocol/cidr.ts';

/** `undefined` from a reader means: not a value of this kind. `describe` completes "must be …". */
export interface Kind<T> {
  readonly describe: string;
  /** Needs no value on the command line: the flag alone says yes. */
  readonly flag: boolean;
  /** May be given several times; the values are collected in order. */
  readonly repeatable: boolean;
  /** Makes one value of all that were given, where that is not always a list. */
  gather?(values: readonly T[]): T;
  /** The only texts that there are, where those are few. */
  readonly choices?: readonly string[];
  /** The least and the greatest, of numbers. */
  readonly range?: readonly [number, number];
  /** Reads one flag's text, or for a repeatable kind one of its texts. */
  parse(text: string): T | undefined;
  /** Reads what a TOML parser gave. */
  fromToml(value: unknown): T | undefined;
  /** Writes a TOML literal that `fromToml` reads back. */
  format(value: T): string;
}

/** A listening port; `any` lets the operating system choose a free one (0 is taken: it disables the listener). */
export type Port = number | 'any';

function single<T>(kind: Omit<Kind<T>, 'flag' | 'repeatable'>): Kind<T> {
  return { ...kind, flag: false, repeatable: false };
}

function parseDigits(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A whole number from `min` to `max`; `noun` says of what. */
export function wholeNumber(min: number, max: number, noun = 'a whole number'): Kind<number> {
  const within = (value: number | undefined) =>
    value !== undefined && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  return single({
    describe: `${noun} from ${min} to ${max}`,
    range: [min, max],
    parse: (text) => within(parseDigits(text)),
    fromToml: (value) => (typeof value === 'number' ? within(value) : undefined),
    format: (value) => String(value),
  });
}

export function seconds(min: number, max: number): Kind<number> {
  return wholeNumber(min, max, 'whole seconds');
}

/** One, or several in the order in which they were given. */
export type OneOrMore<T> = T | readonly T[];

export function listOf<T extends string | number>(values: OneOrMore<T> | undefined): readonly T[] {
  if (values === undefined) return [];
  return typeof values === 'object' ? values : [values];
}

export function port(): Kind<Port> {
  const number = wholeNumber(0, 65535);
  return single<Port>({
    describe: 'a port from 0 to 65535, or any',
    parse: (text) => (text === 'any' ? text : number.parse(text)),
    fromToml: (value) => (value === 'any' ? value : number.fromToml(value)),
    format: (value) => (value === 'any' ? '"any"' : String(value)),
  });
}

/** As `port`, or several of them. */
export function ports(): Kind<OneOrMore<Port>> {
  return oneOrMore(port());
}

/** As `address`, or several of them. */
export function addresses(): Kind<OneOrMore<string>> {
  return oneOrMore(address());
}

/** Of one value what `one` says of it; several are given one by one, or parted by commas. */
function oneOrMore<T extends string | number>(one: Kind<T>): Kind<OneOrMore<T>> {
  const gather = (values: readonly (T | undefined)[]): OneOrMore<T> | undefined => {
    if (values.length === 0 || values.includes(undefined)) return undefined;
    // `any` is another port each time.
    const all = values.filter((value, index) => value === 'any' || values.indexOf(value) === index) as T[];
    return all.length === 1 ? all[0] : all;
  };
  return {
    describe: one.describe,
    flag: false,
    repeatable: true,
    gather: (values) => gather(values.flatMap(listOf))!,
    parse: (text) => gather(text.split(',').map((part) => one.parse(part.trim()))),
    fromToml: (value) => gather((Array.isArray(value) ? value : [value]).map((part) => one.fromToml(part))),
    format: (value) =>
      typeof value === 'object' ? `[${value.map((part) => one.format(part)).join(', ')}]` : one.format(value),
  };
}

const sizeUnits: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A size in bytes: `67108864`, `64MiB`, `64M` or `64 MB` (powers of 1024 all), from `min` to `max` bytes. */
export function size(min: number, max: number): Kind<number> {
  const within = (value: number) => (value >= min && value <= max ? value : undefined);
  const parse = (text: string) => {
    const match = /^([0-9]{1,15}) ?([kmg]?)(?:i?b)?$/i.exec(text);
    return match ? within(Number(match[1]) * sizeUnits[match[2].toLowerCase()]) : undefined;
  };
  return single({
    describe: `a size from ${formatSize(min)} to ${formatSize(max)} (such as 64MiB or 1GiB)`,
    parse,
    fromToml: (value) =>
      typeof value === 'string'
        ? parse(value)
        : Number.isInteger(value)
          ? within(value as number)
          : undefined,
    format: (value) => (value % 1024 === 0 ? JSON.stringify(formatSize(value)) : String(value)),
  });
}

/** `536870912` as `512MiB`; bytes without a unit where no power of 1024 fits. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of Object.entries(sizeUnits).reverse()) {
    if (bytes >= factor && bytes % factor === 0 && unit !== '')
      return `${bytes / factor}${unit.toUpperCase()}iB`;
  }
  return String(bytes);
}

export function onOff(): Kind<boolean> {
  const words: Record<string, boolean> = { '1': true, true: true, '0': false, false: false };
  return {
    describe: 'true or false (in the environment also 1 or 0)',
    flag: true,
    repeatable: false,
    parse: (text) => (Object.hasOwn(words, text.toLowerCase()) ? words[text.toLowerCase()] : undefined),
    fromToml: (value) => (typeof value === 'boolean' ? value : undefined),
    format: (value) => String(value),
  };
}

/** Text that `pattern` accepts whole. */
/** @param pattern an expression, or anything else that tells a good text from a bad one */
export function text(describe: string, pattern: Pick<RegExp, 'test'>): Kind<string> {
  const parse = (value: string) => (pattern.test(value) ? value : undefined);
  return single({
    describe,
    parse,
    fromToml: (value) => (typeof value === 'string' ? parse(value) : undefined),
    format: (value) => JSON.stringify(value),
  });
}

export function path(): Kind<string> {
  return text('a path', /^[^\0]+$/);
}

export function choice<const T extends string>(...words: T[]): Kind<T> {
  const parse = (value: unknown) => words.find((word) => word === value);
  return single({
    describe: words.join(' or '),
    choices: words,
    parse,
    fromToml: parse,
    format: (word) => `"${word}"`,
  });
}

export function address(): Kind<string> {
  const parse = (value: string) => (isIP(value) === 0 ? undefined : value);
  return single({
    describe: 'an IPv4 or IPv6 address',
    parse,
    fromToml: (value) => (typeof value === 'string' ? parse(value) : undefined),
    format: (value) => JSON.stringify(value),
  });
}

/** Networks such as `10.0.0.0/8` and `fd00::/8`; an address alone is a network of one. */
export function networks(): Kind<readonly string[]> {
  const all = (values: readonly unknown[]) => (values.every(isNetwork) ? (values as string[]) : undefined);
  return {
    describe: 'a network such as 10.0.0.0/8 or fd00::/8, or an address',
    flag: false,
    repeatable: true,
    parse: (value) => all([value]),
    fromToml: (value) => (Array.isArray(value) ? all(value) : all([value])),
    format: (values) => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`,
  };
}

const hostLabel = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const hostName = new RegExp(`^(?=.{1,253}$)(?:${hostLabel}\\.)*(?=[A-Za-z0-9-]*[A-Za-z])${hostLabel}$`);

/** Host names as a certificate has them, in lower case: no addresses, no wildcards. */
export function hostNames(): Kind<readonly string[]> {
  const all = (values: readonly unknown[]) =>
    values.every((value) => typeof value === 'string' && hostName.test(value))
      ? (values as string[]).map((value) => value.toLowerCase())
      : undefined;
  return {
    describe: 'a host name such as tracker.example.net (no address, no wildcard)',
    flag: false,
    repeatable: true,
    parse: (value) => all([value]),
    fromToml: (value) => (Array.isArray(value) ? all(value) : all([value])),
    format: (values) => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`,
  };
}

export function httpsUrl(): Kind<string> {
  const parse = (value: string) => (URL.canParse(value) && value.startsWith('https://') ? value : undefined);
  return single({
    describe: 'a URL that begins with https://',
    parse,
    fromToml: (value) => (typeof value === 'string' ? parse(value) : undefined),
    format: (value) => JSON.stringify(value),
  });
}

/** Texts that `pattern` accepts whole, each given by itself. */
export function texts(describe: string, pattern: RegExp): Kind<readonly string[]> {
  const all = (values: readonly unknown[]) =>
    values.every((value) => typeof value === 'string' && pattern.test(value))
      ? (values as string[])
      : undefined;
  return {
    describe,
    flag: false,
    repeatable: true,
    parse: (value) => all([value]),
    fromToml: (value) => (Array.isArray(value) ? all(value) : all([value])),
    format: (values) => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`,
  };
}

/** Ports such as `22,25,53`; `none` is an empty list. */
export function portList(): Kind<readonly number[]> {
  const all = (values: readonly unknown[]) =>
    values.every((value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535)
      ? (values as number[])
      : undefined;
  return {
    describe: 'ports such as 22,25,53, or none',
    flag: false,
    repeatable: true,
    parse: (value) => (value === 'none' ? [] : all(value.split(',').map((text) => parseDigits(text.trim())))),
    fromToml: (value) => (value === 'none' ? [] : Array.isArray(value) ? all(value) : all([value])),
    format: (values) => `[${values.join(', ')}]`,
  };
}

function isNetwork(value: unknown): value is string {
  return typeof value === 'string' && parseCidr(value) !== undefined;
}
