// Checks the counts of connections that all threads share: by address, in all, by thread, and after a thread has failed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionTable, nobody, nowhere } from '../../../src/transport/http/connection-table.ts';

const create = (threads = 3) => ConnectionTable.create(threads, 100, new Int32Array([7, 11]));
const ip4 = (last: number) => Int32Array.of((last << 24) | 0x7100cb);
const ip6 = (net: number, host: number) => Int32Array.of(0x20010db8, net, host, host);

test('an address has as many connections as were added less those removed, seen from every thread', () => {
  const table = create();
  const other = new ConnectionTable(table.buffer);
  const place = table.placeOf(4, ip4(1));
  for (let i = 0; i < 5; i++) table.add(place);
  other.remove(other.placeOf(4, ip4(1)));
  assert.deepEqual([other.countAt(place), other.open], [4, 4]);
  assert.equal(table.countAt(table.placeOf(4, ip4(2))), 0);
  table.add(nowhere);
  assert.deepEqual([table.countAt(place), table.open], [4, 5]);
});

test('one IPv6 /64 counts as one address', () => {
  const table = create();
  assert.equal(table.placeOf(6, ip6(1, 2)), table.placeOf(6, ip6(1, 9)));
  assert.notEqual(table.placeOf(6, ip6(1, 2)), table.placeOf(6, ip6(2, 2)));
});

test('of 20,000 addresses with one connection each none counts more than a few', () => {
  const table = create();
  const places = Array.from({ length: 20_000 }, (_, i) => table.placeOf(4, Int32Array.of(i * 2_654_435)));
  for (const place of places) table.add(place);
  assert.ok(Math.max(...places.map((place) => table.countAt(place))) < 16);
  for (const place of places) table.remove(place);
  assert.deepEqual([table.open, ...new Set(places.map((place) => table.countAt(place)))], [0, 0]);
});

test('what a failed thread held is counted out, and only that', () => {
  const table = create();
  const place = table.placeOf(4, ip4(1));
  for (const [thread, descriptor] of [
    [0, 10],
    [1, 11],
    [1, 12],
  ] as const) {
    table.add(place);
    table.own(thread, descriptor, place);
  }
  table.disown(12);
  table.remove(place);
  assert.deepEqual(table.abandon(1), [11]);
  assert.deepEqual([table.open, table.countAt(place), table.abandon(1)], [1, 1, []]);
});

test('the thread with the connection silent longest is found, and asked once for each', () => {
  const table = create();
  assert.equal(table.threadWithOldest(), nobody);
  table.setOldest(0, 20);
  table.setOldest(2, 10);
  assert.equal(table.threadWithOldest(), 2);
  assert.deepEqual([table.threadWithOldest(10), table.threadWithOldest(9)], [2, nobody]);
  table.askToShed(2);
  table.askToShed(2);
  assert.deepEqual([table.takeShedRequests(2), table.takeShedRequests(2)], [2, 0]);
  table.setOldest(2, undefined);
  assert.equal(table.threadWithOldest(), 0);
});

test('a connection of node:net whose descriptor is another one already is counted out once', () => {
  const table = create();
  const other = new ConnectionTable(table.buffer);
  const [first, second] = [table.placeOf(4, ip4(1)), table.placeOf(4, ip4(2))];
  const open = (of: ConnectionTable, thread: number, place: number) => {
    of.add(place);
    return of.claim(thread, 10, place);
  };
  const early = open(table, 0, first);
  const later = open(table, 0, second);
  assert.deepEqual([table.open, table.countAt(first), table.countAt(second)], [1, 0, 1]);
  table.release(10, early, first);
  assert.equal(table.open, 1, 'it was counted out when the second one got its descriptor');
  const elsewhere = open(other, 1, first);
  table.release(10, later, second);
  assert.deepEqual([table.open, table.countAt(first), table.countAt(second)], [1, 1, 0]);
  other.release(10, elsewhere, first);
  other.release(10, elsewhere, first);
  assert.equal(table.open, 0);
});

test('what a failed thread of node:net held is counted out, but for what others have by now', () => {
  const table = create();
  const place = table.placeOf(4, ip4(1));
  for (const descriptor of [10, 11]) {
    table.add(place);
    table.claim(1, descriptor, place);
  }
  table.add(place);
  table.own(0, 11, place);
  assert.deepEqual(table.abandon(1), [10]);
  assert.deepEqual([table.open, table.countAt(place)], [1, 1]);
});
