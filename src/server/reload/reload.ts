// A reload: the file of settings, lists, certificates and the token are read again, and what has changed comes into force on
// every thread without a connection lost. What is wrong anywhere in the settings leaves all of them as they were.
import { UsageError } from '../../cli/usage-error.ts';
import type { LiveChange } from '../../transport/live-change.ts';
import { loadCertificate } from '../certificates/certificate-files.ts';
import type { Core } from '../core.ts';
import { createRates, trackerSettingsOf } from '../create-tracker.ts';
import { publicNamesOf } from '../listening/http-threads.ts';
import type { Listeners } from '../listening/listeners.ts';
import { AccessLists } from '../lists/access-lists.ts';
import { type OpenAdmin, readToken } from '../operators/admin.ts';
import { type Configuration, configurationOf } from '../options/configuration.ts';
import { listConfiguration } from '../options/format-configuration.ts';
import { type OptionName, type OptionValues, optionNames } from '../options/options.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';
import { StartError } from '../start-error.ts';
import { describeSetting, planReload } from './reload-plan.ts';

/** Where the settings come from. */
export interface SettingsSource {
  /** As they are in force; a reload changes them in place. */
  readonly inForce: ResolvedConfiguration;
  /** @throws UsageError with a line for each mistake */
  read(): ResolvedConfiguration;
}

export interface ReloadParts {
  core: Core;
  listeners: Listeners;
  admin: () => OpenAdmin | undefined;
  /** Undefined where settings are given by a program, and not read. */
  settings: SettingsSource | undefined;
}

/** What was opened for new settings, while the old ones were still in force. */
interface Prepared {
  readonly wanted: ResolvedConfiguration;
  readonly configuration: Configuration;
  readonly live: readonly OptionName[];
  readonly restart: readonly OptionName[];
  readonly lists: AccessLists | undefined;
  readonly token: string | undefined;
}

export class Reload {
  readonly #parts: ReloadParts;
  #running: Promise<string> | undefined;
  #next: Promise<string> | undefined;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
  }

  /**
   * Resolves to what it did, a line each, once it is in force on every thread; rejects with what is not in force. One after
   * the other, and however many are asked for during one, one after it does what they meant.
   */
  now(): Promise<string> {
    if (this.#running === undefined) {
      this.#running = this.#reload().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => '')
      .then(() => {
        this.#next = undefined;
        return this.now();
      });
    return this.#next;
  }

  async #reload(): Promise<string> {
    const { core, settings, listeners } = this.#parts;
    const { certificates, access, log } = core;
    const prepared = settings && (await this.#prepare(settings));
    const lines = prepared === undefined ? [] : this.#takeUp(settings!.inForce, prepared);
    const nothingElse = certificates === undefined && access.isEmpty;
    if (nothingElse && lines.length === 0) {
      const file = settings?.inForce.values.config;
      log.info(
        file === undefined ? 'SIGHUP: there is nothing to reload.' : 'SIGHUP: no setting has changed.',
      );
    }
    const faults = await Promise.all([certificates?.reload(), access.reload(), listeners.changeTaken()]);
    const fault = faults.find((one) => one !== undefined);
    if (fault !== undefined) throw new Error([...lines, fault].join('\n'));
    if (!nothingElse) lines.push('Certificates and lists were read again; the log says what changed.');
    return lines.length === 0 ? 'There is nothing to reload.' : lines.join('\n');
  }

  /** Everything that can fail. */
  async #prepare({ inForce, read }: SettingsSource): Promise<Prepared> {
    const { log } = this.#parts.core;
    const faults: string[] = [];
    const attempt = async <T>(what: () => T | Promise<T>): Promise<T | undefined> => {
      try {
        return await what();
      } catch (error) {
        if (!(error instanceof UsageError || error instanceof StartError)) throw error;
        faults.push(...(error instanceof UsageError ? error.lines : [error.message]));
        return undefined;
      }
    };
    const wanted = await attempt(read);
    if (wanted === undefined) throw refuse(faults, log);
    const configuration = configurationOf(wanted.values);
    const { live, restart } = planReload(inForce, wanted);
    const lists = live.some((name) => listOptions.includes(name))
      ? await attempt(() => AccessLists.load(configuration, undefined))
      : undefined;
    const token = await attempt(() => readToken(configuration, log));
    const { cert, key } = configuration;
    if ((live.includes('cert') || live.includes('key')) && cert !== undefined && key !== undefined)
      await attempt(() => loadCertificate({ cert, key }));
    if (faults.length > 0) throw refuse(faults, log);
    return { wanted, configuration, live, restart, lists, token };
  }

  /** Nothing here fails. Returns what it did. */
  #takeUp(
    inForce: ResolvedConfiguration,
    { wanted, configuration, live, restart, lists, token }: Prepared,
  ): string[] {
    const { core, listeners, admin } = this.#parts;
    const { log, certificates, access, snapshots } = core;
    take(inForce, wanted, live);
    const now = configurationOf(inForce.values);
    Object.assign(core.configuration, { ...now, takeover: core.configuration.takeover });
    for (const warning of live.length > 0 ? wanted.warnings : []) log.warn(warning);
    const change = changeOf(live, now, listeners);
    if (Object.keys(change).length > 0) listeners.change(change);
    if (lists) access.replaceBy(lists);
    const { cert, key } = now;
    if (cert !== undefined && key !== undefined) certificates?.moveTo?.({ cert, key });
    if (live.includes('snapshot-interval')) snapshots?.changeInterval(now.snapshotInterval);
    log.change({ format: now.logFormat, verbose: now.verbose });
    admin()?.changeAccess({ token, hosts: configuration.adminAllowedHost });
    const lines: string[] = [];
    if (live.length > 0)
      lines.push(`In force now: ${live.map((name) => describeSetting(name, inForce)).join(', ')}.`);
    for (const line of lines) log.info(line);
    for (const name of restart) {
      const line = `${name}: needs a restart (or --takeover)`;
      log.warn(`${line}; ${describeSetting(name, inForce)} stays in force`);
      lines.push(line);
    }
    return lines;
  }
}

