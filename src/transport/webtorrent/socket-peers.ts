// The peers that connections of this thread are: what the store is asked of them, and what each connection has announced.
import { Event } from '../../protocol/event.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import type { WebTorrentMessage } from '../../protocol/webtorrent-message.ts';
import { type ConnectionPeers, ConnectionVisit, holderField } from '../../tracker/connection-peers.ts';
import { membershipField, membershipWords } from './memberships.ts';
import type { WebSocket } from './web-socket.ts';

export class SocketPeers {
  readonly #peers: ConnectionPeers;
  /** The thread's one; as a rule it reads what the message says. */
  readonly #visit = new ConnectionVisit();
  /** What is decoded into the message is already where the store reads it. */
  readonly #infoHash: Int32Array;
  readonly #peerId: Int32Array;
  readonly #toPeerId: Int32Array;

  /** @param message what has been read last */
  constructor(message: WebTorrentMessage, peers: ConnectionPeers) {
    this.#peers = peers;
    this.#infoHash = new Int32Array(message.infoHashes.buffer);
    this.#peerId = new Int32Array(message.peerId.buffer);
    this.#toPeerId = new Int32Array(message.toPeerId.buffer);
    this.#readMessage();
  }

  /** Of the peer that the message names, on this connection. The same object each time. */
  visitOf(socket: WebSocket): ConnectionVisit {
    const visit = this.#visit;
    visit.address = socket.words;
    visit.family = socket.family;
    visit.place = socket.place;
    visit.generation = socket.generation;
    visit.seeding = false;
    visit.event = Event.none;
    this.#readMessage();
    return visit;
  }

  /** Whether the visit's peer is there, and its connection's. */
  isMember(visit: ConnectionVisit): boolean {
    return (
      this.#peers.find(visit) &&
      visit.holder[holderField.place] === visit.place &&
      visit.holder[holderField.generation] === visit.generation
    );
  }

  /** Who holds the peer whose offer the message answers; undefined when there is none. */
  offererOf(socket: WebSocket): Int32Array | undefined {
    const visit = this.visitOf(socket);
    visit.peerId = this.#toPeerId;
    const found = this.#peers.find(visit);
    visit.peerId = this.#peerId;
    return found ? visit.holder : undefined;
  }

  /** Stops the visit's peer, which then is none of its connection's. */
  stop(socket: WebSocket, visit: ConnectionVisit): void {
    if (this.#peers.stop(visit)) socket.memberships.remove(this.#infoHash, this.#peerId);
  }

  /** Stops all peers of a connection. */
  stopAll(socket: WebSocket): void {
    const visit = this.visitOf(socket);
    const { memberships } = socket;
    for (let number = 0; number < memberships.count; number++) {
      this.#readMembership(memberships.words, number);
      this.#peers.stop(visit);
    }
    memberships.clear();
    this.#readMessage();
  }

  /** Takes a peer out whose connection is no more, as of a thread that has failed: info_hash and peer_id of it. */
  forget(wanted: Uint8Array, place: number, generation: number): void {
    const visit = this.#visit;
    visit.infoHash = visit.peerId = new Int32Array(wanted.slice().buffer);
    visit.infoHashAt = 0;
    visit.peerIdAt = infoHashWords;
    visit.place = place;
    visit.generation = generation;
    this.#peers.stop(visit);
    this.#readMessage();
  }

  /** Notes in the connection what it has announced for the first time. */
  remember({ memberships }: WebSocket): void {
    // It may have been forgotten for want of memory, and stand there still.
    memberships.remove(this.#infoHash, this.#peerId);
    memberships.add(this.#infoHash, this.#peerId, (number) => {
      this.#readMembership(memberships.words, number);
      return !this.isMember(this.#visit);
    });
    this.#readMessage();
  }

  #readMembership(words: Int32Array, number: number): void {
    const visit = this.#visit;
    const at = number * membershipWords;
    visit.infoHash = visit.peerId = words;
    visit.infoHashAt = at + membershipField.infoHash;
    visit.peerIdAt = at + membershipField.peerId;
  }

  #readMessage(): void {
    const visit = this.#visit;
    visit.infoHash = this.#infoHash;
    visit.peerId = this.#peerId;
    visit.infoHashAt = visit.peerIdAt = 0;
  }
}
