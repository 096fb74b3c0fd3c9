// Letters between threads: whole, in order, none twice, and no more than there is room for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Mailboxes } from '../../../src/transport/webtorrent/mailboxes.ts';

test('letters of every length arrive whole and in order, round after round', () => {
  const buffer = Mailboxes.create(2);
  let woken = 0;
  const sender = new Mailboxes(buffer, 2, 0, () => woken++);
  const receiver = new Mailboxes(buffer, 2, 1);
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i * 7);
  let posted = 0;
  let read = 0;
  let rounds = 0;
  while (posted < 5000) {
    for (let n = 0, room = true; n < 50 && room; n++) {
      const length = (posted * 7919) % 9000;
      room = sender.post(1, 3, posted, 7 - posted, posted * 2, posted * 3, bytes, 5, 5 + length);
      if (room) posted++;
    }
    receiver.read((letter) => {
      const expected = (read * 7919) % 9000;
      assert.deepEqual(
        [letter.kind, letter.place, letter.generation, letter.low, letter.high, letter.end - letter.at],
        [3, read, 7 - read, read * 2, read * 3, expected === letter.end - letter.at ? expected : -1],
      );
      assert.equal(letter.bytes[letter.at], expected === 0 ? letter.bytes[letter.at] : bytes[5]);
      assert.equal(
        Buffer.compare(letter.bytes.slice(letter.at, letter.end), bytes.subarray(5, 5 + expected)),
        0,
      );
      read++;
    });
    rounds++;
  }
  assert.equal(read, posted);
  assert.ok(woken <= rounds * 2);
});

test('the numbers of connections stay what a record and a letter can hold, after 2^31 of them too', () => {
  const buffer = Mailboxes.create(2);
  // As many connections have been.
  new Int32Array(buffer)[0] = 2 ** 31 - 3;
  const [one, other] = [new Mailboxes(buffer, 2, 0), new Mailboxes(buffer, 2, 1)];
  const numbers = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? one : other).nextGeneration());
  assert.deepEqual([...Int32Array.from(numbers)], numbers);
  assert.equal(new Set(numbers).size, 6);
});

test('a full ring takes no more, counts it, and goes on when it was read', () => {
  const buffer = Mailboxes.create(2);
  const sender = new Mailboxes(buffer, 2, 0);
  const receiver = new Mailboxes(buffer, 2, 1);
  const bytes = new Uint8Array(8192);
  let taken = 0;
  while (sender.post(1, 0, 0, 0, 0, 0, bytes, 0, bytes.length)) taken++;
  assert.ok(taken > 50 && taken < 128, `${taken}`);
  assert.equal(sender.dropped, 1);
  // The other direction is another ring.
  assert.ok(receiver.post(0, 0, 0, 0, 0, 0, bytes, 0, bytes.length));
  let read = 0;
  receiver.read(() => read++);
  assert.equal(read, taken);
  assert.ok(sender.post(1, 0, 0, 0, 0, 0, bytes, 0, bytes.length));
});

test('a letter whose reader throws is not met again', () => {
  const buffer = Mailboxes.create(2);
  const sender = new Mailboxes(buffer, 2, 0);
  const receiver = new Mailboxes(buffer, 2, 1);
  for (const kind of [1, 2]) sender.post(1, kind, 0, 0, 0, 0, new Uint8Array(0), 0, 0);
  const seen: number[] = [];
  const take = ({ kind }: { kind: number }) => {
    seen.push(kind);
    if (kind === 1) throw new Error('a defect');
  };
  assert.throws(() => receiver.read(take));
  receiver.read(take);
  assert.deepEqual(seen, [1, 2]);
});

test('three threads post to each other at once: every letter arrives, and its sender hears of it', async () => {
  const buffer = Mailboxes.create(3);
  const results = new SharedArrayBuffer(3 * 4);
  const program = new URL('./posting-thread.js', import.meta.url);
  await Promise.all(
    [0, 1, 2].map(
      (own) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(program, {
            workerData: { buffer, results, own, threads: 3, letters: 20_000 },
          });
          worker.on('error', reject);
          worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))));
        }),
    ),
  );
  assert.deepEqual([...new Int32Array(results)], [40_000, 40_000, 40_000]);
});
