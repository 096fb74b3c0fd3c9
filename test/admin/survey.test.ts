// The background survey and its tallies, over slices made up here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientTally, nameOfPeerId } from '../../src/admin/measures/client-software.ts';
import {
  formatNetwork4,
  formatNetwork6,
  NetworkTally,
  network24,
  network48,
} from '../../src/admin/measures/network-tally.ts';
import { parseInfoHash, Survey } from '../../src/admin/measures/survey.ts';
import type { PeerSlice, PeerWalk } from '../../src/admin/observed-tracker.ts';
import { parseIp } from '../../src/protocol/ip-address.ts';
import { realPeerIds } from './real-peer-ids.ts';

function wordsOf(bytes: Uint8Array | string): Int32Array {
  const whole = Buffer.alloc(20);
  whole.set(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return new Int32Array(new Uint8Array(whole).buffer);
}

const clients: [peerId: string, name: string][] = [
  ['-qB5140-abcdefghijkl', 'qBittorrent 5.1.4'],
  ['-TR3000-abcdefghijkl', 'Transmission 3.00'],
  ['-TR2940-abcdefghijkl', 'Transmission 2.94'],
  ['-DE203s-abcdefghijkl', 'Deluge 2.0.3'],
  ['-DE13F0-abcdefghijkl', 'Deluge 1.3.15'],
  ['-LT20B0-abcdefghijkl', 'libtorrent 2.0.11'],
  ['-WW0202-abcdefghijkl', 'WebTorrent 2.2'],
  ['-TR4050-abcdefghijkl', 'Transmission 4.0.5'],
  ['-lt0D80-abcdefghijkl', 'rTorrent 0.13.8'],
  ['-??1234-abcdefghijkl', 'Other'],
  ['-zz9\x1b\x009-abcdefghijkl', '-zz- 9.?.?.9'],
  ['M7-11-0--abcdefghijk', 'Other'],
  ['M7-9-2--abcdefghijkl', 'BitTorrent (mainline)'],
  ['A2-1-37-0-abcdefghij', 'aria2'],
  ['aaaaaaaaaaaaaaaaaaaa', 'Other'],
];
for (const [peerId, name] of clients) {
  test(`the peer_id ${JSON.stringify(peerId)} is of ${name}`, () => {
    const words = wordsOf(peerId);
    const expected = name === 'Other' && peerId.startsWith('M7') ? 'BitTorrent (mainline)' : name;
    assert.equal(nameOfPeerId(words[0], words[1]), expected);
  });
}

for (const { software, peerId, name } of realPeerIds) {
  test(`the peer_id of ${software} is of ${name}`, () => {
    assert.equal(peerId.length, 20);
    const words = wordsOf(peerId);
    assert.equal(nameOfPeerId(words[0], words[1]), name);
    const tally = new ClientTally();
    tally.add(words[0], words[1]);
    const [{ name: listed, versions }] = tally.list(1, 1);
    assert.equal([listed, ...versions.map(({ version }) => version)].join(' '), name);
  });
}

test('client software is counted by client and by version, and the lists are bounded whatever peers send', () => {
  const tally = new ClientTally();
  for (let n = 0; n < 20_000; n++) {
    const words = wordsOf(`-qB${String(n % 10_000).padStart(4, '0')}-xxxxxxxxxxxx`);
    tally.add(words[0], words[1]);
  }
  const [first, ...others] = tally.list(10, 5);
  assert.deepEqual([first.name, first.peers, others.length], ['qBittorrent', 20_000, 0]);
  assert.equal(first.versions.length, 5);
  assert.ok(first.versions.every(({ peers }) => peers >= 1 && peers <= 2));
});

test('networks are formatted as they were read', () => {
  assert.equal(formatNetwork4(network24(wordsOf(parseIp('203.0.113.77')!)[0]), 24), '203.0.113.0/24');
  assert.equal(formatNetwork4(network24(wordsOf(parseIp('203.0.113.77')!)[0]), 16), '203.0.0.0/16');
  const ipv6 = wordsOf(parseIp('2001:db8:fedc:1234::1')!);
  assert.equal(formatNetwork6(network48(ipv6[0], ipv6[1]), 48), '2001:db8:fedc::/48');
  assert.equal(formatNetwork6(network48(ipv6[0], ipv6[1]), 32), '2001:db8::/32');
});

test('a busy network is found among more networks than there is room for', () => {
  const tally = new NetworkTally();
  for (let n = 0; n < 300_000; n++) {
    tally.add(n % 10 === 0 ? 42 : (1000 + n) * 2 ** 20);
  }
  const [network, peers] = tally.top(1)[0];
  assert.equal(network, 42);
  assert.ok(peers <= 30_000 && peers + tally.error >= 30_000, `${peers} and at most ${tally.error} more`);
});

/** A walk over swarms of the given sizes, one a slice. */
function walkOver(sizes: readonly number[]): PeerWalk {
  let next = 0;
  return {
    read: (slice) => {
      const size = sizes[next];
      slice.swarmCount = 1;
      slice.swarms.set([next + 1, 0, 0, 0, 0, Math.floor(size / 2), Math.ceil(size / 2), 7, 1]);
      slice.peerCount = size;
      const id = wordsOf('-TR4050-abcdefghijkl');
      for (let i = 0; i < size; i++) {
        slice.peers.set([4, wordsOf(Uint8Array.of(10, 0, i & 0xff, 1))[0], 0, 0, 0, id[0], id[1]], i * 7);
      }
      next = (next + 1) % sizes.length;
      return next === 0;
    },
    readSwarm: () => false,
  };
}

function createSlice(): PeerSlice {
  return {
    ...{ swarms: new Int32Array(9), swarmCount: 0, peers: new Int32Array(7 * 1000), peerCount: 0 },
    ...{ connectionSeeders: 0, connectionLeechers: 0 },
  };
}

test('a survey lists the largest swarms first, sizes, clients and networks, and says when', () => {
  let now = 1000;
  const survey = new Survey({
    walk: walkOver([1, 3, 200, 1, 60]),
    slice: createSlice(),
    totals: () => ({ swarms: 5, peers: 265 }),
    now: () => now,
    budgetMs: 1000,
    onException: (error) => assert.fail(error as Error),
  });
  survey.wake();
  const result = survey.result!;
  assert.deepEqual([result.swarms, result.peers, result.completedAtMs], [5, 265, 1000]);
  assert.deepEqual(
    result.topSwarms.map(({ infoHash, complete, incomplete }) => [
      infoHash.slice(0, 2),
      complete + incomplete,
    ]),
    [
      ['03', 200],
      ['05', 60],
      ['02', 3],
      ['01', 1],
      ['04', 1],
    ],
  );
  assert.deepEqual(result.sizes, [2, 1, 0, 0, 1, 1, 0, 0, 0]);
  assert.deepEqual(result.clients[0].versions, [{ version: '4.0.5', peers: 265 }]);
  assert.equal(result.networks4[0][1], 5, 'every swarm has a peer in 10.0.0.0/24');
  survey.wake();
  assert.equal(survey.result, result, 'the next round begins later');
  now += 5000;
  survey.wake();
  assert.notEqual(survey.result, result);
});

test('of many peers a survey takes a sample, and scales what it met to what there is', () => {
  const totals = { swarms: 1_000_000, peers: 3_000_000 };
  const asked: number[] = [];
  const { read, readSwarm } = walkOver([10, 40]);
  const survey = new Survey({
    walk: {
      read: (slice, every) => {
        asked.push(every);
        const done = read(slice, every);
        // The second swarm is a large one.
        slice.swarms[8] = done ? 1 : every;
        return done;
      },
      readSwarm,
    },
    slice: createSlice(),
    totals: () => totals,
    now: () => 1000,
    budgetMs: 1000,
    onException: (error) => assert.fail(error as Error),
  });
  survey.wake();
  assert.deepEqual(asked, [10, 10]);
  const { sampledEvery, swarms, peers, sizes, clients, networks4, topSwarms } = survey.result!;
  assert.deepEqual({ sampledEvery, swarms, peers }, { sampledEvery: 10, ...totals });
  assert.deepEqual(
    sizes.slice(0, 5),
    [0, 0, 0, 1_000_000, 0],
    'one that was met, and one for all the others',
  );
  // 50 peers, two of them in 10.0.0.0/24.
  assert.deepEqual([clients[0].peers, clients[0].versions[0].peers], [3_000_000, 3_000_000]);
  assert.equal(networks4[0][1], 120_000);
  assert.deepEqual(
    topSwarms.map(({ complete, incomplete }) => complete + incomplete),
    [40, 10],
  );
});

test('a survey goes on where its budget ended', () => {
  let slices = 0;
  const survey = new Survey({
    walk: { read: () => ++slices === 40, readSwarm: () => false },
    slice: createSlice(),
    totals: () => ({ swarms: 0, peers: 0 }),
    now: () => 0,
    budgetMs: 0,
    onException: (error) => assert.fail(error as Error),
  });
  for (let wake = 1; wake <= 40; wake++) {
    assert.equal(survey.result, undefined);
    survey.wake();
    assert.equal(slices, wake);
  }
  assert.ok(survey.result);
});

test('an info_hash is 40 hexadecimal digits, nothing else', () => {
  assert.equal(parseInfoHash('0123456789abcdef0123456789ABCDEF01234567')![0], 0x67452301);
  for (const text of ['', '0123', `${'0'.repeat(39)}g`, `${'0'.repeat(41)}`]) {
    assert.equal(parseInfoHash(text), undefined, text);
  }
});
