// What a block's search may not find: records that were there once, behind those that are there now.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addRecord, findRecord, initBlock, removeRecord } from '../../src/swarm/block.ts';
import {
  firstBlockClass4,
  firstBlockClass6,
  recordWords4,
  recordWords6,
} from '../../src/swarm/size-classes.ts';

for (const [family, stride, firstClass] of [
  [4, recordWords4, firstBlockClass4],
  [6, recordWords6, firstBlockClass6],
] as const) {
  test(`an IPv${family} peer is found in a block of any size, and no longer when it was removed`, () => {
    const words = new Int32Array(4096);
    const address = (peer: number) => Int32Array.of(1000 + peer, 2, 3, 4);
    const port = 0x1ae1;
    const find = (peer: number) => findRecord(words, 0, stride, address(peer), 0, port);
    const step = 8; // room for more than are added
    for (let peers = 1; peers <= 13; peers++) {
      words.fill(0);
      initBlock(words, 0, firstClass + step, 0);
      for (let peer = 0; peer < peers; peer++) {
        const record = new Int32Array(16);
        record.set(address(peer).subarray(0, stride - 1));
        record[stride - 1] = port;
        assert.equal(addRecord(words, 0, stride, true, record, 0, 8), peer);
      }
      for (let peer = 0; peer < peers; peer++) assert.equal(find(peer), peer);
      assert.equal(find(peers), -1);
      for (let peer = peers - 1; peer >= 0; peer--) {
        removeRecord(words, 0, stride, peer);
        assert.equal(find(peer), -1, `${peer} of ${peers}`);
      }
    }
  });
}
