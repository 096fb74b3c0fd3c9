// What waits for an engine that takes nothing is bounded, in order, and says how long it has waited.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { Merge } from '../../src/cluster/merge.ts';
import { Publisher } from '../../src/cluster/publisher.ts';
import { createRecord } from '../../src/cluster/record-layout.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { MessageKind, openMessage, readText } from '../../src/cluster/wire.ts';
import { Event } from '../../src/protocol/event.ts';
import { createStore, Visit } from '../swarm/visit.ts';

const signature = createSignature('s');

function setUp() {
  const clock = { now: 1_000_000 };
  const row = new MemoryRow(() => clock.now);
  const engine = new MemoryEngine(row);
  const store = createStore(64 * 2 ** 20, 3600);
  const peers = store.createRemotePeers();
  const parts = {
    ...{ engine, store, signature, now: () => clock.now },
    sender: { node: 'a', incarnation: 7n },
    log: { info: () => {}, warn: () => {} },
  };
  const publisher: Publisher = new Publisher(
    parts,
    new Merge(peers, (record) => publisher.contradict(record)),
    1200,
    peers.secondsPerTick,
  );
  publisher.open();
  const announce = (peer: number) => {
    const visit = new Visit().setSwarm(peer & 0xff).setPeer(4, peer);
    visit.event = Event.started;
    store.announce(visit, 0, Math.floor(clock.now / 1000));
  };
  const taken = () =>
    row.messages.map(({ bytes }) => {
      const message = openMessage(bytes, signature);
      if (typeof message !== 'object') throw new Error(message);
      return message;
    });
  return { clock, row, engine, publisher, announce, taken };
}

test('what changed is told once, in order, with how long it has waited', async () => {
  const { clock, engine, publisher, announce, taken } = setUp();
  engine.isUp = false;
  announce(1);
  publisher.collect();
  publisher.say({ is: 'hello' });
  publisher.add(MessageKind.counts, Uint8Array.of(1, 2));
  await publisher.send();
  assert.match(publisher.failure ?? '', /cannot be reached/);
  assert.ok(publisher.waitingBytes > 100);
  clock.now += 4000;
  engine.isUp = true;
  await publisher.send();
  assert.equal(publisher.failure, undefined);
  assert.equal(publisher.waitingBytes, 0);
  const messages = taken();
  assert.deepEqual(
    messages.map(({ kind, number, heldMs, records }) => ({ kind, number, heldMs, records })),
    [
      { kind: MessageKind.news, number: 1, heldMs: 4000, records: 1 },
      { kind: MessageKind.note, number: 2, heldMs: 4000, records: 0 },
      { kind: MessageKind.counts, number: 3, heldMs: 4000, records: 0 },
    ],
  );
  assert.equal(readText(messages[1]), '{"is":"hello"}');
  publisher.collect();
  await publisher.send();
  assert.equal(taken().length, 3, 'nothing has changed since');
});

test('an engine that has just refused is left alone for half a second', async () => {
  const { clock, engine, publisher, taken } = setUp();
  engine.isUp = false;
  publisher.say({});
  await publisher.send();
  engine.isUp = true;
  await publisher.send();
  assert.equal(taken().length, 0);
  clock.now += 500;
  await publisher.send();
  assert.equal(taken().length, 1);
});

test('beyond 32 MiB the oldest is given up, and that something was lost is known', async () => {
  const { clock, engine, publisher, taken } = setUp();
  engine.isUp = false;
  const body = new Uint8Array(250_000);
  for (let n = 0; n < 300; n++) publisher.add(MessageKind.counts, body);
  assert.ok(publisher.waitingBytes <= 32 << 20, `${publisher.waitingBytes}`);
  assert.ok(publisher.hasLost);
  clock.now += 1000;
  engine.isUp = true;
  await publisher.send();
  const numbers = taken().map(({ number }) => number);
  assert.equal(numbers.at(-1), 300);
  assert.ok(numbers.every((number, i) => i === 0 || number === numbers[i - 1] + 1));
});

test('what is told better is told with the next news, up to a bound', async () => {
  const { publisher, taken } = setUp();
  for (let n = 0; n < 10_500; n++) {
    const record = createRecord();
    record.infoHash[0] = n;
    publisher.contradict(record);
  }
  publisher.collect();
  await publisher.send();
  assert.equal(
    taken().reduce((sum, { records }) => sum + records, 0),
    10_000,
  );
});

test('more changes than the journal can hold are lost, known as such, and the next ones are told', async () => {
  const { publisher, announce, taken } = setUp();
  for (let peer = 0; peer < 400_000; peer++) announce(peer);
  publisher.collect();
  assert.ok(publisher.hasLost);
  await publisher.send();
  const before = taken().reduce((sum, { records }) => sum + records, 0);
  publisher.hasLost = false;
  announce(500_000);
  publisher.collect();
  await publisher.send();
  assert.equal(taken().reduce((sum, { records }) => sum + records, 0) - before, 1);
  assert.equal(publisher.hasLost, false);
});
