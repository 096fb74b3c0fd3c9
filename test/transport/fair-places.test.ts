import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairPlaces } from '../../src/transport/fair-places.ts';

test('while there are places nobody loses one', () => {
  const places = new FairPlaces<number>(2);
  assert.equal(places.take('a', 1), undefined);
  assert.equal(places.take('a', 2), undefined);
  assert.equal(places.taken, 2);
});

test('whoever has most loses the oldest, to itself and to others', () => {
  const places = new FairPlaces<number>(3);
  for (const holder of [1, 2, 3]) places.take('a', holder);
  assert.equal(places.take('b', 4), 1);
  assert.equal(places.take('a', 5), 2);
  assert.deepEqual(
    [...places],
    [
      ['a', 3],
      ['a', 5],
      ['b', 4],
    ],
  );
  assert.equal(places.taken, 3);
});

test('where all have one, a newcomer gets the place of who came first', () => {
  const places = new FairPlaces<number>(2);
  places.take('a', 1);
  places.take('b', 2);
  assert.equal(places.take('c', 3), 1);
});

test('a place is given back once, whoever took it back', () => {
  const places = new FairPlaces<number>(1);
  places.take('a', 1);
  assert.equal(places.take('b', 2), 1);
  assert.equal(places.giveBack('a', 1), false);
  assert.equal(places.giveBack('b', 2), true);
  assert.equal(places.taken, 0);
  assert.deepEqual([...places], []);
});
