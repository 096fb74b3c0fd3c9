// Socket workers as a whole: nothing acknowledged is lost between them, one that fails comes back, all of them end.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Event } from '../../../src/protocol/event.ts';
import { SocketWorkers, type SocketWorkersOptions } from '../../../src/server/listening/socket-workers.ts';
import { sumUdpCounters } from '../../../src/transport/udp/udp-counters.ts';
import { contractSettings, createContractStore } from '../../transport/contract.ts';
import { announcePacket, UdpClient } from '../../transport/udp/udp-client.ts';
import { calls, noFastPath } from '../../transport/udp/udp-trackers.ts';

const skip = calls ? false : noFastPath;
const keys = { current: new Uint8Array(16).fill(1), previous: new Uint8Array(16).fill(2) };

function countEpolls(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventpoll]';
    } catch {
      // The descriptor of the listing itself.
      return false;
    }
  }).length;
}

async function start(changes: Partial<SocketWorkersOptions> = {}) {
  const store = createContractStore();
  const failures: Error[] = [];
  const failed = (error: unknown) => failures.push(error as Error);
  const options = { workers: 2, store, settings: contractSettings, keys, failed, ...changes };
  const workers = new SocketWorkers(calls!, options);
  const { port } = workers.sockets.bind('127.0.0.1', 0);
  await workers.start();
  workers.serve();
  return { workers, port, store, failures };
}

function question(infoHash: Uint8Array, port: number, changes = {}) {
  const peerId = Buffer.from(`-CC0100-${String(port).padStart(12, '0')}`);
  return { infoHash, peerId, port, left: 1, event: Event.none, numwant: 0, ...changes };
}

describe('socket workers', { skip }, () => {
  test('every peer that two workers acknowledged is found by scrape and by announce', async () => {
    const { workers, port } = await start({ settings: { ...contractSettings, maxPeers: 2000 } });
    const swarms = Array.from({ length: 8 }, (_, n) => new Uint8Array(20).fill(n + 1));
    const clients = await Promise.all(Array.from({ length: 16 }, () => UdpClient.open('127.0.0.1', port)));
    const acknowledged = swarms.map(() => new Set<string>());
    await Promise.all(
      clients.map(async (client, number) => {
        const id = await client.connect();
        for (let i = 0; i < 80; i++) {
          const peerPort = 1000 + number * 100 + i;
          const swarm = i % swarms.length;
          const reply = await client.exchange(announcePacket(id, question(swarms[swarm], peerPort)));
          if (reply?.readInt32BE(0) === 1) acknowledged[swarm].add(`127.0.0.1:${peerPort}`);
        }
      }),
    );
    const inEach = workers.counters().map((counters) => sumUdpCounters([counters]).announces);
    assert.equal(inEach.length, 2);
    assert.ok(Math.min(...inEach) > 0, `both workers answered: ${inEach}`);
    let lost = 0;
    const [client] = clients;
    for (const [n, infoHash] of swarms.entries()) {
      const [counts] = await client.scrape([infoHash]);
      assert.equal(counts!.incomplete, acknowledged[n].size);
      const found = new Set<string>();
      // One reply holds 242 peers and the swarm 160.
      for (const peer of (await client.announce(question(infoHash, 9, { numwant: 2000 }))).peers)
        found.add(peer);
      for (const peer of acknowledged[n]) if (!found.has(peer)) lost++;
      assert.equal(found.size, acknowledged[n].size);
    }
    assert.equal(lost, 0);
    assert.equal(
      acknowledged.reduce((sum, peers) => sum + peers.size, 0),
      16 * 80,
    );
    await Promise.all(clients.map((client) => client.close()));
    await workers.close();
  });

  test('workers that wake when they are asked to are well', async () => {
    const { workers } = await start();
    assert.equal(workers.isWell(), true, 'nothing is known against them');
    for (let times = 0; times < 3; times++) {
      await setTimeout(300);
      assert.equal(workers.isWell(), true);
    }
    await workers.close();
  });

  test('a worker that no longer wakes is not well', async () => {
    const { workers } = await start({ program: new URL('./stuck-worker.js', import.meta.url) });
    assert.equal(workers.isWell(), true, 'nothing is known against it');
    await setTimeout(20);
    assert.equal(workers.isWell(), false);
    await workers.close();
  });

  test('new rules are taken up by every worker, or it is said which one has not', async () => {
    const rules = {
      allowedTorrents: undefined,
      deniedTorrents: undefined,
      deniedAddresses: undefined,
      allowedClients: ['-CC'],
      deniedClients: [],
    };
    const { workers } = await start();
    for (let times = 0; times < 3; times++) {
      workers.change({ access: rules });
      assert.equal(await workers.changeTaken(), undefined);
    }
    await workers.close();
    assert.equal(await workers.changeTaken(0), undefined, 'threads that have ended answer nobody');
    const stuck = await start({ program: new URL('./stuck-worker.js', import.meta.url) });
    stuck.workers.change({ access: rules });
    assert.match(
      (await stuck.workers.changeTaken(50))!,
      /^socket worker 0 has not taken it up within 0.05 s/,
    );
    await stuck.workers.close();
  });

  test('a worker that fails is reported and started again on the same socket', async () => {
    const program = new URL('./failing-worker.js', import.meta.url);
    const { workers, port, failures } = await start({ workers: 1, program });
    const client = await UdpClient.open('127.0.0.1', port);
    // Asked while nobody answers: the packet waits in the kernel.
    await setTimeout(60);
    const reply = await client.announce(question(new Uint8Array(20).fill(1), 1001));
    assert.equal(reply.incomplete, 1);
    assert.equal(failures.length, 1);
    assert.match(failures[0].message, /^socket worker 0 failed and is started again: a failing thread$/);
    await client.close();
    await workers.close();
  });

  test('a worker that throws leaves no descriptor behind', async () => {
    const program = new URL('./throwing-worker.js', import.meta.url);
    const before = countEpolls();
    const { workers, port, failures } = await start({ workers: 1, program });
    const client = await UdpClient.open('127.0.0.1', port);
    for (let tries = 0; failures.length < 3 && tries < 500; tries++) await setTimeout(20);
    assert.equal(failures.length, 3);
    assert.equal((await client.announce(question(new Uint8Array(20).fill(1), 1001))).incomplete, 1);
    assert.equal(countEpolls() - before, 2, "one for Node's loop of the thread, one for ours");
    await client.close();
    await workers.close();
    assert.equal(countEpolls(), before);
  });

  test('a worker that cannot start rejects the start', async () => {
    const program = new URL('./no-such-worker.js', import.meta.url);
    await assert.rejects(start({ workers: 1, program }));
  });

  test('a port in use is refused before any thread is started, also by another tracker with workers', async () => {
    const { workers, port } = await start();
    const second = new SocketWorkers(calls!, {
      workers: 2,
      store: createContractStore(),
      settings: contractSettings,
      keys,
      failed: () => {},
    });
    assert.throws(() => second.sockets.bind('127.0.0.1', port), { code: 'EADDRINUSE' });
    await second.close();
    await workers.close();
  });

  test('stopping idle workers takes no time', async () => {
    const { workers } = await start({ workers: 4 });
    const begin = performance.now();
    await workers.close();
    assert.ok(performance.now() - begin < 2000);
  });

  after(() => assert.ok(calls || process.env.CI !== 'true', noFastPath));
});
