// Who announces what: a seeded population of peers over torrents whose swarms are a few large and many small.
import { Random } from './random.ts';

export interface Workload {
  readonly torrents: number;
  readonly peers: number;
  /** Five words for each torrent. */
  readonly infoHashes: Int32Array;
  /** The torrent of each peer; peers come in turn from `addresses` addresses, peer n from number n % addresses. */
  readonly torrentOf: Int32Array;
  readonly portOf: Uint16Array;
  /** 1 for the three in ten that have everything. */
  readonly seeding: Uint8Array;
  /** Peers in each torrent's swarm. */
  readonly swarmSizes: Int32Array;
}

/** Above the ports that our tracker refuses, so that no announce is an error. */
const firstPort = 28_000;
const portsOfAddress = 65_536 - firstPort;

/**
 * A peer's key is (torrent, address, port), so a swarm can have 37,536 peers from each address; RangeError beyond.
 * Swarm sizes fall with the torrent's rank to the power of 0.8 (Zipf's law, as tracker scrapes show
 * it).
 */
export function createWorkload(seed: number, torrents: number, peers: number, addresses = 1): Workload {
  const random = new Random(seed);
  const infoHashes = Int32Array.from({ length: torrents * 5 }, () => random.word());
  const swarmSizes = sizesByRank(torrents, peers, addresses * portsOfAddress);
  const torrentOf = new Int32Array(peers);
  const portOf = new Uint16Array(peers);
  const seeding = new Uint8Array(peers);
  let peer = 0;
  for (let torrent = 0; torrent < torrents; torrent++) {
    for (let i = 0; i < swarmSizes[torrent]; i++, peer++) {
      torrentOf[peer] = torrent;
      portOf[peer] = firstPort + Math.floor(i / addresses);
      seeding[peer] = random.below(10) < 3 ? 1 : 0;
    }
  }
  return { torrents, peers, infoHashes, torrentOf, portOf, seeding, swarmSizes };
}

function sizesByRank(torrents: number, peers: number, maxSwarm: number): Int32Array {
  const weights = Array.from({ length: torrents }, (_, rank) => (rank + 1) ** -0.8);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Every torrent has one peer; the others are spread by weight, and what rounding leaves over goes to the largest.
  const others = peers - torrents;
  const sizes = Int32Array.from(weights, (weight) => 1 + Math.floor((weight / total) * others));
  const rest = peers - sizes.reduce((sum, size) => sum + size, 0);
  for (let rank = 0; rank < rest; rank++) sizes[rank]++;
  if (others < 0 || sizes[0] > maxSwarm) {
    throw new RangeError(`${peers} peers cannot be spread over ${torrents} torrents`);
  }
  return sizes;
}

/** Peers in the mean announce reply when every peer has announced once and each may be handed `numwant` others. */
export function meanPeersInReply({ swarmSizes, peers }: Workload, numwant: number): number {
  const handed = swarmSizes.reduce((sum, size) => sum + size * Math.min(numwant, size - 1), 0);
  return handed / peers;
}

/** The info_hash of each torrent as 40 hexadecimal digits. */
export function formatInfoHashes({ infoHashes, torrents }: Workload): string[] {
  const bytes = Buffer.from(infoHashes.buffer);
  return Array.from({ length: torrents }, (_, torrent) =>
    bytes.toString('hex', torrent * 20, torrent * 20 + 20),
  );
}
