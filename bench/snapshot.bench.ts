// What a snapshot costs: writing and loading up to 10 million peers, and how long an announce waits meanwhile.
import { SwarmStore } from '../src/swarm/swarm-store.ts';
import { Announce } from '../src/tracker/announce.ts';
import { publicAddress } from './public-address.ts';

const gib = 1024 ** 3;
const quick = process.argv.includes('--quick');
const clock = { wall: 1_700_000_000, monotonic: 1000, bootId: new Int32Array(4) };

/** With the same key as the store that is saved: it is kept beside the snapshot. */
function createStore(key: number): SwarmStore {
  const hashKey = Int32Array.of(key, 2, key, 4);
  return SwarmStore.create({ memoryLimit: gib, hashKey, peerTtl: 3600 }, 7);
}

/** `large`: every other peer in one swarm; the rest in swarms of five. */
function fill(peers: number, large: boolean): SwarmStore {
  const store = createStore(1);
  const visit = new Announce();
  for (let peer = 0; peer < peers; peer++) {
    const swarm = large && peer % 2 === 0 ? 0 : 1 + Math.floor(peer / 5);
    for (let i = 0; i < 5; i++) visit.infoHash[i] = Math.imul(swarm + 1, 0x85ebca6b + i * 2);
    visit.address[0] = publicAddress(peer);
    visit.port = 1024 + (peer % 60_000);
    visit.seeding = peer % 3 === 0;
    if (!store.announce(visit, 0, clock.monotonic)) throw new Error(`full at ${peer} peers`);
  }
  return store;
}

function measure(peers: number, large: boolean): void {
  const store = fill(peers, large);
  const sections: Uint8Array[] = [];
  const encoder = store.createSnapshotEncoder();
  let longest = 0;
  let writing = 0;
  for (;;) {
    const start = performance.now();
    const section = encoder.next(clock);
    const took = performance.now() - start;
    longest = Math.max(longest, took);
    writing += took;
    if (section === undefined) break;
    sections.push(section.slice());
  }
  let at = 0;
  let offset = 0;
  const target = createStore(1);
  const start = performance.now();
  const loaded = target
    .createSnapshotDecoder((into) => {
      const section = sections[at];
      if (section === undefined) return 0;
      const part = section.subarray(offset, offset + into.length);
      into.set(part);
      offset += part.length;
      if (offset === section.length) {
        at++;
        offset = 0;
      }
      return part.length;
    })
    .decode(clock, true);
  const loading = performance.now() - start;
  if (loaded.peers !== peers) throw new Error(`${loaded.peers} of ${peers} peers came back`);
  console.log(
    [
      peers.toLocaleString('en').padStart(12),
      (large ? 'one large' : 'small').padStart(12),
      `${(encoder.bytes / 1024 ** 2).toFixed(0)} MiB`.padStart(10),
      `${writing.toFixed(0)} ms`.padStart(10),
      `${loading.toFixed(0)} ms`.padStart(10),
      `${longest.toFixed(1)} ms`.padStart(18),
    ].join(''),
  );
}

console.log('       peers      swarms      size     write      load   longest section');
const only = process.argv.find((word) => word.startsWith('--peers='))?.slice('--peers='.length);
const sizes = quick ? [100_000, 1_000_000] : [1_000_000, 10_000_000];
for (const peers of only ? [Number(only)] : sizes) {
  for (const large of [false, true]) measure(peers, large);
}
