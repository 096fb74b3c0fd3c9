// The structure checker finds what is wrong with a store, and nothing wrong with a sound one; the dumper prints it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../../src/protocol/event.ts';
import { checkStore } from '../../../src/swarm/inspect/check-store.ts';
import { dumpMemory, dumpShard, dumpSwarm } from '../../../src/swarm/inspect/dump-store.ts';
import { hexOf } from '../../../src/swarm/inspect/hex.ts';
import {
  chunkRow,
  chunkShift,
  chunkTable,
  classRow,
  classTable,
  entryField,
  header,
  shardRow,
} from '../../../src/swarm/layout.ts';
import { entryClass, firstBlockClass4 } from '../../../src/swarm/size-classes.ts';
import type { SwarmStore } from '../../../src/swarm/swarm-store.ts';
import { createStore, Visit } from '../visit.ts';

/** A large swarm of both families, and some small ones, one of them idle. */
function filledStore(): SwarmStore {
  const store = createStore(8 * 1024 ** 2);
  const visit = new Visit();
  for (let n = 0; n < 2000; n++) {
    visit.setSwarm(0).setPeer(n % 4 === 0 ? 6 : 4, n).seeding = n % 3 === 0;
    store.announce(visit, 0, 1);
  }
  for (let swarm = 1; swarm < 40; swarm++) {
    for (let n = 0; n < swarm; n++) {
      visit.setSwarm(swarm).setPeer(4, n).seeding = n % 2 === 0;
      visit.event = n % 5 === 1 ? Event.paused : Event.none;
      store.announce(visit, 0, 1);
    }
  }
  visit.setSwarm(50).setPeer(4, 0).seeding = true;
  visit.event = Event.completed;
  store.announce(visit, 0, 1);
  visit.event = Event.stopped;
  store.announce(visit, 0, 1);
  return store;
}

/** Word of the entry of some swarm for which `isMeant` holds, with its shard. */
function someEntry(words: Int32Array, isMeant: (entry: number) => boolean): { shard: number; entry: number } {
  for (let index = 0; index < 1 << words[header.shardBits]; index++) {
    const shard = words[header.shards] + index * shardRow.size;
    const table = words[shard + shardRow.table];
    for (let slot = 0; table !== 0 && slot < 1 << words[shard + shardRow.tableBits]; slot++) {
      const entry = (words[table + slot] >>> 5) << 3;
      if (entry !== 0 && isMeant(entry)) return { shard, entry };
    }
  }
  throw new Error('no such swarm');
}

test('a sound store has no faults, and what lives in it is counted', () => {
  const store = filledStore();
  const { faults, liveBytes, bytesInUse } = checkStore(store.buffer);
  assert.deepEqual(faults, []);
  const { leechers4, seeders4, leechers6, seeders6, swarms } = store.totals();
  assert.equal(liveBytes, (leechers4 + seeders4) * 28 + (leechers6 + seeders6) * 40 + (swarms + 1) * 44);
  assert.ok(bytesInUse > liveBytes);
});

const isSmall = (words: Int32Array) => (entry: number) => words[entry + entryField.peers4] > 0;
const isLarge = (words: Int32Array) => (entry: number) => words[entry + entryField.peers4] < 0;

