// What every transport must do, whatever its packets look like: one suite, run over each.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { SwarmStore } from '../../src/swarm/swarm-store.ts';
import { Tracker, type TrackerSettings } from '../../src/tracker/tracker.ts';

export interface ContractAnnounce {
  /** 20 bytes. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  port: number;
  left: number;
  event: Event;
  /** Negative: as many as the tracker likes. */
  numwant: number;
}

export interface ContractReply {
  complete: number;
  incomplete: number;
  interval: number;
  /** `address:port` or `[address]:port` of each peer, as sent. */
  peers: string[];
}

export interface ContractCounts {
  complete: number;
  downloaded: number;
  incomplete: number;
}

/** A client of one started transport, always at the same address. Refusals reject with an Error of the reason. */
export interface TransportDriver {
  /** The client's address, as it stands in peers, up to the port: `127.0.0.1:` or `[::1]:`. */
  readonly addressPrefix: string;
  announce(question: ContractAnnounce): Promise<ContractReply>;
  /** In the order of the info_hashes; those left out are undefined, or missing at the end. */
  scrape(infoHashes: readonly Uint8Array[]): Promise<(ContractCounts | undefined)[]>;
  close(): Promise<void>;
}

export const contractSettings: TrackerSettings = {
  interval: 1800,
  minInterval: 60,
  maxPeers: 20,
  maxScrapeHashes: 5,
  fullScrape: false,
  trackerId: 'Wildkat',
  ipv4Mapped: true,
  refusedPorts: [],
};

export function createContractStore(): SwarmStore {
  const options = { memoryLimit: 16 << 20, hashKey: new Int32Array([1, 2, 3, 4]), peerTtl: 3600 };
  return SwarmStore.create(options, 1);
}

/** A tracker over a small store, its own unless one is given. */
export function createContractTracker(
  settings: Partial<TrackerSettings> = {},
  store = createContractStore(),
): Tracker {
  return new Tracker(store, { ...contractSettings, ...settings });
}

