// All nodes come to the same keys of connection ids, whoever is first, and only those that know the secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../src/cluster/engine.ts';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { replacedAfterMs, type SharedKeys, shareKeys } from '../../src/cluster/shared-key.ts';

const own = (n: number): SharedKeys => ({
  current: new Uint8Array(16).fill(n),
  previous: new Uint8Array(16).fill(n + 100),
});
const hex = ({ current, previous }: SharedKeys) =>
  [current, previous].map((bytes) => Buffer.from(bytes).toString('hex')).join(' ');
const engine = (row: MemoryRow) => new MemoryEngine(row);

test('the first node gives the cluster its keys, and the others take them', async () => {
  const row = new MemoryRow(() => 0);
  assert.equal(hex(await shareKeys(engine(row), 's', own(1), 1000)), hex(own(1)));
  assert.equal(hex(await shareKeys(engine(row), 's', own(2), 2000)), hex(own(1)));
});

test('nodes that begin at the same time agree', async () => {
  const row = new MemoryRow(() => 0);
  const all = await Promise.all([1, 2, 3, 4].map((n) => shareKeys(engine(row), 's', own(n), 1000)));
  assert.equal(new Set(all.map(hex)).size, 1);
});

test('old keys are replaced by one node, and still accepted', async () => {
  const row = new MemoryRow(() => 0);
  await shareKeys(engine(row), 's', own(1), 0);
  assert.equal(hex(await shareKeys(engine(row), 's', own(2), replacedAfterMs - 1)), hex(own(1)));
  const all = await Promise.all([2, 3].map((n) => shareKeys(engine(row), 's', own(n), replacedAfterMs)));
  assert.equal(hex(all[0]), hex(all[1]));
  assert.deepEqual(Buffer.from(all[0].previous), Buffer.from(own(1).current));
  assert.notDeepEqual(Buffer.from(all[0].current), Buffer.from(own(1).current));
});

test('keys are not to be read from the engine, and those of another secret or damaged ones are replaced', async () => {
  const row = new MemoryRow(() => 0);
  await shareKeys(engine(row), 's', own(1), 0);
  const [sealed] = row.values.values();
  assert.ok(!Buffer.from(sealed).includes(Buffer.from(own(1).current)));
  assert.equal(hex(await shareKeys(engine(row), 'another', own(2), 0)), hex(own(2)));
  const [name] = row.values.keys();
  for (let at = 0; at < sealed.length; at += 7) {
    const damaged = sealed.slice();
    damaged[at] ^= 1;
    row.values.set(name, damaged);
    assert.equal(hex(await shareKeys(engine(row), 's', own(3), 0)), hex(own(3)));
  }
  row.values.set(name, new Uint8Array(3));
  assert.equal(hex(await shareKeys(engine(row), 's', own(4), 0)), hex(own(4)));
});

test('it gives up where the keys change under its hands all the time', async () => {
  let asked = 0;
  const restless: Pick<Engine, 'value' | 'replace'> = {
    value: async () => undefined,
    replace: async () => {
      asked++;
      return false;
    },
  };
  await assert.rejects(shareKeys(restless as Engine, 's', own(1), 0), /change all the time/);
  assert.ok(asked > 2 && asked < 20);
});
