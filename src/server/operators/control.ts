// The commands that ask a running tracker: which there are, how they find it, and what they print.
import { readFileSync } from 'node:fs';
import { askDoor, ControlError, type DoorAddress, listenAtDoor } from '../../admin/command/control-client.ts';
import {
  formatCluster,
  formatDenied,
  formatStatus,
  formatSwarm,
  formatTop,
} from '../../admin/command/terminal-view.ts';
import type { Cluster, Denied, Stats, SwarmDetail, TopSwarms } from '../../admin/schema.ts';
import { calledAs } from '../../cli/called-as.ts';
import { refuseStray } from '../../cli/command-line.ts';
import { nearest } from '../../cli/did-you-mean.ts';
import { escapeForLog, quoteForLog } from '../../cli/escape-for-log.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { shortSocketPath } from '../../net/socket-path.ts';
import { parseCidr } from '../../protocol/cidr.ts';
import { type Configuration, configurationOf, readConfiguration } from '../options/configuration.ts';
import { programOptions } from '../options/read-flags.ts';
import { StartError } from '../start-error.ts';
import { adminSocketPath } from './admin.ts';
import { installedDoor } from './installed-door.ts';

interface Command {
  /** What it takes as its first word: an info_hash, or one of a network too, or what may be left out. */
  hash?: 'HASH' | 'HASH|CIDR' | '[HASH|CIDR]';
  summary: string;
  /** Resolves to what is to be printed. */
  run(door: DoorAddress, infoHash: string, json: boolean): Promise<string>;
}

const refuse = (name: 'deny' | 'undeny') => (door: DoorAddress, subject: string, json: boolean) => {
  if (subject === '') return showDenied(door, subject, json);
  const path = isInfoHash(subject)
    ? `/api/v1/swarms/${subject}/${name}`
    : `/api/v1/networks/${name}?network=${encodeURIComponent(subject)}`;
  return act(path)(door, subject, json);
};

async function showDenied(door: DoorAddress, _: string, json: boolean): Promise<string> {
  const denied = await askDoor<Denied>(door, '/api/v1/denied');
  return json ? JSON.stringify(denied) : formatDenied(denied);
}

const isInfoHash = (word: string) => /^[0-9a-f]{40}$/i.test(word);

const act = (path: string) => async (door: DoorAddress, infoHash: string, json: boolean) => {
  const answer = await askDoor<{ done: string }>(door, path.replace('HASH', infoHash), 'POST');
  return json ? JSON.stringify(answer) : answer.done;
};

export const controlCommands: Record<string, Command> = {
  status: {
    summary: 'What a running tracker is doing.',
    run: async (door, _, json) => {
      const stats = await askDoor<Stats>(door, '/api/v1/stats');
      return json ? JSON.stringify(stats) : formatStatus(stats);
    },
  },
  top: {
    summary: 'The same, live, with the largest swarms; q or Ctrl-C ends it.',
    run: showTop,
  },
  swarm: {
    hash: 'HASH',
    summary: 'One swarm: its counts and its peers.',
    run: async (door, infoHash, json) => {
      const swarm = await askDoor<SwarmDetail>(door, `/api/v1/swarms/${infoHash}`);
      return json ? JSON.stringify(swarm) : formatSwarm(swarm);
    },
  },
  cluster: {
    summary: 'The nodes of the cluster: which live, how far they lag, what was mended.',
    run: async (door, _, json) => {
      const cluster = await askDoor<Cluster>(door, '/api/v1/cluster');
      return json ? JSON.stringify(cluster) : formatCluster(cluster);
    },
  },
  reload: {
    summary: 'Read the file of settings, certificates and lists again, and say what needs a restart.',
    run: act('/api/v1/reload'),
  },
  snapshot: { summary: 'Save all swarms now.', run: act('/api/v1/snapshot') },
  deny: {
    hash: '[HASH|CIDR]',
    summary: 'Refuse an info_hash or a network from now on; without one, as denied.',
    run: refuse('deny'),
  },
  undeny: {
    hash: 'HASH|CIDR',
    summary: 'Take an info_hash or a network out of the list of those refused.',
    run: refuse('undeny'),
  },
  denied: { summary: 'Which info_hashes and networks are refused.', run: showDenied },
  drop: { hash: 'HASH', summary: 'Forget a swarm with its peers.', run: act('/api/v1/swarms/HASH/drop') },
};

/**
 * Whether the first word names one of these commands.
 * @throws UsageError for a word that is neither one of them nor an option.
 */
export function namesControl([name = '']: readonly string[]): boolean {
  if (Object.hasOwn(controlCommands, name)) return true;
  if (name !== '' && !name.startsWith('-')) throw refuseStray(name, Object.keys(controlCommands));
  return false;
}

/**
 * Runs the command that the first word names.
 * @throws UsageError, StartError
 */
