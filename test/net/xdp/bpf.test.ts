// Maps in the kernel: what is put in is there, and what is taken away is not, in every kind of map that a filter has things taken out of.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadSystemCalls } from '../../../src/net/system-calls.ts';
import { MapType } from '../../../src/net/xdp/bpf.ts';
import { bpf, closeAfterwards, skip, word } from './loaded-filter.ts';

describe('the kernel’s maps', { skip }, () => {
  test('an element that was taken away is gone, and nothing is taken away twice', () => {
    const map = bpf.createMap(MapType.hash, 16, 4, 8);
    closeAfterwards(map);
    const key = new Uint8Array(16).fill(7);
    bpf.update(map, key, word(5));
    assert.deepEqual(bpf.lookUp(map, key, 4), word(5));
    assert.equal(bpf.remove(map, key), true);
    assert.equal(bpf.lookUp(map, key, 4), undefined);
    assert.equal(bpf.remove(map, key), false);
  });

  test('a queue without a ring can be told so', () => {
    const map = bpf.createMap(MapType.rings, 4, 4, 8);
    closeAfterwards(map);
    assert.doesNotThrow(() => bpf.remove(map, word(3)));
    assert.throws(() => bpf.remove(map, word(8)), /EINVAL/);
  });

  test('what cannot be done is an error, and no silence', () => {
    const { calls } = loadSystemCalls();
    const map = bpf.createMap(MapType.hash, 16, 4, 8);
    calls!.close(map);
    assert.throws(() => bpf.remove(map, new Uint8Array(16)), /EBADF/);
  });
});
