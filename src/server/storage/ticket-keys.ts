// Where the keys of TLS session tickets come from, when they are replaced, and how they outlive a restart or a takeover.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TicketKeys, ticketKeyBytes, ticketSeconds } from '../../transport/http/session-tickets.ts';
import type { Log } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

export const ticketKeyFile = 'tls-ticket.key';

export interface TicketKeySourceOptions {
  /** Where they are kept; without it they die with this process. */
  readonly directory?: string | undefined;
  readonly log: Log;
  /** Unix time in seconds, to judge the file's age. */
  readonly now?: () => number;
  readonly everySeconds?: number;
}

/**
 * The keys in force: replaced every `ticketSeconds`, when the former become the previous ones. Kept as 96 bytes, current
 * and previous, so that a tracker that takes over, or is started again, takes the tickets of the one before.
 */
export class TicketKeySource {
  readonly #options: Required<TicketKeySourceOptions>;
  #current: TicketKeys;
  #changed: (keys: TicketKeys) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #secondsLeft: number;

  /** @throws StartError when the file can be neither read nor written */
  constructor(options: TicketKeySourceOptions) {
    const now = () => Date.now() / 1000;
    this.#options = { directory: undefined, now, everySeconds: ticketSeconds, ...options };
    const { everySeconds } = this.#options;
    try {
      const kept = this.#read();
      // A clock that was set back makes no key older.
      const age =
        kept === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.#options.now() - kept.savedAt);
      this.#secondsLeft = age < everySeconds ? everySeconds - age : everySeconds;
      if (kept !== undefined && age < everySeconds) this.#current = kept.keys;
      else {
        // Older than both its lives, no ticket of it is good any more.
        const previous = kept !== undefined && age < 2 * everySeconds ? kept.keys.current : createKey();
        this.#current = { current: createKey(), previous };
        this.#write();
      }
    } catch (error) {
      throw new StartError(`--data-dir: ${(error as Error).message}`, { cause: error });
    }
  }

  get current(): TicketKeys {
    return this.#current;
  }

  /** Begins to replace them in time; `changed` is called with each new pair. */
  follow(changed: (keys: TicketKeys) => void): void {
    this.#changed = changed;
    this.#sleep(this.#secondsLeft);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#changed = () => {};
  }

  #sleep(seconds: number): void {
    this.#timer = setTimeout(() => this.#replace(), seconds * 1000).unref();
  }

  #replace(): void {
    this.#current = { current: createKey(), previous: this.#current.current };
    try {
      this.#write();
    } catch (error) {
      // They are in force all the same, and only a restart will not know them.
      logFailure(this.#options.log, error);
    }
    this.#changed(this.#current);
    this.#sleep(this.#options.everySeconds);
  }

  #read(): { keys: TicketKeys; savedAt: number } | undefined {
    const { directory, log } = this.#options;
    if (directory === undefined) return undefined;
    const path = join(directory, ticketKeyFile);
    const kept = readPrivateFile(path, 2 * ticketKeyBytes, (message) => log.warn(message));
    if (kept === undefined) return undefined;
    const { contents, savedAt } = kept;
    const current = contents.subarray(0, ticketKeyBytes);
    return { keys: { current, previous: contents.subarray(ticketKeyBytes) }, savedAt };
  }

  #write(): void {
    const { directory } = this.#options;
    if (directory === undefined) return;
    const { current, previous } = this.#current;
    writePrivateFile(join(directory, ticketKeyFile), Buffer.concat([current, previous]));
  }
}

/**
 * The source that the options ask for; undefined without HTTPS.
 * @throws StartError
 */
export function createTicketKeySource(
  { httpsPort, dataDir: directory }: Configuration,
  log: Log,
): TicketKeySource | undefined {
  return httpsPort ? new TicketKeySource({ directory, log }) : undefined;
}

/** Keys that die with this process. */
export function createTicketKeys(): TicketKeys {
  return { current: createKey(), previous: createKey() };
}

function createKey(): Uint8Array {
  return randomBytes(ticketKeyBytes);
}
