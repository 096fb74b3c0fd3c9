// What is decided about torrents, as threads read it: for how long, how many, with which reasons, and what is asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, torrentDenied, undecided } from '../../src/protocol/failure.ts';
import { DecisionTable, mostDecided } from '../../src/tracker/decision-table.ts';

const ttl = 60;
const create = () => DecisionTable.create(ttl, Int32Array.of(1, 2));
const hashOf = (number: number) => Int32Array.of(number, 2, 3, 4, 5);

function askedOf(table: DecisionTable): number[] {
  const asked: number[] = [];
  table.takeAsked((infoHash, at) => asked.push(infoHash[at]));
  return asked;
}

test('a torrent that nobody has decided about is undecided, and asked for', () => {
  const table = create();
  assert.equal(table.failureOf(hashOf(0), 0, 100), undecided);
  assert.equal(table.failureOf(hashOf(7), 0, 100), undecided);
  assert.equal(table.lookUp(hashOf(8), 0, 100), 'unknown');
  assert.deepEqual(askedOf(table), [0, 7]);
  assert.deepEqual(askedOf(table), []);
});

test('another thread goes by a decision until its time is over, and asks anew in its last quarter', () => {
  const table = create();
  const other = new DecisionTable(table.buffer, ttl);
  table.decide(hashOf(1), 0, undefined, 100);
  table.decide(hashOf(2), 0, new Failure('pay first', 'not_allowed'), 100);
  assert.equal(other.failureOf(hashOf(1), 0, 145), undefined);
  assert.equal(other.failureOf(hashOf(2), 0, 145)!.message, 'pay first');
  assert.deepEqual(askedOf(table), []);
  assert.equal(other.failureOf(hashOf(1), 0, 146), undefined);
  assert.deepEqual(askedOf(table), [1]);
  assert.equal(other.failureOf(hashOf(1), 0, 160), undecided);
  table.decide(hashOf(1), 0, torrentDenied, 160);
  assert.equal(other.failureOf(hashOf(1), 0, 161)!.message, 'torrent not allowed');
});

test('there is room for so many; of more, those go whose time is over first', () => {
  const table = create();
  for (let number = 1; number <= 3 * mostDecided; number++)
    table.decide(hashOf(number), 0, undefined, number);
  const now = 3 * mostDecided;
  let known = 0;
  for (let number = 1; number <= now; number++) {
    if (table.lookUp(hashOf(number), 0, number) === undefined) known++;
  }
  assert.ok(known > mostDecided * 0.9 && known <= mostDecided, `${known}`);
  for (let number = now - 100; number <= now; number++)
    assert.equal(table.lookUp(hashOf(number), 0, number), undefined);
});

test('a flood of questions takes no more than its ring, and the next ones are heard again', () => {
  const table = create();
  for (let number = 1; number <= 5000; number++) table.failureOf(hashOf(number), 0, 100);
  const asked = askedOf(table);
  assert.ok(asked.length > 500 && asked.length < 1024, `${asked.length}`);
  assert.equal(asked[0], 1);
  table.failureOf(hashOf(9999), 0, 100);
  assert.deepEqual(askedOf(table), [9999]);
});

test('the reasons of the first decisions are told; of too many, the usual one', () => {
  const table = create();
  const other = new DecisionTable(table.buffer, ttl);
  for (let number = 1; number <= 100; number++)
    table.decide(hashOf(number), 0, new Failure(`reason ${number}`, 'not_allowed'), 100);
  assert.equal(other.failureOf(hashOf(1), 0, 101)!.message, 'reason 1');
  assert.equal(other.failureOf(hashOf(63), 0, 101)!.message, 'reason 63');
  assert.equal(other.failureOf(hashOf(100), 0, 101), torrentDenied);
  table.decide(hashOf(500), 0, new Failure('x'.repeat(1000), 'not_allowed'), 100);
  assert.equal(create().lookUp(hashOf(500), 0, 101), 'unknown');
});
