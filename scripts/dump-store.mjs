// `node scripts/dump-store.mjs SNAPSHOT [INFO_HASH | SHARD]`: what a snapshot holds, as a person reads it.
//
// Loads the file into a store of its own: without more the use of memory, with 40 hexadecimal digits that swarm, with a
// number that shard of the store so made (peers are as old as they were when the file was written).
import { existsSync, readFileSync, statSync } from 'node:fs';
import { bootstrap, built } from './bootstrap.mjs';

const [file, what] = process.argv.slice(2);
if (file === undefined || (what !== undefined && !/^([0-9a-f]{40}|\d{1,6})$/i.test(what))) {
  console.error('usage: node scripts/dump-store.mjs SNAPSHOT [INFO_HASH | SHARD]');
  process.exit(2);
}
if (!existsSync(file)) {
  console.error(`dump-store: ${file} is not there`);
  process.exit(2);
}
await bootstrap();
const { SwarmStore } = /** @type {typeof import('../src/swarm/swarm-store.ts')} */ (
  await built('src/swarm/swarm-store.js')
);
const { dumpMemory, dumpShard, dumpSwarm } =
  /** @type {typeof import('../src/swarm/inspect/dump-store.ts')} */ (
    await built('src/swarm/inspect/dump-store.js')
  );

const bytes = readFileSync(file);
const memoryLimit = Math.min(4 * 1024 ** 3 - 65_536, 64 * 1024 ** 2 + 8 * bytes.length);
const store = SwarmStore.create({ memoryLimit, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: 86_400 }, 1);
let at = 0;
const read = (/** @type {Uint8Array} */ target) => {
  const part = bytes.subarray(at, at + target.length);
  target.set(part);
  at += part.length;
  return part.length;
};
const written = Math.floor(statSync(file).mtimeMs / 1000);
const clock = { wall: written, monotonic: 100_000, bootId: new Int32Array(4) };
const { peers, damaged, complete, otherVersion } = store.createSnapshotDecoder(read).decode(clock, true);
if (otherVersion !== undefined) {
  console.error(
    `dump-store: ${file} was written by version ${otherVersion} of the format; nothing was read from it`,
  );
  process.exit(1);
}
console.log(
  `${peers} peers loaded${damaged ? `, ${damaged} stretches damaged` : ''}${complete ? '' : ', cut off'}`,
);
if (what === undefined) console.log(dumpMemory(store.buffer));
else if (/^[0-9a-f]{40}$/i.test(what)) console.log(dumpSwarm(store.buffer, what.toLowerCase()));
else {
  try {
    console.log(dumpShard(store.buffer, Number(what)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(`dump-store: ${error.message}`);
    process.exit(2);
  }
}
