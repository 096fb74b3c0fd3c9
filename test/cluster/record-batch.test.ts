// A batch has every peer of a message once, in order, and applies as one after the other would.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Merge } from '../../src/cluster/merge.ts';
import { batchRecords, RecordBatch } from '../../src/cluster/record-batch.ts';
import { createRecord, type WireRecord } from '../../src/cluster/record-layout.ts';
import { RecordReader } from '../../src/cluster/record-reader.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { MessageKind, MessageWriter, openMessage, sealMessage } from '../../src/cluster/wire.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';

const signature = createSignature('a secret');

/** Peers of 20 torrents, both families and roles, some of them gone; a total behind every third. */
function messageOf(peers: number): Uint8Array {
  const writer = new MessageWriter({ node: 'there', incarnation: 1n }, 1 << 18);
  writer.begin(MessageKind.news, 1, 1);
  for (let i = 0; i < peers; i++) {
    writer.peer(recordOf(i));
    if (i % 3 === 0) writer.total(Int32Array.of(i, 0, 0, 0, 1), 7);
  }
  const message = writer.end();
  sealMessage(message, 0, signature);
  return message;
}

function recordOf(i: number): WireRecord {
  const family = i % 4 === 0 ? 6 : 4;
  const record = Object.assign(createRecord(), { family, port: 1 + (i % 700), seeder: i % 2 === 0 });
  record.infoHash.set([i % 20, 1, 2, 3, 4]);
  record.address.set(family === 4 ? [0x01010101 + (i % 50)] : [0x00000120, i % 50, 0, 1]);
  record.gone = i % 5 === 0 && i > 200;
  return record;
}

function readerOf(message: Uint8Array): RecordReader {
  const opened = openMessage(message, signature);
  assert.ok(typeof opened === 'object', String(opened));
  return new RecordReader(opened);
}

for (const peers of [0, 1, batchRecords - 1, batchRecords, batchRecords + 1, 5 * batchRecords + 7])
  test(`${peers} peers come in batches of at most ${batchRecords}, totals left out`, () => {
    const reader = readerOf(messageOf(peers));
    const batch = new RecordBatch();
    const read: string[] = [];
    for (let more = true; more; ) {
      more = batch.read(reader);
      assert.equal(batch.count === batchRecords, more);
      for (const record of batch.records.slice(0, batch.count)) read.push(said(record));
    }
    assert.deepEqual(
      read,
      Array.from({ length: peers }, (_, i) => said(recordOf(i))),
    );
  });

test('a store comes to hold the same from batches as from one record after another', () => {
  const message = messageOf(2000);
  const [byOne, byBatch] = [0, 1].map(() => {
    const store = SwarmStore.create(
      { memoryLimit: 2 ** 26, hashKey: Int32Array.of(1, 2, 3, 4), peerTtl: 3600 },
      7,
    );
    return { store, merge: new Merge(store.createRemotePeers(), () => {}) };
  });
  const reader = readerOf(message);
  while (reader.next()) if (reader.downloaded < 0) byOne.merge.news(reader.record, 5000, 1, 5000);
  const batched = readerOf(message);
  const batch = new RecordBatch();
  for (let more = true; more; ) {
    more = batch.read(batched);
    byBatch.merge.allNews(batch, 5000, 1, 5000);
  }
  assert.deepEqual(byBatch.merge.counts, byOne.merge.counts);
  assert.equal(byOne.merge.counts.records, 2000);
  // Every way that it may go, the share of an address too.
  const { changed, stale, refused } = byOne.merge.counts;
  for (const count of [changed, stale, refused]) assert.ok(count > 100 && count < 1000);
  assert.deepEqual(byBatch.store.totals(), byOne.store.totals());
});

function said({ infoHash, address, family, port, seeder, gone }: WireRecord): string {
  return `${infoHash} ${address.slice(0, family === 4 ? 1 : 4)} ${family} ${port} ${seeder} ${gone}`;
}
