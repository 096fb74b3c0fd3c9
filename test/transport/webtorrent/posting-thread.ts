// A thread of the mailboxes' own test: posts to all others, sleeps when there is nothing, and reads until it has everything.
import { workerData } from 'node:worker_threads';
import { Mailboxes } from '../../../src/transport/webtorrent/mailboxes.ts';

interface Data {
  buffer: SharedArrayBuffer;
  results: SharedArrayBuffer;
  own: number;
  threads: number;
  letters: number;
}

const { buffer, results, own, threads, letters } = workerData as Data;
const mailboxes = new Mailboxes(buffer, threads, own);
const { words, at } = mailboxes.signal;
const expected = new Int32Array(threads);
const next = new Int32Array(threads);
const bytes = new Uint8Array(600);
let read = 0;
let left = letters * (threads - 1);
while (left > 0 || read < letters * (threads - 1)) {
  const seen = Atomics.load(words, at);
  for (let other = 0; other < threads; other++) {
    for (let n = 0; other !== own && n < 100 && next[other] < letters; n++) {
      const length = (next[other] * 31) % bytes.length;
      bytes.fill(next[other], 0, length);
      if (!mailboxes.post(other, own, next[other], 0, 0, 0, bytes, 0, length)) break;
      next[other]++;
      left--;
    }
  }
  const before = read;
  mailboxes.read((letter) => {
    const { kind, place } = letter;
    if (place !== expected[kind]) throw new Error(`letter ${place} of ${kind} instead of ${expected[kind]}`);
    if (letter.end - letter.at !== (place * 31) % bytes.length) throw new Error('another length');
    for (let i = letter.at; i < letter.end; i++)
      if (letter.bytes[i] !== (place & 0xff)) throw new Error('another byte');
    expected[kind]++;
    read++;
  });
  // Long, so that a letter that wakes nobody is noticed.
  const waits = read === before && left === 0 && read < letters * (threads - 1);
  if (waits && Atomics.wait(words, at, seen, 20_000) === 'timed-out')
    throw new Error('nobody woke this thread');
}
new Int32Array(results)[own] = read;
