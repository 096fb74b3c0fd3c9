// How the admin door is put together from the options: where it opens, who may come in, what it is told.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AdminDoor } from '../../admin/door/admin-door.ts';
import { type SocketPath, shortSocketPath } from '../../net/socket-path.ts';
import { formatListenAddress } from '../listening/listen-plan.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { isLoopback } from '../options/configuration-rules.ts';
import { StartError } from '../start-error.ts';
import { tooOpen } from '../storage/file-access.ts';
import { createObservedTracker, type ObservedParts } from './observed.ts';

const leastTokenLength = 16;

export interface OpenAdmin {
  /** Over TCP; 0 when it does not listen there. */
  readonly port: number;
  /** Keeps the history for whoever comes next; never rejects. */
  saveHistory(): Promise<void>;
  /** Lets in by another token and other names from now on. */
  changeAccess(access: { token: string | undefined; hosts: readonly string[] }): void;
  close(): Promise<void>;
}

/**
 * Opens the door where the options ask for one.
 * @throws StartError when it cannot be opened as they say
 */
export async function openAdmin(
  configuration: Configuration,
  parts: ObservedParts,
  log: Log,
  failed: (error: unknown) => void,
): Promise<OpenAdmin | undefined> {
  const { adminPort: port, adminHost: host, dataDir, logIp } = configuration;
  const tcp = port === undefined || port === 0 ? undefined : { host, port: port === 'any' ? 0 : port };
  const socketPath = adminSocketPath(configuration);
  const token = readToken(configuration, log);
  if (tcp === undefined && socketPath === undefined) return undefined;
  const short = socketPath === undefined ? undefined : nameSocket(socketPath, configuration, log);
  const options = {
    tracker: createObservedTracker(parts, configuration, log),
    tcp,
    token,
    tokenRequired: !isLoopback(host),
    hosts: configuration.adminAllowedHost,
    ipVisibility: logIp,
    historyPath: dataDir === undefined ? undefined : join(dataDir, 'history'),
    log,
    onException: failed,
  };
  try {
    const door = await openWithSocket(options, short?.path, configuration.adminSocket !== undefined, log);
    if (door.port !== 0) log.info(`Admin listening on http://${formatListenAddress(host, door.port)}/`);
    return {
      port: door.port,
      saveHistory: () => door.saveHistory(),
      changeAccess: (access) => door.changeAccess(access),
      close: async () => {
        await door.close();
        short?.release();
      },
    };
  } catch (error) {
    short?.release();
    const where = tcp === undefined ? '' : ` (${formatListenAddress(tcp.host, tcp.port)})`;
    throw new StartError(`cannot open the admin door${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** Undefined where the socket in the data directory, which nobody asked for, cannot be named. */
function nameSocket(path: string, { adminSocket }: Configuration, log: Log): SocketPath | undefined {
  try {
    return shortSocketPath(path);
  } catch (error) {
    const reason = (error as Error).message;
    if (adminSocket !== undefined)
      throw new StartError(`--admin-socket ${path} cannot be opened: ${reason}`, { cause: error });
    log.warn(`the commands status, top and so on will not work: ${reason}`);
    return undefined;
  }
}

type Doors = typeof AdminDoor;
type DoorOptions = Omit<Parameters<Doors['listen']>[0], 'socketPath'>;

// A socket that nobody asked for is a convenience: without it the tracker runs as well.
async function openWithSocket(
  options: DoorOptions,
  socketPath: string | undefined,
  wanted: boolean,
  log: Log,
): Promise<AdminDoor> {
  // With its libraries it is a third of the program's files, and clients are answered already while they are read.
  const { AdminDoor: door }: { AdminDoor: Doors } = await import('../../admin/door/admin-door.ts');
  if (socketPath === undefined || wanted) return door.listen({ ...options, socketPath });
  try {
    return await door.listen({ ...options, socketPath });
  } catch (error) {
    const { syscall, code, address } = error as NodeJS.ErrnoException & { address?: string };
    const ofTcp = syscall === 'listen' && address !== undefined && address !== socketPath;
    if (ofTcp && code !== undefined) throw error;
    log.warn(`the commands status, top and so on will not work: ${(error as Error).message}`);
    return door.listen({ ...options, socketPath: undefined });
  }
}

/** Where the commands reach the tracker; undefined when there is no such place. */
export function adminSocketPath({
  adminSocket,
  dataDir,
}: Pick<Configuration, 'adminSocket' | 'dataDir'>): string | undefined {
  if (adminSocket !== undefined) return adminSocket;
  if (dataDir === undefined) return undefined;
  return join(dataDir, 'admin.sock');
}

/**
 * Reads the first line of the token's file.
 * @throws StartError when it cannot be read or is easily guessed
 */
export function readToken(
  { adminTokenFile: path }: Configuration,
  log: { warn(message: string): void },
): string | undefined {
  if (path === undefined) return undefined;
  let token: string;
  try {
    token = readFileSync(path, 'utf8').split('\n')[0].trim();
    if (tooOpen(statSync(path).mode, 0o044) !== 0) {
      log.warn(`--admin-token-file ${path} can be read by others; chmod 600 keeps it secret`);
    }
  } catch (error) {
    throw new StartError(`--admin-token-file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < leastTokenLength) {
    throw new StartError(
      `--admin-token-file ${path} must hold a line of at least ${leastTokenLength} printable characters ` +
        'without spaces (openssl rand -hex 32)',
    );
  }
  return token;
}
