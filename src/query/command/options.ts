// Knows every option of tracker-query once: its names, value, default and help; parsing, help, completions and man page follow.

import type { ProgramOption } from '../../cli/program.ts';

export type CommandName = 'query' | 'doctor';

export interface OptionSpec extends ProgramOption {
  commands: readonly CommandName[];
  /** What is otherwise where the doctor takes it. */
  doctor?: Partial<ProgramOption>;
}

const question = 'What to ask';
const manner = 'How to ask';
const many = 'Many trackers, many times';
const output = 'Output';

const query: readonly CommandName[] = ['query'];
const both: readonly CommandName[] = ['query', 'doctor'];

export const events = ['started', 'completed', 'stopped', 'paused', 'none'] as const;
const formats = ['table', 'json', 'jsonl', 'csv'] as const;

export const options: readonly OptionSpec[] = [
  {
    long: 'tracker',
    short: 't',
    value: 'URL',
    group: question,
    help: 'announce URL of the tracker: http://, https://, udp://, ws:// or wss://',
    commands: query,
  },
  {
    long: 'hash',
    short: 'H',
    value: 'HASH',
    file: true,
    repeatable: true,
    group: question,
    help: 'torrent: 40 or 64 hex digits, base32, a magnet link or a .torrent file; repeatable with -s; without -t its own trackers are asked (default: a random hash)',
    commands: both,
    doctor: {
      repeatable: false,
      help: 'torrent to announce, where the tracker serves only some: 40 or 64 hex digits, base32, a magnet link or a .torrent file (default: a random hash)',
    },
  },
  {
    long: 'event',
    short: 'e',
    value: 'EVENT',
    choices: events,
    default: 'started',
    group: question,
    help: 'what the announce says has happened',
    commands: query,
  },
  {
    long: 'num-want',
    short: 'n',
    value: 'N',
    default: '50',
    group: question,
    help: 'peers to ask for; -1 leaves it to the tracker',
    commands: query,
  },
  {
    long: 'left',
    short: 'L',
    value: 'BYTES',
    group: question,
    help: 'bytes still to download; 0 makes a seeder (default: 0 if completed, else 1000000000)',
    commands: query,
  },
  {
    long: 'scrape',
    short: 's',
    group: question,
    help: 'scrape instead of announcing',
    commands: query,
  },
  {
    long: 'full-scrape',
    group: question,
    help: 'scrape without a hash: every torrent of the tracker, if it allows that',
    commands: query,
  },
  {
    long: 'port',
    value: 'PORT',
    default: '6881',
    group: manner,
    help: 'port to announce',
    commands: query,
  },
  {
    long: 'random-qb',
    short: 'r',
    group: manner,
    help: 'be a random qBittorrent release, anew for each tracker of a batch',
    commands: query,
  },
  {
    long: 'no-cleanup',
    group: manner,
    help: 'leave the announced peer in the swarm instead of sending stopped afterwards',
    commands: query,
  },
  {
    long: 'timeout',
    value: 'SEC',
    default: '12',
    group: manner,
    help: 'most seconds that one query may take in all',
    commands: both,
  },
  { long: 'ipv4', short: '4', group: manner, help: 'use IPv4 only', commands: both },
  { long: 'ipv6', short: '6', group: manner, help: 'use IPv6 only', commands: both },
  {
    long: 'insecure',
    short: 'k',
    group: manner,
    help: 'do not verify the certificate of an https or wss tracker',
    commands: both,
  },
  {
    long: 'batch',
    short: 'b',
    group: many,
    help: 'query every tracker of a list: one URL a line, blank and # lines skipped',
    commands: query,
  },
  {
    long: 'file',
    short: 'f',
    value: 'FILE',
    file: true,
    default: 'trackers_to_query.txt',
    group: many,
    help: 'the list; - reads standard input; implies -b',
    commands: query,
  },
  {
    long: 'jobs',
    value: 'N',
    default: '8',
    group: many,
    help: 'queries of a batch under way at once',
    commands: query,
  },
  {
    long: 'delay',
    short: 'd',
    value: 'SEC',
    default: '1.0',
    group: many,
    help: 'pause between the starts of two queries of a batch',
    commands: query,
  },
  {
    long: 'retry',
    short: 'R',
    value: 'N',
    optionalValue: true,
    group: many,
    help: 'after a failure try again every 2 s, N times, or for ever without N',
    commands: query,
  },
  {
    long: 'watch',
    value: 'SEC',
    group: many,
    help: 'repeat every SEC seconds and show how seeds, leechers and times change, and what is lost',
    commands: query,
  },
  {
    long: 'format',
    short: 'o',
    value: 'FORMAT',
    choices: formats,
    default: 'table',
    group: output,
    help: 'table for people, json, jsonl (one object a line) or csv for programs',
    commands: both,
    doctor: {
      choices: ['table', 'json', 'jsonl'],
      help: 'table for people, json or jsonl (the same in one line) for programs',
    },
  },
  { long: 'show-peers', short: 'p', group: output, help: 'list the peers too', commands: query },
  {
    long: 'lookup',
    short: 'l',
    group: output,
    help: 'with -p: show the host name of each peer',
    commands: query,
  },
  {
    long: 'strict',
    group: output,
    help: 'end with exit code 1 on a warning too',
    commands: ['doctor'],
  },
  {
    long: 'nocolor',
    group: output,
    help: 'no colour; so do NO_COLOR and an output that is no terminal',
    commands: both,
  },
];

export const commands = {
  doctor: {
    name: 'doctor',
    argument: 'URL|HOST',
    help: 'examine a tracker thoroughly: every address, protocol and BEP, with advice',
  },
  completion: {
    name: 'completion',
    argument: 'SHELL',
    help: 'print a completion script for bash, zsh or fish',
  },
  help: { name: 'help', argument: '[COMMAND]', help: 'print the help, or that of a command' },
} as const;

export const exitCodes: readonly [number, string][] = [
  [0, 'the tracker answered (batch: at least one did)'],
  [1, 'the tracker failed: unreachable, a failure reason, or nonsense'],
  [2, 'usage: a bad option, URL, hash or list; nothing was sent'],
];
