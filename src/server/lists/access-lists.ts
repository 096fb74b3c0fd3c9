// The lists that say who may announce what: read at start, on SIGHUP, and when their files have changed; swapped whole.

import { appendFile } from 'node:fs/promises';
import { formatCount } from '../../cli/format-count.ts';
import { type Cidr, formatCidr, parseCidr } from '../../protocol/cidr.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import type { AccessMemory } from '../../tracker/access.ts';
import { AddressList } from '../../tracker/address-list.ts';
import { InfoHashList } from '../../tracker/info-hash-list.ts';
import type { Log } from '../log/log.ts';
import type { Configuration } from '../options/configuration.ts';
import { StartError } from '../start-error.ts';
import { type DeniedItems, readDenied } from './denied-items.ts';
import { type DenyFiles, denyFilesOf, networkFilesOf } from './deny-files.ts';
import { parseInfoHash } from './list-file.ts';
import { namesInfoHash, removeItems } from './list-lines.ts';
import {
  describe,
  type ListedFiles,
  type ListingOptions,
  listedFilesOf,
  readUnchanged,
  stampsOf,
} from './listed-files.ts';

type ListedConfiguration = ListingOptions & Pick<Configuration, 'allowClient' | 'denyClient'>;

const defaultCheckEveryMs = 5000;

export class AccessLists {
  #lists: readonly ListedFiles[];
  #denyFiles: DenyFiles;
  readonly #log: Log | undefined;
  readonly #checkEveryMs: number;
  #memory: AccessMemory;
  #changed: (memory: AccessMemory) => void = () => {};
  #taken: () => Promise<string | undefined> = async () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #nextCheck: Promise<void> | undefined;