const damages: [string, RegExp, (words: Int32Array) => void][] = [
  [
    'a count of a shard that is one too high',
    /leechers4 of shard/,
    (words) => {
      words[someEntry(words, isSmall(words)).shard + shardRow.leechers4]++;
    },
  ],
  [
    'a swarm that leads to another swarm’s block',
    /shares the object/,
    (words) => {
      const first = someEntry(words, isSmall(words)).entry;
      const second = someEntry(words, (entry) => entry !== first && isSmall(words)(entry)).entry;
      words[first + entryField.peers4] = words[second + entryField.peers4];
    },
  ],
  [
    'a free list that leads back into itself',
    /free list leads to/,
    (words) => {
      const chunk = words[classTable + firstBlockClass4 * classRow.size + classRow.partialChunk];
      const info = chunkTable + chunk * chunkRow.size;
      const object = (chunk << chunkShift) + 9;
      words[info + chunkRow.freeObject] = object;
      words[object] = object;
    },
  ],
  [
    'a record that stands twice in its block',
    /twice/,
    (words) => {
      const many = (entry: number) =>
        isSmall(words)(entry) && (words[words[entry + entryField.peers4]] & 0xffff) > 1;
      const block = words[someEntry(words, many).entry + entryField.peers4];
      words[block + 4] = words[block + 2];
      words[block + 5] = words[block + 3];
    },
  ],
  [
    'a large swarm whose total is wrong',
    /leechers: /,
    (words) => {
      words[-words[someEntry(words, isLarge(words)).entry + entryField.peers4]]++;
    },
  ],
  [
    'a directory whose pointers lead elsewhere',
    /directory|belongs into another|shares/,
    (words) => {
      const large = -words[someEntry(words, isLarge(words)).entry + entryField.peers4];
      const directory = words[large + 4];
      words[directory] = words[directory + (1 << words[large + 5]) - 1];
    },
  ],
  [
    'an entry that nobody refers to',
    /have owners/,
    (words) => {
      const { shard, entry } = someEntry(words, isSmall(words));
      const table = words[shard + shardRow.table];
      for (let slot = 0; ; slot++) {
        if ((words[table + slot] >>> 5) << 3 !== entry) continue;
        words[table + slot] = 0;
        return;
      }
    },
  ],
  [
    'a class whose list of chunks with room misses one',
    /chunks with room/,
    (words) => {
      const row = classTable + entryClass * classRow.size;
      words[row + classRow.partialChunk] = words[row + classRow.lastPartialChunk] = 0;
    },
  ],
  [
    'a lock that is held',
    /lock of shard/,
    (words) => {
      words[words[header.shards]] = 1;
    },
  ],
  [
    'a count of idle swarms that is wrong',
    /idle swarms/,
    (words) => {
      words[header.idleSwarms] = 5;
    },
  ],
];

for (const [what, fault, damage] of damages) {
  test(`the checker finds ${what}`, () => {
    const { buffer } = filledStore();
    damage(new Int32Array(buffer));
    assert.match(checkStore(buffer).faults.join('\n'), fault);
  });
}

test('a swarm, a shard and the size classes are printed as a person reads them', () => {
  const store = filledStore();
  const visit = new Visit().setSwarm(7);
  const infoHash = hexOf(visit.infoHash, 0);
  const swarm = dumpSwarm(store.buffer, infoHash);
  assert.match(swarm, new RegExp(`^swarm ${infoHash} at \\d+: complete 4, incomplete 3, downloaded 0`));
  assert.match(swarm, /IPv4: block at \d+, 7 of 8 places taken/);
  assert.match(swarm, /10\.0\.0\.0:2 (01000000){5} partial seed, seen at tick 1/);
  const large = dumpSwarm(store.buffer, hexOf(new Visit().setSwarm(0).infoHash, 0));
  assert.match(large, /leechers: directory of 16 at/);
  assert.match(large, /seeders from 0 of \d+, depth \d+: block at/);
  assert.match(large, /\[fd00::a\]:1 |\[fd00::[0-9a-f:]*\]:\d+ /);
  const words = new Int32Array(store.buffer);
  const { shard } = someEntry(words, isSmall(words));
  const shardText = dumpShard(store.buffer, (shard - words[header.shards]) / shardRow.size);
  assert.match(shardText, /^shard \d+: lock 0, \d+ entries in 16 slots/);
  assert.match(
    dumpMemory(store.buffer),
    /blocks of 1\): 1 chunks, \d+ of 1820 objects in use\n(.*\n)*no faults$/,
  );
  assert.equal(dumpSwarm(store.buffer, 'ff'.repeat(20)), `no swarm ${'ff'.repeat(20)}`);
});