/** Runs the suite over the transport that `start` makes for a tracker (in this thread) or its store (in others). */
export function describeTransport(
  name: string,
  start: (tracker: Tracker, store: SwarmStore) => Promise<TransportDriver>,
): void {
  describe(name, () => {
    let tracker: Tracker;
    let driver: TransportDriver;
    before(async () => {
      const store = createContractStore();
      tracker = createContractTracker({}, store);
      driver = await start(tracker, store);
    });
    after(() => driver.close());

    // Every test has a swarm of its own.
    const announce = (infoHash: Uint8Array, port: number, changes: Partial<ContractAnnounce> = {}) => {
      const peerId = Buffer.from(`-CC0100-${String(port).padStart(12, '0')}`);
      return driver.announce({
        infoHash,
        peerId,
        port,
        left: 1000,
        event: Event.none,
        numwant: -1,
        ...changes,
      });
    };
    const seeder = { left: 0 };
    const peer = (port: number) => `${driver.addressPrefix}${port}`;
    const scrape = async (infoHash: Uint8Array) => (await driver.scrape([infoHash]))[0];
    const knownSwarms = () => [...tracker.scrapeAll()].filter(Boolean).length;
    const newSwarm = () => Uint8Array.from(randomBytes(20));

    test('the first peer of a swarm is counted and given nobody', async () => {
      const reply = await announce(newSwarm(), 1001, { event: Event.started });
      assert.deepEqual(reply, { complete: 0, incomplete: 1, interval: 1800, peers: [] });
    });

    test('a second peer is given the first', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001);
      const reply = await announce(swarm, 1002);
      assert.deepEqual(reply, { complete: 0, incomplete: 2, interval: 1800, peers: [peer(1001)] });
    });

    test('the announcer is never handed to itself and counts once however often it announces', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001);
      for (let i = 0; i < 5; i++) {
        const reply = await announce(swarm, 1002);
        assert.deepEqual([reply.incomplete, reply.peers], [2, [peer(1001)]]);
      }
    });

    test('a peer of one swarm is no peer of another', async () => {
      await announce(newSwarm(), 1001);
      assert.deepEqual((await announce(newSwarm(), 1002)).peers, []);
    });

    test('a stopped peer leaves the swarm and is given nobody', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001);
      await announce(swarm, 1002);
      const stopped = await announce(swarm, 1001, { event: Event.stopped });
      assert.deepEqual([stopped.incomplete, stopped.peers], [1, []]);
      assert.deepEqual((await announce(swarm, 1003)).peers, [peer(1002)]);
    });

    test('stopping removes nobody else and creates nothing', async () => {
      const swarm = newSwarm();
      const swarms = knownSwarms();
      await announce(swarm, 1001, { event: Event.stopped });
      assert.equal(knownSwarms(), swarms);
      await announce(swarm, 1001);
      await announce(swarm, 1002, { event: Event.stopped });
      assert.equal((await scrape(swarm))!.incomplete, 1);
    });

    test('a seeder is given leechers only, a leecher both', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001, seeder);
      await announce(swarm, 1002);
      const reply = await announce(swarm, 1003, seeder);
      assert.deepEqual(reply, { complete: 2, incomplete: 1, interval: 1800, peers: [peer(1002)] });
      const peers = (await announce(swarm, 1004)).peers.sort();
      assert.deepEqual(peers, [peer(1001), peer(1002), peer(1003)]);
    });

    test('numwant is honoured and capped', async () => {
      const swarm = newSwarm();
      for (let port = 2001; port <= 2030; port++) await announce(swarm, port, { numwant: 0 });
      const givenFor = async (numwant: number) => {
        const { peers } = await announce(swarm, 1001, { numwant });
        assert.equal(new Set(peers).size, peers.length, 'no peer twice');
        return peers.length;
      };
      assert.equal(await givenFor(0), 0);
      assert.equal(await givenFor(1), 1);
      assert.equal(await givenFor(7), 7);
      assert.equal(await givenFor(20), 20);
      assert.equal(await givenFor(1000), 20);
      assert.equal(await givenFor(-1), 20);
    });

    test('completed makes a seeder and counts once', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001);
      for (let i = 0; i < 3; i++) await announce(swarm, 1001, { ...seeder, event: Event.completed });
      assert.deepEqual(await scrape(swarm), { complete: 1, downloaded: 1, incomplete: 0 });
    });

    test('completed with something left makes no seeder and counts nothing, known before or not', async () => {
      const swarm = newSwarm();
      const partial = { left: 5, event: Event.completed };
      await announce(swarm, 1001, { left: 5, event: Event.started });
      for (let i = 0; i < 2; i++) {
        const reply = await announce(swarm, 1001, partial);
        assert.deepEqual([reply.complete, reply.incomplete], [0, 1]);
      }
      assert.deepEqual(await scrape(swarm), { complete: 0, downloaded: 0, incomplete: 1 });
      await announce(swarm, 1002, partial);
      assert.deepEqual(await scrape(swarm), { complete: 0, downloaded: 0, incomplete: 2 });
      await announce(swarm, 1001, { ...seeder, event: Event.completed });
      assert.deepEqual(await scrape(swarm), { complete: 1, downloaded: 1, incomplete: 1 });
      await announce(swarm, 1001, partial);
      assert.deepEqual(await scrape(swarm), { complete: 0, downloaded: 1, incomplete: 2 });
    });

    test('completed by a peer that was a seeder counts nothing', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001, seeder);
      await announce(swarm, 1001, { ...seeder, event: Event.completed });
      assert.deepEqual(await scrape(swarm), { complete: 1, downloaded: 0, incomplete: 0 });
    });

    test('paused makes a partial seed, which is incomplete and given to others', async () => {
      const swarm = newSwarm();
      await announce(swarm, 1001, { event: Event.paused });
      const reply = await announce(swarm, 1002);
      assert.deepEqual([reply.complete, reply.incomplete, reply.peers], [0, 2, [peer(1001)]]);
      const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
      tracker.scrape(new Int32Array(swarm.buffer), 0, counts);
      assert.deepEqual(counts, { complete: 0, incomplete: 2, downloaded: 0, downloaders: 1 });
    });

    test('a scrape of an unknown info_hash is zeros and creates nothing', async () => {
      const swarms = knownSwarms();
      assert.deepEqual(await scrape(newSwarm()), { complete: 0, downloaded: 0, incomplete: 0 });
      assert.equal(knownSwarms(), swarms);
    });

    test('a scrape counts each info_hash that it asks for', async () => {
      const [one, two, unknown] = [newSwarm(), newSwarm(), newSwarm()];
      await announce(one, 1001);
      await announce(two, 1001, seeder);
      await announce(two, 1002, seeder);
      assert.deepEqual(await driver.scrape([two, unknown, one]), [
        { complete: 2, downloaded: 0, incomplete: 0 },
        { complete: 0, downloaded: 0, incomplete: 0 },
        { complete: 0, downloaded: 0, incomplete: 1 },
      ]);
    });

    test('of more info_hashes in a scrape than allowed the first ones are answered', async () => {
      const hashes = Array.from({ length: 6 }, newSwarm);
      for (const swarm of hashes) await announce(swarm, 1001);
      const counted = { complete: 0, downloaded: 0, incomplete: 1 };
      const counts = await driver.scrape(hashes);
      assert.deepEqual(counts.slice(0, 5), Array(5).fill(counted));
      assert.equal(counts[5], undefined);
    });

    test('port 0 is refused and nothing is stored', async () => {
      const swarm = newSwarm();
      await assert.rejects(announce(swarm, 0), { message: 'missing or invalid port' });
      assert.deepEqual(await scrape(swarm), { complete: 0, downloaded: 0, incomplete: 0 });
      assert.deepEqual((await announce(swarm, 1001)).peers, []);
    });
  });
}
