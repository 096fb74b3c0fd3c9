// The caps per address against a plain model, and who is handed to whom across scopes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { decodeIpWords, encodeIpWords, formatIp, parseIp } from '../../src/protocol/ip-address.ts';
import type { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { createStore, Visit } from './visit.ts';

class Client extends Visit {
  from(address: string, port: number): this {
    this.family = encodeIpWords(parseIp(address)!, this.address);
    this.port = port;
    return this;
  }

  given(): string[] {
    const found: string[] = [];
    let at = this.outAt;
    for (let i = 0; i < this.peers + this.ipv4Peers; i++) {
      const family = i < this.peers ? this.family : 4;
      const units = family === 4 ? 2 : 8;
      const words = new Int32Array(this.out.slice(at, at + units).buffer);
      const port = ((this.out[at + units] & 0xff) << 8) | (this.out[at + units] >>> 8);
      found.push(`${formatIp(decodeIpWords(words, 0, family))} ${port}`);
      at += units + 1;
    }
    return found;
  }
}

function announce(store: SwarmStore, address: string, port: number, now = 1, want = 2000): Client {
  const client = new Client().setSwarm(1).from(address, port);
  assert.ok(store.announce(client, want, now));
  return client;
}

/** With or without enough other peers to make the swarm a large one. */
for (const others of [0, 1000]) {
  const crowd = (store: SwarmStore) => {
    for (let n = 0; n < others; n++) announce(store, `11.${n >> 8}.${n & 255}.1`, 6881, 1, 0);
    for (let n = 0; n < others; n++) announce(store, `2a00:${n.toString(16)}::1`, 6881, 1, 0);
  };

  test(`a fifth port of an address replaces the one seen longest ago (${others} others)`, () => {
    const store = createStore();
    crowd(store);
    for (const [i, port] of [1001, 1002, 1003, 1004].entries()) announce(store, '90.1.2.3', port, 10 + i);
    announce(store, '90.1.2.3', 1001, 20);
    const fifth = announce(store, '90.1.2.3', 1005, 21);
    assert.equal(fifth.incomplete, 4 + 2 * others);
    const ports = announce(store, '90.1.2.4', 1, 22)
      .given()
      .filter((peer) => peer.startsWith('90.1.2.3 '));
    assert.deepEqual(
      ports.sort(),
      [1001, 1003, 1004, 1005].map((port) => `90.1.2.3 ${port}`),
    );
    assert.equal(store.totals().leechers4, 5 + others);
  });

  test(`leechers and seeders of an address count together (${others} others)`, () => {
    const store = createStore();
    crowd(store);
    for (let i = 0; i < 6; i++) {
      const client = new Client().setSwarm(1).from('90.1.2.3', 1000 + i);
      client.seeding = i % 2 === 0;
      store.announce(client, 0, 10 + i);
    }
    const { leechers4, seeders4 } = store.totals();
    assert.deepEqual([leechers4 - others, seeders4], [2, 2]);
  });

  test(`an IPv6 /64 is at most 16 peers, each address of it at most 4 (${others} others)`, () => {
    const store = createStore();
    crowd(store);
    for (let i = 0; i < 6; i++) announce(store, '2a02:f::1:1', 1000 + i, 10 + i);
    assert.equal(store.totals().leechers6, 4 + others);
    for (let i = 0; i < 40; i++) announce(store, `2a02:f::2:${i.toString(16)}`, 1000, 20 + i);
    assert.equal(store.totals().leechers6, 16 + others);
    announce(store, '2a02:f:0:1::1', 1000, 70);
    assert.equal(store.totals().leechers6, 17 + others);
    const subscriber = announce(store, '2a01::1', 1, 71)
      .given()
      .filter((peer) => peer.startsWith('2a02:f::'));
    assert.equal(subscriber.length, 16);
    for (const peer of subscriber) assert.ok(Number.parseInt(peer.split(':').at(-1)!, 16) >= 24, peer);
  });

  test(`private and loopback addresses have no caps (${others} others)`, () => {
    const store = createStore();
    crowd(store);
    for (let port = 1; port <= 600; port++) {
      for (const address of ['127.0.0.1', '192.168.1.1', '::1', 'fd00::1'])
        announce(store, address, port, 1, 0);
    }
    assert.equal(store.totals().leechers4, 1200 + others);
    assert.equal(store.totals().leechers6, 1200 + others);
  });

  test(`peers in a scope of their own are handed only to requesters of it (${others} others)`, () => {
    const store = createStore();
    crowd(store);
    const scopes = {
      public: ['90.1.2.3', '91.1.2.3'],
      private: ['10.0.0.1', '192.168.1.1', '100.64.0.1', '169.254.1.1'],
      loopback: ['127.0.0.1', '127.9.9.9'],
      bogon: ['192.0.0.1', '224.0.0.1'],
    };
    for (const addresses of Object.values(scopes)) {
      for (const address of addresses) announce(store, address, 7777, 1, 0);
    }
    const mine = (peers: string[]) => peers.filter((peer) => peer.endsWith(' 7777')).sort();
    for (const addresses of Object.values(scopes)) {
      const expected = [...new Set([...scopes.public, ...addresses])].filter(
        (address) => address !== addresses[0],
      );
      const { given, peers } = bind(announce(store, addresses[0], 7777, 2));
      assert.deepEqual(mine(given), expected.map((address) => `${address} 7777`).sort());
      assert.equal(peers, others + expected.length);
      assert.equal(new Set(given).size, given.length, 'a peer is handed out twice');
    }
  });
}

function bind(client: Client): { given: string[]; peers: number } {
  return { given: client.given(), peers: client.peers };
}

test('a swarm of one scope hands nothing to another, and everything to its own', () => {
  const store = createStore();
  for (let n = 0; n < 300; n++) announce(store, `10.0.${n >> 8}.${n & 255}`, 6881, 1, 0);
  const outsider = new Client().setSwarm(1).from('90.1.2.3', 1);
  assert.ok(store.announce(outsider, 50, 1));
  assert.deepEqual(outsider.given(), []);
  assert.equal(announce(store, '10.1.0.1', 1, 1, 50).peers, 50);
  outsider.event = Event.stopped;
  assert.ok(store.announce(outsider, 50, 1));
  assert.equal(announce(store, '10.1.0.2', 1, 1, 50).peers, 50);
});

test('an IPv6 client of a mixed swarm is filled up with IPv4 peers of its scope', () => {
  const store = createStore();
  for (const address of ['10.0.0.1', '90.0.0.1', 'fd00::1', '2a00::1', '127.0.0.1'])
    announce(store, address, 6881);
  const client = new Client().setSwarm(1).from('2a00::2', 6881);
  client.fillWithIpv4 = true;
  store.announce(client, 50, 1);
  assert.deepEqual(client.given(), ['2a00::1 6881', '90.0.0.1 6881']);
  client.from('fd00::2', 6881);
  store.announce(client, 50, 1);
  assert.deepEqual(client.given().sort(), [
    '10.0.0.1 6881',
    '2a00::1 6881',
    '2a00::2 6881',
    '90.0.0.1 6881',
    'fd00::1 6881',
  ]);
});

test('who asks in a mixed swarm is given seeders and leechers, evenly chosen, and a seeder only leechers', () => {
  const store = createStore();
  const client = new Client().setSwarm(1);
  for (let n = 0; n < 2000; n++) {
    client.from(n % 2 ? `10.0.${n >> 8}.${n & 255}` : `90.0.${n >> 8}.${n & 255}`, 6881).seeding = n % 4 > 1;
    store.announce(client, 0, 1);
  }
  const chosen = new Map<string, number>();
  for (let round = 0; round < 400; round++) {
    client.from('95.0.0.1', 6881).seeding = false;
    store.announce(client, 50, 1);
    assert.equal(client.peers, 50);
    for (const peer of client.given()) chosen.set(peer, (chosen.get(peer) ?? 0) + 1);
  }
  assert.ok(chosen.size > 990, `${chosen.size} of 1000 were chosen`);
  assert.ok(Math.max(...chosen.values()) < 100);
  client.seeding = true;
  store.announce(client, 50, 1);
  assert.equal(client.peers, 50);
  for (const peer of client.given()) {
    const [, , high, low] = peer.split(' ')[0].split('.').map(Number);
    assert.equal((high * 256 + low) % 4, 0, `${peer} is a seeder`);
  }
});

for (const [locals, publics, want, seeding] of [
  [100, 200, 199, 'of both roles'],
  [100, 200, 199, 'that all seed while the others do not'],
  [300, 300, 200, 'that all leech while the others seed'],
  [5000, 51, 50, 'of both roles'],
  [5000, 51, 50, 'that all seed while the others do not'],
  [5000, 51, 50, 'that all leech while the others seed'],
] as const) {
  test(`a public client is given ${want} of ${publics} public peers ${seeding} among ${locals} of a LAN`, () => {
    const store = createStore();
    const client = new Client().setSwarm(1);
    const seeds = (isPublic: boolean, n: number) =>
      seeding === 'of both roles'
        ? n % 3 === 0
        : isPublic === (seeding === 'that all seed while the others do not');
    for (let n = 0; n < locals; n++) {
      client.from(`10.0.${n >> 8}.${n & 255}`, 6881).seeding = seeds(false, n);
      store.announce(client, 0, 1);
    }
    for (let n = 0; n < publics; n++) {
      client.from(`90.0.${n >> 8}.${n & 255}`, 6881).seeding = seeds(true, n);
      store.announce(client, 0, 1);
    }
    for (let round = 0; round < 50; round++) {
      client.from('95.0.0.1', 6881).seeding = false;
      store.announce(client, want, 1);
      assert.equal(client.peers, want);
      assert.equal(new Set(client.given()).size, want, 'a peer is handed out twice');
      client.event = Event.stopped;
      store.announce(client, 0, 1);
      client.event = Event.none;
    }
  });
}

test('a public address that announces early is given ten peers, a private one as many as it wants', () => {
  const store = createStore();
  store.limitEarly(60, 10);
  for (let n = 0; n < 50; n++) {
    announce(store, `90.0.0.${n}`, 6881);
    announce(store, `10.0.0.${n}`, 6881);
  }
  announce(store, '91.0.0.1', 6881, 100, 30);
  const early = announce(store, '91.0.0.1', 6881, 159, 30);
  assert.deepEqual([early.peers, early.early, early.incomplete], [10, true, 101]);
  const inTime = announce(store, '91.0.0.1', 6881, 159 + 60, 30);
  assert.deepEqual([inTime.peers, inTime.early], [30, false]);
  const local = announce(store, '10.0.0.1', 6881, 2, 30);
  assert.deepEqual([local.peers, local.early], [30, false]);
});