/** As the admin door shows them. */
export function listInForce(settings: SettingsSource | undefined) {
  return settings === undefined ? [] : listConfiguration(settings.inForce);
}

const listOptions: readonly OptionName[] = [
  'allow-list',
  'deny-list',
  'deny-ip',
  'allow-client',
  'deny-client',
];
const answerOptions: readonly OptionName[] = [
  'interval',
  'min-interval',
  'max-peers',
  'max-scrape-hashes',
  'full-scrape',
  'tracker-id',
  'no-ipv4-mapped',
  'refused-ports',
];

/** What threads are told of the options that have changed. */
function changeOf(live: readonly OptionName[], now: Configuration, { all }: Listeners): LiveChange {
  const among = (...names: readonly OptionName[]) => live.some((name) => names.includes(name));
  return {
    ...(among(...answerOptions) && { settings: trackerSettingsOf(now) }),
    ...(among('rate-limit') && { rates: createRates(now) }),
    ...(among('domain') && {
      names: publicNamesOf(
        all.map(({ planned: { protocol }, port }) => ({ protocol, port })),
        now,
      ),
    }),
    ...(among('ws-origin', 'deny-ws-origin') && {
      origins: { allowed: now.wsOrigin, denied: now.denyWsOrigin },
    }),
    ...(among('verbose') && { requestLog: { verbose: now.verbose, logIp: now.logIp } }),
  };
}

function take(
  inForce: ResolvedConfiguration,
  wanted: ResolvedConfiguration,
  live: readonly OptionName[],
): void {
  const values = inForce.values as Record<OptionName, OptionValues[OptionName]>;
  for (const name of live) values[name] = wanted.values[name];
  // The same value may come from elsewhere now.
  for (const name of optionNames) {
    if (JSON.stringify(values[name]) === JSON.stringify(wanted.values[name]))
      inForce.origins[name] = wanted.origins[name];
  }
}

function refuse(faults: readonly string[], log: Core['log']): Error {
  for (const fault of faults) log.error(`the settings stay as they were: ${fault}`);
  return new Error(['nothing was changed:', ...faults].join('\n'));
}
