// A visit to the store for tests: every field settable, answers readable as text-free numbers.
import { Event } from '../../src/protocol/event.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import type { SwarmVisit } from '../../src/swarm/swarm-visit.ts';

export class Visit implements SwarmVisit {
  infoHash: Int32Array = new Int32Array(5);
  infoHashAt = 0;
  peerId: Int32Array = new Int32Array(5);
  peerIdAt = 0;
  address: Int32Array = new Int32Array(4);
  addressAt = 0;
  family: 4 | 6 = 4;
  port = 6881;
  event: Event = Event.none;
  seeding = false;
  out: Uint16Array = new Uint16Array(9 * 2000);
  outAt = 0;
  outPeerIds: Int32Array | undefined = new Int32Array(5 * 2000);
  fillWithIpv4 = false;
  complete = 0;
  incomplete = 0;
  downloaded = 0;
  peers = 0;
  ipv4Peers = 0;
  early = false;

  /** The info_hash of swarm number `n`. */
  setSwarm(n: number): this {
    this.infoHash[0] = n;
    this.infoHash[1] = n ^ 0x5bd1e995;
    this.infoHash[4] = -n;
    return this;
  }

  /** Peer number `n`: the low 12 bits give the port, the rest the address. */
  setPeer(family: 4 | 6, n: number): this {
    this.family = family;
    this.address.fill(0);
    // 10.x.y.z and fd00::x:y:z, where many peers may share an address.
    this.address[family === 4 ? 0 : 3] = 10 | ((n >>> 12) << 8);
    if (family === 6) this.address[0] = 0xfd;
    this.port = 1 + (n & 0xfff);
    this.peerId.fill(n);
    return this;
  }

  /** The numbers of the peers handed out: own family first, then IPv4 ones. */
  listPeers(): { family: 4 | 6; n: number }[] {
    const found: { family: 4 | 6; n: number }[] = [];
    let at = this.outAt;
    for (let i = 0; i < this.peers + this.ipv4Peers; i++) {
      const family = i < this.peers ? this.family : 4;
      const low = family === 4 ? at : at + 6;
      const address = (this.out[low] | (this.out[low + 1] << 16)) >>> 0;
      at = low + 3;
      const port = ((this.out[at - 1] & 0xff) << 8) | (this.out[at - 1] >>> 8);
      found.push({ family, n: ((address >>> 8) << 12) | (port - 1) });
    }
    return found;
  }
}

export function createStore(memoryLimit = 64 * 1024 ** 2, peerTtl = 3600): SwarmStore {
  return SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl }, 12345);
}