export async function runControl(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const [name = '', ...rest] = words;
  const command = controlCommands[name];
  const json = rest.includes('--json');
  const others = rest.filter((word) => word !== '--json');
  if (others.includes('--help') || others.includes('-h')) {
    process.stdout.write(describeControl(name, command));
    return;
  }
  refuseMistypedJson(others);
  const subject = command.hash ? takeSubject(name, command.hash, others) : '';
  const invocation = readConfiguration(others, environment);
  if (invocation.print !== undefined) {
    process.stdout.write(invocation.print);
    return;
  }
  try {
    const text = await command.run(findDoor(configurationOf(invocation.values)), subject, json);
    process.stdout.write(`${text.split('\n').map(escapeForLog).join('\n')}\n`);
  } catch (error) {
    if (error instanceof ControlError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** The options are the tracker's, which know no --json: it would be refused without a hint. */
function refuseMistypedJson(words: readonly string[]): void {
  const flags = ['--json', ...programOptions.map(({ long }) => `--${long}`)];
  for (const word of words) {
    if (word === 'json') throw new UsageError(`unexpected word 'json' (did you mean --json?)`);
    const flag = `--${word.replace(/^--?/, '').split('=')[0]}`;
    if (!word.startsWith('-') || nearest(flag, flags) !== '--json') continue;
    throw new UsageError(`unknown option ${quoteForLog(word)} (did you mean --json?)`);
  }
}

function takeSubject(name: string, takes: NonNullable<Command['hash']>, words: string[]): string {
  if (takes.startsWith('[') && (words[0] ?? '-').startsWith('-')) return '';
  const word = words.shift() ?? '';
  if (isInfoHash(word) || (takes !== 'HASH' && parseCidr(word) !== undefined)) return word;
  const also = takes === 'HASH' ? '' : ' or a network such as 192.0.2.0/24';
  throw new UsageError(
    `${name} needs an info_hash of 40 hexadecimal digits${also}, not ${quoteForLog(word)}`,
  );
}

function describeControl(name: string, { hash, summary }: Command): string {
  return (
    `Usage: ${calledAs('tracker-server')} ${name}${hash ? ` ${hash}` : ''} [--json] [options]\n\n${summary}\n\n` +
    'The tracker is found through the same options, environment and file as it runs with: --admin-socket,\n' +
    'or --data-dir, or --admin-port with --admin-host and --admin-token-file.\n'
  );
}

/** The socket wins: there the file system says who may. */
function findDoor(configuration: Configuration): DoorAddress {
  const socketPath = adminSocketPath(configuration);
  if (socketPath !== undefined) return { socketPath: shortName(socketPath) };
  const { adminPort: port, adminHost: host, adminTokenFile } = configuration;
  if (typeof port !== 'number' || port === 0) {
    const installed = installedDoor();
    if (installed !== undefined) return { socketPath: installed };
    throw new UsageError(
      'where is the tracker? Give --admin-socket, --data-dir, --admin-port or the --config it runs with',
    );
  }
  return { host, port, token: readTokenLine(adminTokenFile) };
}

/** For the life of this command, which ends soon. A place that is not there is told of when it is asked. */
function shortName(socketPath: string): string {
  try {
    return shortSocketPath(socketPath).path;
  } catch {
    return socketPath;
  }
}

function readTokenLine(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8').split('\n')[0].trim();
  } catch (error) {
    throw new StartError(`--admin-token-file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const swarmsEveryMs = 5000;
const clearScreen = '\x1b[H\x1b[2J';

/** `q` and Ctrl-C, which comes as a key too once keys are not collected into lines. */
function leaveOnKey(): void {
  process.stdin.setRawMode(true).on('data', (keys) => {
    if (!/[qQ\x03]/.test(keys.toString('latin1'))) return;
    process.stdin.setRawMode(false);
    process.exit(0);
  });
}

async function showTop(door: DoorAddress, _: string, json: boolean): Promise<string> {
  const terminal = process.stdout.isTTY && !json;
  let top: TopSwarms | undefined;
  let topAt = Number.NEGATIVE_INFINITY;
  process.once('SIGINT', () => process.exit(0));
  // `| head -1` has read what it wanted.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  if (terminal && process.stdin.isTTY) leaveOnKey();
  for await (const stats of listenAtDoor<Stats>(door, '/api/v1/events')) {
    // Into a pipe: a record a second, as a program reads it.
    if (!terminal) {
      process.stdout.write(`${JSON.stringify(stats)}\n`);
      continue;
    }
    if (performance.now() - topAt >= swarmsEveryMs) {
      topAt = performance.now();
      top = await askDoor<TopSwarms>(door, '/api/v1/swarms');
    }
    const { rows = 24, columns = 80 } = process.stdout;
    const text = formatTop(stats, top, rows - 1, columns)
      .split('\n')
      .map(escapeForLog)
      .join('\n');
    process.stdout.write(`${clearScreen}${text}\n`);
  }
  throw new ControlError('the tracker has ended');
}
