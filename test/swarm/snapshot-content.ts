// What stands in a snapshot, told apart from the store's own reading of it: for tests to compare.
import { partialFlag } from '../../src/swarm/block.ts';
import { downloadedMask } from '../../src/swarm/layout.ts';
import { fragmentHead, peerWords4, peerWords6, sectionHeader } from '../../src/swarm/snapshot-format.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { tickIn } from '../../src/swarm/tick.ts';

export interface SavedPeer {
  seeder: boolean;
  partial: boolean;
  state: number;
  peerId: string;
}

export interface SavedSwarm {
  downloaded: number;
  peers: Map<string, SavedPeer>;
}

export const noBoot = new Int32Array(4);

export function clockAt(monotonic: number, wall = 1_700_000_000 + monotonic, bootId = noBoot) {
  return { wall, monotonic, bootId };
}

/** All sections, each its own copy. `between` runs after each. */
export function encodeStore(
  store: SwarmStore,
  clock = clockAt(100_000),
  sectionWords = 12_000,
  between: () => void = () => {},
): Uint8Array[] {
  const encoder = store.createSnapshotEncoder(sectionWords);
  const sections: Uint8Array[] = [];
  for (;;) {
    const section = encoder.next(clock);
    if (section === undefined) return sections;
    sections.push(section.slice());
    between();
  }
}

export function readerOf(bytes: Uint8Array, atMost = 100_000): (target: Uint8Array) => number {
  let at = 0;
  return (target) => {
    const part = bytes.subarray(at, at + Math.min(target.length, atMost));
    target.set(part);
    at += part.length;
    return part.length;
  };
}

export function joined(sections: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(sections));
}

/** The swarms by info_hash; of a peer that stands there twice the last one counts. */
export function contentOf(sections: readonly Uint8Array[]): Map<string, SavedSwarm> {
  const swarms = new Map<string, SavedSwarm>();
  for (const section of sections) {
    const words = new Int32Array(section.slice().buffer);
    let at: number = sectionHeader.size;
    while (at < words.length) at = readFragment(words, at, swarms);
  }
  return swarms;
}

function readFragment(words: Int32Array, start: number, swarms: Map<string, SavedSwarm>): number {
  const infoHash = words.subarray(start, start + 5).join();
  const swarm = swarms.get(infoHash) ?? { downloaded: 0, peers: new Map() };
  swarms.set(infoHash, swarm);
  swarm.downloaded = words[start + fragmentHead.downloaded] & downloadedMask;
  let at = start + fragmentHead.size;
  for (const [field, size] of [
    [fragmentHead.peers4, peerWords4],
    [fragmentHead.peers6, peerWords6],
  ] as const) {
    const leechers = words[start + field] & 0xffff;
    const count = leechers + (words[start + field] >>> 16);
    for (let i = 0; i < count; i++, at += size) {
      const stride = size - 5;
      const lastWord = words[at + stride - 1];
      const endpoint = `${words.subarray(at, at + stride - 1).join()}:${lastWord & 0xffff}`;
      const state = lastWord >>> 16;
      swarm.peers.set(endpoint, {
        seeder: i >= leechers,
        partial: (state & partialFlag) !== 0,
        state: tickIn(state),
        peerId: words.subarray(at + stride, at + size).join(),
      });
    }
  }
  return at;
}