  private constructor(configuration: ListedConfiguration, log: Log | undefined, checkEveryMs: number) {
    const { allowClient, denyClient } = configuration;
    this.#lists = listedFilesOf(configuration);
    this.#denyFiles = denyFilesOf(configuration);
    this.#log = log;
    this.#checkEveryMs = checkEveryMs;
    this.#memory = {
      allowedTorrents: undefined,
      deniedTorrents: undefined,
      deniedAddresses: undefined,
      allowedClients: allowClient,
      deniedClients: denyClient,
    };
  }

  /**
   * Reads every list that the options name, if they name any. Without a log to check them.
   * @throws StartError when one cannot be read whole
   */
  static async load(
    configuration: ListedConfiguration,
    log?: Log,
    checkEveryMs = defaultCheckEveryMs,
  ): Promise<AccessLists> {
    const lists = new AccessLists(configuration, log, checkEveryMs);
    for (const list of lists.#lists) {
      try {
        await lists.#read(list);
      } catch (error) {
        throw new StartError(describe(list, error), { cause: error });
      }
    }
    return lists;
  }

  /** Whether there are no lists, and so nothing to read again or to show. */
  get isEmpty(): boolean {
    return this.#lists.length === 0;
  }

  /** Has what other options name, as it was read, come into force in place of all that there was. */
  replaceBy(other: AccessLists): void {
    this.#lists = other.#lists;
    this.#denyFiles = other.#denyFiles;
    this.#memory = other.#memory;
    this.#changed(this.#memory);
    for (const { name, count, noun } of this.#lists)
      this.#log?.info(`${name}: ${formatCount(count, ...noun)} in use.`);
  }

  /** What is in force. */
  get memory(): AccessMemory {
    return this.#memory;
  }

  /**
   * Calls `changed` with whatever comes into force from now on.
   * @param taken resolves when nobody answers by anything older, or to who may still do so
   */
  follow(changed: (memory: AccessMemory) => void, taken: () => Promise<string | undefined>): void {
    this.#changed = changed;
    this.#taken = taken;
    this.#timer = setInterval(() => this.#check(false), this.#checkEveryMs).unref();
  }

  /** Reads what has changed, at once; resolves when it is in force on every thread, or to why something is not. */
  async reload(): Promise<string | undefined> {
    await this.#check(true);
    const late = await this.#taken();
    if (late !== undefined) this.#log?.warn(late);
    return this.faults[0] ?? late;
  }

  /** Whether there is a list that `deny` can write to. */
  get canDeny(): boolean {
    return this.#denyFiles.torrents.length > 0;
  }

  /** Where it stands what is denied, in words for an operator: the option, or the file of a node that was given none. */
  get torrentsPlace(): string {
    const [path = ''] = this.#denyFiles.torrents;
    return this.#denyFiles.mayMiss.has(path) ? path : '--deny-list';
  }

  get networksPlace(): string {
    const [path = ''] = this.#networkFiles;
    return this.#denyFiles.mayMiss.has(path) ? path : '--deny-ip';
  }

  /** What is wrong with lists of which an older state is in force; empty when all are. */
  get faults(): string[] {
    return this.#lists.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  }

  /**
   * Refuses a torrent from now on, and writes it down; one that is refused already stays so. Nothing is written to a
   * list that is not in force as it stands: the new line would not be either.
   * @throws Error with the reason why the torrent is not refused
   */
  async deny(infoHash: string): Promise<void> {
    const path = await this.#inForce('deniedTorrents', this.#denyFiles.torrents[0]);
    const isDenied = () => this.#isDenied(infoHash);
    await this.#bringAbout(isDenied, path, () => appendFile(path, `\n${infoHash}\n`));
  }

  /**
   * Takes a torrent out of the list, with every line that names it; one that is not in it stays out.
   * @throws Error with the reason why the torrent is still refused
   */
  async undeny(infoHash: string): Promise<void> {
    const files = this.#denyFiles.torrents;
    const path = await this.#inForce('deniedTorrents', files[0]);
    const remove = () => this.#removeFrom(files, (item) => namesInfoHash(item, infoHash));
    await this.#bringAbout(() => !this.#isDenied(infoHash), path, remove);
  }

  /** Whether there is a file that `denyNetwork` can write to. */
  get canDenyNetworks(): boolean {
    return this.#networkFiles.length > 0;
  }

  /**
   * As `deny`, for the announces of a network; written to the first file of --deny-ip. False when it was refused already,
   * perhaps with a larger one.
   */
  async denyNetwork(network: Cidr): Promise<boolean> {
    const path = await this.#inForce('deniedAddresses', this.#networkFiles[0]);
    const isDenied = () => this.#deniesNetwork(network);
    const isNew = !isDenied();
    await this.#bringAbout(isDenied, path, () => appendFile(path, `\n${formatCidr(network)}\n`));
    return isNew;
  }

  /**
   * As `undeny`, for exactly this network, out of every file of --deny-ip.
   * @throws Error also when it, or a network around it, stands elsewhere
   */
  async undenyNetwork(network: Cidr): Promise<void> {
    const path = await this.#inForce('deniedAddresses', this.#networkFiles[0]);
    const text = formatCidr(network);
    const isMeant = (item: string) => {
      const named = parseCidr(item);
      return named !== undefined && formatCidr(named) === text;
    };
    const remove = () => this.#removeFrom(this.#networkFiles, isMeant);
    const reason = this.#denyFiles.networks.some(isMeant)
      ? `${text} stands in --deny-ip itself; take it out there and restart`
      : `${text} lies in a larger network that is refused`;
    await this.#bringAbout(() => !this.#deniesNetwork(network), path, remove, reason);
  }

  /** What the deny lists hold, of each the first `most`; read from where it was read when it came into force. */
  denied(most: number): Promise<DeniedItems> {
    return readDenied(this.#denyFiles, most);
  }

  get #networkFiles(): string[] {
    return networkFilesOf(this.#denyFiles);
  }

  async #removeFrom(files: readonly string[], isMeant: (item: string) => boolean): Promise<void> {
    for (const file of files)
      await removeItems(file, isMeant).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' || !this.#denyFiles.mayMiss.has(file)) throw error;
      });
  }

  /** A list's path, once it has been read and is in force. */
  async #inForce(rule: ListedFiles['rule'], path: string | undefined): Promise<string> {
    if (path === undefined) {
      throw new Error(
        rule === 'deniedTorrents'
          ? 'there is no --deny-list to write it to'
          : 'no --deny-ip names a file to write it to',
      );
    }
    await this.#check(true);
    const fault = this.#lists.find((list) => list.rule === rule)!.fault;
    if (fault !== undefined) throw new Error(`${fault}; nothing was changed`);
    return path;
  }

  /**
   * Changes files unless it is so already, and waits until every thread goes by them.
   * @param otherwise why it is not so where the files are in force; that they changed again when it is left out
   */
  async #bringAbout(
    isSo: () => boolean,
    path: string,
    change: () => Promise<unknown>,
    otherwise = `${path} changed meanwhile; ask again`,
  ): Promise<void> {
    if (!isSo()) {
      await change();
      await this.#check(true);
      if (!isSo()) throw new Error(this.faults[0] ?? otherwise);
    }
    const late = await this.#taken();
    if (late !== undefined) throw new Error(`${path} says so now, but ${late}`);
  }

  #deniesNetwork(network: Cidr): boolean {
    const { deniedAddresses } = this.#memory;
    return deniedAddresses !== undefined && new AddressList(deniedAddresses).includes(network);
  }

  #isDenied(infoHash: string): boolean {
    const words = new Int32Array(infoHashWords);
    parseInfoHash(infoHash, words, 0);
    const { deniedTorrents } = this.#memory;
    return deniedTorrents !== undefined && new InfoHashList(deniedTorrents).has(words, 0);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#changed = () => {};
  }

  /** One check after the other, and however many are asked for during one, one after it sees what they meant. */
  #check(asked: boolean): Promise<void> {
    if (this.#checking === undefined) {
      this.#checking = this.#checkNow(asked).finally(() => {
        this.#checking = undefined;
      });
      return this.#checking;
    }
    if (!asked) return this.#checking;
    this.#nextCheck ??= this.#checking.then(() => {
      this.#nextCheck = undefined;
      return this.#check(true);
    });
    return this.#nextCheck;
  }

  async #checkNow(asked: boolean): Promise<void> {
    for (const list of this.#lists) {
      const stamp = await stampsOf(list);
      if (stamp === list.settled) continue;
      // A list that is being written would be taken for a short one: it has to hold still for one check.
      const holdsStill = stamp === list.seen;
      list.seen = stamp;
      if (!asked && !holdsStill) continue;
      try {
        await this.#read(list);
      } catch (error) {
        list.settled = stamp;
        list.fault = `${describe(list, error)}; the old list stays in use`;
        this.#log?.warn(list.fault);
      }
    }
  }

  async #read(list: ListedFiles): Promise<void> {
    const { read, stamp } = await readUnchanged(list);
    list.settled = list.seen = stamp;
    list.fault = undefined;
    list.count = read.count;
    // Other lists have taken its place meanwhile.
    if (!this.#lists.includes(list)) return;
    this.#memory = { ...this.#memory, [list.rule]: read.buffer };
    // In force before it is said to be.
    this.#changed(this.#memory);
    this.#log?.info(`${list.name}: ${formatCount(read.count, ...list.noun)} in use.`);
  }
}
