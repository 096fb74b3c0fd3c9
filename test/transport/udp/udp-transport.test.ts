// What UDP adds to the contract: connection_ids, silence, errors, noise, and never more bytes out than in.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Event } from '../../../src/protocol/event.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { type ContractAnnounce, createContractStore, createContractTracker } from '../contract.ts';
import { announcePacket, scrapePacket, UdpClient } from './udp-client.ts';
import { type StartedUdp, startDgram, udpTransports } from './udp-trackers.ts';

const quick = 150;
const question: ContractAnnounce = {
  infoHash: new Uint8Array(20).fill(0x11),
  peerId: Buffer.from('-CC0100-abcdefghijkl'),
  port: 6881,
  left: 1,
  event: Event.none,
  numwant: -1,
};
const wrongId = { connectionIdHigh: 0x70000000, connectionIdLow: 0 };

function noise(length: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state >>> 24;
    }),
  );
}

for (const [name, start] of udpTransports) {
  describe(name, () => {
    let tracker: Tracker;
    let started: StartedUdp;
    let client: UdpClient;
    before(async () => {
      const store = createContractStore();
      tracker = createContractTracker({}, store);
      started = await start('0.0.0.0', tracker, store);
      client = await UdpClient.open('127.0.0.1', started.port);
    });
    after(async () => {
      await client.close();
      await started.close();
      assert.deepEqual(started.exceptions, []);
    });
    const errorOf = (packet: Buffer | undefined) => {
      assert.equal(packet?.readInt32BE(0), 3, 'an error packet');
      return packet.subarray(8).toString('latin1');
    };
    const knownSwarms = () => [...tracker.scrapeAll()].filter(Boolean).length;

    test('a connect of 16 bytes is answered with 16, a longer one too, a shorter or other one not at all', async () => {
      const connect = Buffer.from('00000417271019800000000000000007', 'hex');
      const reply = await client.exchange(connect);
      assert.equal(reply?.length, 16);
      assert.equal(reply!.subarray(0, 8).toString('hex'), '0000000000000007');
      assert.equal((await client.exchange(Buffer.concat([connect, Buffer.alloc(100)])))?.length, 16);
      assert.equal(await client.exchange(connect.subarray(0, 15), quick), undefined);
      assert.equal(
        await client.exchange(Buffer.concat([Buffer.alloc(8), connect.subarray(8)]), quick),
        undefined,
      );
    });

    test('a connection_id that was not issued is refused, with fewer bytes than were asked with', async () => {
      const error = await client.exchange(announcePacket(wrongId, question));
      assert.equal(errorOf(error), 'connection ID not recognized');
      const scrape = scrapePacket(wrongId, [question.infoHash, question.infoHash]);
      assert.equal((await client.exchange(scrape.subarray(0, 37)))?.length, 36);
      assert.equal(await client.exchange(scrape.subarray(0, 36), quick), undefined);
      assert.equal(await client.exchange(scrape.subarray(0, 16), quick), undefined);
      assert.equal(knownSwarms(), 0);
    });

    test('a connection_id from another address is refused, from another port of the same it is not', async () => {
      const id = await client.connect();
      const otherAddress = await UdpClient.open('127.0.0.1', started.port, '127.0.0.2');
      const refused = await otherAddress.exchange(announcePacket(id, question));
      assert.equal(errorOf(refused), 'connection ID not recognized');
      const otherPort = await UdpClient.open('127.0.0.1', started.port);
      const taken = await otherPort.exchange(announcePacket(id, { ...question, event: Event.stopped }));
      assert.equal(taken?.readInt32BE(0), 1);
      await otherAddress.close();
      await otherPort.close();
    });

    test('a reply leaves from the address that the request came to', async () => {
      // node:dgram cannot choose the source; on loopback the kernel answers from the request's own address anyway.
      const other = await UdpClient.open('127.0.0.3', started.port, '127.0.0.1');
      if (start !== startDgram) assert.ok(await other.connect());
      await other.close();
    });

    test('a truncated announce, a scrape of nothing and an unknown action are errors', async () => {
      const id = await client.connect();
      const announce = announcePacket(id, question);
      for (const length of [16, 50, 97]) {
        assert.equal(
          errorOf(await client.exchange(announce.subarray(0, length))),
          'announce packet too short',
        );
      }
      assert.equal(errorOf(await client.exchange(scrapePacket(id, []))), 'no info_hash in scrape');
      for (const action of [3, 4, 9, 0x7fffffff, -1, -2, -0x80000000]) {
        announce.writeInt32BE(action, 8);
        assert.equal(errorOf(await client.exchange(announce)), 'unknown action', `action ${action}`);
      }
      assert.equal(knownSwarms(), 0);
    });

    test('of 6 and 75 info_hashes in a scrape the first 5 are answered, duplicates in order', async () => {
      const id = await client.connect();
      for (const count of [5, 6, 75]) {
        const hashes = Array.from({ length: count }, (_, i) => new Uint8Array(20).fill(i));
        const reply = await client.exchange(scrapePacket(id, hashes));
        assert.deepEqual([reply?.readInt32BE(0), reply?.length], [2, 8 + 5 * 12]);
      }
      const reply = await client.exchange(scrapePacket(id, [question.infoHash, question.infoHash]));
      assert.equal(reply?.length, 8 + 2 * 12);
    });

    test('the IP field is ignored: nobody registers another', async () => {
      const id = await client.connect();
      const packet = announcePacket(id, { ...question, infoHash: new Uint8Array(20).fill(2), port: 7001 });
      packet.writeUInt32BE(0x08080808, 84);
      await client.exchange(packet);
      const { peers } = await client.announce({
        ...question,
        infoHash: new Uint8Array(20).fill(2),
        port: 7002,
      });
      assert.deepEqual(peers, ['127.0.0.1:7001']);
    });

    test('options behind an announce, also ones that run past the end, do not matter', async () => {
      const id = await client.connect();
      const infoHash = new Uint8Array(20).fill(3);
      for (const options of [
        `0209${Buffer.from('/announce').toString('hex')}`,
        '02ff2f',
        'ff',
        '0701aa0100',
        '',
      ]) {
        const packet = Buffer.concat([
          announcePacket(id, { ...question, infoHash }),
          Buffer.from(options, 'hex'),
        ]);
        assert.equal((await client.exchange(packet))?.readInt32BE(0), 1, options);
      }
    });

    test('every event of BEP 15 and BEP 21 is taken, unknown ones count as none', async () => {
      const infoHash = new Uint8Array(20).fill(4);
      for (const event of [0, 1, 2, 4, 5, -1, 0x7fffffff]) {
        const packet = announcePacket(await client.connect(), { ...question, infoHash });
        packet.writeInt32BE(event, 80);
        assert.equal((await client.exchange(packet))?.readInt32BE(0), 1);
      }
      const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
      tracker.scrape(new Int32Array(infoHash.buffer), 0, counts);
      assert.deepEqual(counts, { complete: 0, incomplete: 1, downloaded: 0, downloaders: 1 });
    });

    test('a left of 2^32 or 2^63 is a leecher', async () => {
      const infoHash = new Uint8Array(20).fill(5);
      for (const left of [2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) {
        const packet = announcePacket(await client.connect(), { ...question, infoHash });
        packet.writeBigUInt64BE(left, 64);
        const reply = await client.exchange(packet);
        assert.deepEqual([reply!.readInt32BE(12), reply!.readInt32BE(16)], [1, 0]);
      }
    });

    test('noise of every length from 0 to 2,048 bytes is met with silence or a short error, and nothing is stored', async () => {
      const swarms = knownSwarms();
      const before = started.counters();
      const noisy = await UdpClient.open('127.0.0.1', started.port);
      let sent = 0;
      for (let length = 0; length <= 2048; length += 7, sent++) noisy.send(noise(length, length + 1));
      // The same with a good connection_id and a known action.
      const id = await client.connect();
      for (let length = 16; length <= 2048; length += 41) {
        const packet = noise(length, length);
        packet.writeInt32BE(id.connectionIdHigh, 0);
        packet.writeInt32BE(id.connectionIdLow, 4);
        packet.writeInt32BE(length % 7, 8);
        if (length % 7 === 1) continue;
        noisy.send(packet);
        sent++;
      }
      while (started.counters().received < before.received + sent + 1) await setTimeout(5);
      await noisy.close();
      const { incomplete } = await client.announce({ ...question, infoHash: new Uint8Array(20).fill(6) });
      assert.equal(incomplete, 1, 'the next good announce is answered');
      assert.equal(knownSwarms(), swarms + 1);
      const counters = started.counters();
      assert.ok(
        counters.malformed + counters.badConnectionIds > before.malformed + before.badConnectionIds + 200,
      );
      assert.equal(counters.exceptions, 0);
    });

    test('counters say what came and went', async () => {
      const before = started.counters();
      await client.announce({ ...question, infoHash: new Uint8Array(20).fill(7) });
      await client.scrape([question.infoHash]);
      const now = started.counters();
      const grown = (counter: keyof typeof now) => now[counter] - before[counter];
      assert.deepEqual([grown('connects'), grown('announces'), grown('scrapes')], [2, 1, 1]);
      // What the system calls did is counted when the batch is through, so after its replies have left.
      while (started.counters().received < before.received + 4) await setTimeout(5);
    });
  });
}

for (const [name, start] of udpTransports) {
  test(`${name} answers a scrape for as many info_hashes as the limit says, the first where more are asked for`, async () => {
    const store = createContractStore();
    for (const most of [73, 74, 100]) {
      const started = await start(
        '127.0.0.1',
        createContractTracker({ maxScrapeHashes: most }, store),
        store,
      );
      const client = await UdpClient.open('127.0.0.1', started.port);
      // A datagram of more than 101 is longer than what is received of one.
      for (const asked of [70, 74, 75, 100, 101, 150]) {
        const hashes = Array.from({ length: asked }, (_, i) => new Uint8Array(20).fill(i));
        const reply = await client.exchange(scrapePacket(await client.connect(), hashes));
        assert.equal((reply!.length - 8) / 12, Math.min(asked, most));
      }
      await client.close();
      await started.close();
    }
  });
}

test('an IPv6 reply carries at most 67 peers, an IPv4 reply no more than fit one Ethernet frame', async () => {
  const store = createContractStore();
  const tracker = createContractTracker({ maxPeers: 1000 }, store);
  for (const [host, most] of [
    ['127.0.0.1', 242],
    ['::1', 67],
  ] as const) {
    const started = await startDgram(host, tracker, store);
    const client = await UdpClient.open(host, started.port);
    const id = await client.connect();
    for (let port = 1; port <= 300; port++)
      await client.exchange(announcePacket(id, { ...question, port, numwant: 0 }));
    const reply = await client.exchange(announcePacket(id, { ...question, numwant: 1000 }));
    assert.equal((reply!.length - 20) / (host === '::1' ? 18 : 6), most);
    await client.close();
    await started.close();
  }
});

test('a connection_id is good for 128 s at least and 192 s at most', async () => {
  const store = createContractStore();
  const tracker = createContractTracker({}, store);
  let now = 0;
  const started = await startDgram('127.0.0.1', tracker, store, () => now);
  const client = await UdpClient.open('127.0.0.1', started.port);
  for (let issued = 100_000; issued < 100_064; issued += 9) {
    now = issued;
    const id = await client.connect();
    for (const age of [0, 60, 128, 192, 10_000]) {
      now = issued + age;
      const reply = await client.exchange(announcePacket(id, question));
      if (age <= 128) assert.equal(reply?.readInt32BE(0), 1, `issued ${issued}, ${age} s old`);
      if (age >= 192) assert.equal(reply?.readInt32BE(0), 3, `issued ${issued}, ${age} s old`);
    }
  }
  await client.close();
  await started.close();
});

test('an exception in one packet is counted and reported, and the next is answered', async () => {
  const store = createContractStore();
  const tracker = createContractTracker({}, store);
  const started = await startDgram('127.0.0.1', tracker, store);
  const client = await UdpClient.open('127.0.0.1', started.port);
  const id = await client.connect();
  const { announce } = tracker;
  tracker.announce = () => {
    throw new Error('a defect');
  };
  assert.equal(await client.exchange(announcePacket(id, question), quick), undefined);
  tracker.announce = announce;
  assert.equal((await client.exchange(announcePacket(id, question)))?.readInt32BE(0), 1);
  assert.equal(started.counters().exceptions, 1);
  assert.equal((started.exceptions[0] as Error).message, 'a defect');
  await client.close();
  await started.close();
});
