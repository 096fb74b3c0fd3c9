// Who may announce what: lists of torrents, clients and networks. Nothing here changes; new rules replace old ones whole.

import { Event } from '../protocol/event.ts';
import {
  addressDenied,
  clientDenied,
  type Failure,
  torrentDenied,
  torrentUnregistered,
} from '../protocol/failure.ts';
import { AddressList } from './address-list.ts';
import type { Announce } from './announce.ts';
import { ClientList } from './client-list.ts';
import type { DecisionTable } from './decision-table.ts';
import { InfoHashList } from './info-hash-list.ts';

/** What the rules are made of, for another thread; undefined and empty are no rule. */
export interface AccessMemory {
  allowedTorrents: SharedArrayBuffer | undefined;
  deniedTorrents: SharedArrayBuffer | undefined;
  deniedAddresses: SharedArrayBuffer | undefined;
  allowedClients: readonly string[];
  deniedClients: readonly string[];
}

export function isWithoutRules(memory: AccessMemory): boolean {
  const { allowedTorrents, deniedTorrents, deniedAddresses, allowedClients, deniedClients } = memory;
  const clients = allowedClients.length + deniedClients.length;
  return clients === 0 && (allowedTorrents ?? deniedTorrents ?? deniedAddresses) === undefined;
}

/** Who announces what, whichever way. */
type Announced = Pick<
  Announce,
  'event' | 'family' | 'address' | 'addressAt' | 'infoHash' | 'infoHashAt' | 'peerId' | 'peerIdAt'
>;

export class Access {
  readonly #allowedTorrents: InfoHashList | undefined;
  readonly #deniedTorrents: InfoHashList | undefined;
  readonly #deniedAddresses: AddressList | undefined;
  readonly #allowedClients: ClientList | undefined;
  readonly #deniedClients: ClientList | undefined;
  readonly #decisions: DecisionTable | undefined;

  /** `decisions`: what is decided of torrents that the lists allow. */
  constructor(memory: AccessMemory, decisions?: DecisionTable) {
    const { allowedTorrents, deniedTorrents, deniedAddresses, allowedClients, deniedClients } = memory;
    this.#allowedTorrents = allowedTorrents && new InfoHashList(allowedTorrents);
    this.#deniedTorrents = deniedTorrents && new InfoHashList(deniedTorrents);
    this.#deniedAddresses = deniedAddresses && new AddressList(deniedAddresses);
    this.#allowedClients = allowedClients.length > 0 ? new ClientList(allowedClients) : undefined;
    this.#deniedClients = deniedClients.length > 0 ? new ClientList(deniedClients) : undefined;
    this.#decisions = decisions;
  }

  /** Why an announce is not allowed; `now` as for the tracker. */
  failureOf(announced: Announced, now: number): Failure | undefined {
    const { family, address, addressAt, infoHash, infoHashAt, peerId, peerIdAt } = announced;
    if (this.#deniedAddresses?.has(family, address, addressAt)) return addressDenied;
    if (this.#deniedTorrents?.has(infoHash, infoHashAt)) return torrentDenied;
    if (this.#allowedTorrents !== undefined && !this.#allowedTorrents.has(infoHash, infoHashAt)) {
      return torrentUnregistered;
    }
    if (this.#deniedClients?.has(peerId, peerIdAt)) return clientDenied;
    if (this.#allowedClients !== undefined && !this.#allowedClients.has(peerId, peerIdAt))
      return clientDenied;
    // Whoever leaves may.
    if (this.#decisions === undefined || announced.event === Event.stopped) return undefined;
    return this.#decisions.failureOf(infoHash, infoHashAt, now);
  }

  /** Whether a torrent is shown in scrapes. */
  allowsTorrent(infoHash: Int32Array, at: number): boolean {
    if (this.#deniedTorrents?.has(infoHash, at)) return false;
    return this.#allowedTorrents === undefined || this.#allowedTorrents.has(infoHash, at);
  }
}
