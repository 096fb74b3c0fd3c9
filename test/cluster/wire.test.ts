// What is written in a message is read again; what is damaged, signed otherwise or of another version is told apart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRecord, type WireRecord } from '../../src/cluster/record-layout.ts';
import { RecordReader } from '../../src/cluster/record-reader.ts';
import { createSignature } from '../../src/cluster/signature.ts';
import { MessageKind, MessageWriter, openMessage, readText, sealMessage } from '../../src/cluster/wire.ts';

const sender = { node: 'amsterdam', incarnation: 0x1234_5678_9abc_def0n };
const signature = createSignature('a secret');
const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const records = fc.array(
  fc.record({
    infoHash: fc.tuple(word, word, word, word, word),
    address: fc.tuple(word, word, word, word),
    family: fc.constantFrom<4 | 6>(4, 6),
    port: fc.integer({ min: 1, max: 65_535 }),
    seeder: fc.boolean(),
    partial: fc.boolean(),
    counted: fc.boolean(),
    completed: fc.boolean(),
    gone: fc.boolean(),
    age: fc.integer({ min: 0, max: 4000 }),
  }),
  { maxLength: 40 },
);

function plain({ infoHash, address, ...rest }: WireRecord) {
  const used = rest.family === 4 ? 1 : 4;
  return { ...rest, infoHash: [...infoHash], address: [...address.slice(0, used)] };
}

function written(kind: MessageKind, write: (writer: MessageWriter) => void): Uint8Array {
  const writer = new MessageWriter(sender, 4096);
  writer.begin(kind, 7, 2);
  write(writer);
  const message = writer.end();
  sealMessage(message, 1500, signature);
  return message;
}

function opened(message: Uint8Array) {
  const found = openMessage(message, signature);
  assert.ok(typeof found === 'object', String(found));
  return found;
}

test('records of both families and totals are read as they were written', () => {
  fc.assert(
    fc.property(records, fc.array(fc.nat(0x0fffffff), { maxLength: 9 }), (given, totals) => {
      const expected: unknown[] = [];
      const message = written(MessageKind.news, (writer) => {
        for (const { infoHash, address, ...rest } of given) {
          const record = Object.assign(createRecord(), rest);
          record.infoHash.set(infoHash);
          record.address.set(address);
          writer.peer(record);
          expected.push(plain(record));
        }
        for (const downloaded of totals) {
          writer.total(Int32Array.of(downloaded, 2, 3, 4, -5), downloaded);
          expected.push([downloaded, 2, 3, 4, -5, downloaded]);
        }
      });
      const found = opened(message);
      assert.equal(found.records, expected.length);
      const reader = new RecordReader(found);
      const read: unknown[] = [];
      while (reader.next())
        read.push(
          reader.downloaded < 0 ? plain(reader.record) : [...reader.record.infoHash, reader.downloaded],
        );
      assert.deepEqual(read, expected);
    }),
  );
});

test('the head tells who said it, as how many-th, how long it waited and how long its ticks are', () => {
  const found = opened(written(MessageKind.note, (writer) => writer.text('{"a":"ä"}')));
  const { body, ...rest } = found;
  assert.deepEqual(rest, {
    ...sender,
    ...{ kind: MessageKind.note, number: 7, heldMs: 1500, sentAt: 0, secondsPerTick: 2, records: 0 },
  });
  assert.equal(readText(found), '{"a":"ä"}');
});

test('a peer takes 29 bytes with IPv4 and 41 with IPv6', () => {
  const bytes = (family: 4 | 6) =>
    opened(written(MessageKind.news, (writer) => writer.peer(Object.assign(createRecord(), { family })))).body
      .length;
  assert.deepEqual([bytes(4), bytes(6)], [29, 41]);
});

test('every changed byte and every cut is damage, or another secret where the name of the key is changed', () => {
  const message = written(MessageKind.news, (writer) => writer.peer(createRecord()));
  for (let at = 0; at < message.length; at++) {
    const changed = message.slice();
    changed[at] ^= 0x40;
    assert.equal(
      openMessage(changed, signature),
      at >= 6 && at < 10 ? 'otherSecret' : 'damaged',
      `byte ${at}`,
    );
    assert.equal(openMessage(message.subarray(0, at), signature), 'damaged', `cut at ${at}`);
  }
});

test('a message of another version and one that is signed with another secret are no damage', () => {
  const message = written(MessageKind.news, (writer) => writer.peer(createRecord()));
  assert.equal(openMessage(message, createSignature('another')), 'otherSecret');
  message[4] = 9;
  message.set(signature.sign(message.subarray(0, -16)), message.length - 16);
  assert.equal(openMessage(message, signature), 'otherVersion');
});

test('whatever bytes come are told from a message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(typeof openMessage(bytes, signature), 'string');
    }),
  );
});

test('a message that is full says so before a record too many', () => {
  const writer = new MessageWriter(sender, 200);
  writer.begin(MessageKind.news, 1, 1);
  let records = 0;
  for (; writer.hasRoom; records++) writer.peer(Object.assign(createRecord(), { family: 6 }));
  assert.ok(records >= 3, `${records}`);
  const message = writer.end();
  sealMessage(message, 0, signature);
  assert.equal(opened(message).records, records);
});
