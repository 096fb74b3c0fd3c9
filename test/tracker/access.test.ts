// Who may announce what: lists of torrents, clients and networks, against plain sets, and what the tracker says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../src/protocol/cidr.ts';
import {
  addressDenied,
  clientDenied,
  torrentDenied,
  torrentUnregistered,
} from '../../src/protocol/failure.ts';
import { encodeIpWords, parseIp } from '../../src/protocol/ip-address.ts';
import type { AccessMemory } from '../../src/tracker/access.ts';
import { AddressList } from '../../src/tracker/address-list.ts';
import { Announce } from '../../src/tracker/announce.ts';
import { ClientList } from '../../src/tracker/client-list.ts';
import { InfoHashList } from '../../src/tracker/info-hash-list.ts';
import { Protection } from '../../src/tracker/protection.ts';
import { Tracker } from '../../src/tracker/tracker.ts';
import { createStore } from '../swarm/visit.ts';
import { contractSettings } from '../transport/contract.ts';

const hashKey = Int32Array.of(1, 2);

function hashOf(n: number): Int32Array {
  return Int32Array.of(0, n, n ^ 0x5bd1e995, 0, -n, 7);
}

function listOf(...numbers: number[]): InfoHashList {
  const list = InfoHashList.create(numbers.length, hashKey);
  for (const n of numbers) list.add(hashOf(n), 1);
  return list;
}

test('a list of a hundred thousand info_hashes has these and no others, in another thread too', () => {
  const count = 100_000;
  const list = InfoHashList.create(count, hashKey);
  for (let n = 0; n < count; n++) list.add(hashOf(2 * n), 1);
  list.add(hashOf(0), 1);
  assert.equal(list.count, count);
  const other = new InfoHashList(list.buffer);
  for (let n = 0; n < 2 * count; n++) assert.equal(other.has(hashOf(n), 1), n % 2 === 0, `info_hash ${n}`);
});

test('an empty list of info_hashes has none', () => {
  assert.equal(InfoHashList.create(0, hashKey).has(hashOf(0), 1), false);
});

test('addresses are found in the networks of a list and nowhere else', () => {
  const texts = [
    '90.0.0.0/24',
    '90.0.0.128/25',
    '91.2.3.4',
    '192.0.2.0/31',
    '2a00:1::/32',
    '2a00:1:2::/48',
    '2a01::5',
  ];
  const list = AddressList.create(texts.map((text) => parseCidr(text)!));
  assert.equal(list.count, 5);
  const has = (text: string) => {
    const words = new Int32Array(5);
    const family = encodeIpWords(parseIp(text)!, words, 1);
    return new AddressList(list.buffer).has(family, words, 1);
  };
  for (const text of [
    '90.0.0.0',
    '90.0.0.255',
    '91.2.3.4',
    '192.0.2.0',
    '192.0.2.1',
    '2a00:1::',
    '2a00:1:ffff:ffff::ffff',
    '2a01::5',
  ])
    assert.equal(has(text), true, text);
  for (const text of [
    '89.255.255.255',
    '90.0.1.0',
    '91.2.3.3',
    '91.2.3.5',
    '192.0.2.2',
    '0.0.0.0',
    '255.255.255.255',
    '2a00::',
    '2a00:2::',
    '2a01::4',
    '2a01::6',
    '::1',
  ])
    assert.equal(has(text), false, text);
});

test('a network of everything denies everything of its family', () => {
  const list = AddressList.create([parseCidr('0.0.0.0/0')!]);
  assert.ok(list.has(4, Int32Array.of(-1), 0));
  assert.ok(list.has(4, Int32Array.of(0), 0));
  assert.ok(!list.has(6, new Int32Array(4), 0));
});

test('clients are told by the beginnings of their peer_ids', () => {
  const list = new ClientList(['-XL', 'A', '-qB5140-abcdefghijkl']);
  const has = (peerId: string) =>
    list.has(new Int32Array(Uint8Array.from(Buffer.from(peerId.padEnd(20))).buffer), 0);
  for (const peerId of ['-XL0012-', '-XL', 'A', 'Azureus', '-qB5140-abcdefghijkl'])
    assert.ok(has(peerId), peerId);
  for (const peerId of ['', '-X', '-Xl', 'B', '-qB5140-abcdefghijkm', '-qB5140-abcdefghijk'])
    assert.ok(!has(peerId), peerId);
});

const noRules: AccessMemory = {
  allowedTorrents: undefined,
  deniedTorrents: undefined,
  deniedAddresses: undefined,
  allowedClients: [],
  deniedClients: [],
};

function createTracker(rules: Partial<AccessMemory>): Tracker {
  const access = { ...noRules, ...rules };
  return new Tracker(
    createStore(),
    contractSettings,
    new Protection({ udp: undefined, http: undefined, access }),
  );
}

function announceOf(n: number, peerId = '-qB5140-000000000000', address = '90.0.0.1'): Announce {
  const announce = new Announce();
  announce.infoHash = hashOf(n);
  announce.infoHashAt = 1;
  announce.peerId = new Int32Array(Uint8Array.from(Buffer.from(peerId)).buffer);
  announce.family = encodeIpWords(parseIp(address)!, announce.address);
  announce.port = 6881;
  announce.out = new Uint16Array(1000);
  return announce;
}

test('only torrents on the allow list and not on the deny list may be announced and are shown', () => {
  const tracker = createTracker({
    allowedTorrents: listOf(1, 2, 3).buffer,
    deniedTorrents: listOf(2, 4).buffer,
  });
  assert.equal(tracker.announce(announceOf(1), 1), undefined);
  assert.equal(tracker.announce(announceOf(2), 1), torrentDenied);
  assert.equal(tracker.announce(announceOf(4), 1), torrentDenied);
  assert.equal(tracker.announce(announceOf(5), 1), torrentUnregistered);
  assert.equal([...tracker.scrapeAll()].filter(Boolean).length, 1);
});

test('a torrent that is denied while it has peers is shown no more, and is back when it is allowed again', () => {
  const tracker = createTracker({});
  tracker.announce(announceOf(1), 1);
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  const shown = () => {
    tracker.scrape(hashOf(1), 1, counts);
    return [counts.incomplete, [...tracker.scrapeAll()].filter(Boolean).length];
  };
  assert.deepEqual(shown(), [1, 1]);
  tracker.protection.setAccess({ ...noRules, deniedTorrents: listOf(1).buffer });
  assert.equal(tracker.announce(announceOf(1), 1), torrentDenied);
  assert.deepEqual(shown(), [0, 0]);
  tracker.protection.setAccess(undefined);
  assert.deepEqual(shown(), [1, 1]);
});

test('clients and addresses are refused as the rules say', () => {
  const tracker = createTracker({
    allowedClients: ['-qB', '-TR'],
    deniedClients: ['-TR1'],
    deniedAddresses: AddressList.create([parseCidr('91.0.0.0/8')!]).buffer,
  });
  assert.equal(tracker.announce(announceOf(1), 1), undefined);
  assert.equal(tracker.announce(announceOf(1, '-TR1000-000000000000'), 1), clientDenied);
  assert.equal(tracker.announce(announceOf(1, '-TR2000-000000000000'), 1), undefined);
  assert.equal(tracker.announce(announceOf(1, '-UT2000-000000000000'), 1), clientDenied);
  assert.equal(tracker.announce(announceOf(1, undefined, '91.1.1.1'), 1), addressDenied);
});
