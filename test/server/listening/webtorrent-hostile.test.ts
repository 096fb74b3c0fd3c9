// Hostile WebTorrent clients against a tracker as its operator starts it: each comes to its end, and others do not notice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startTracker, type TrackerProgram } from '../../tracker-program.ts';
import { announceOf, answerOf, id, offersOf } from '../../transport/webtorrent/signalling.ts';
import { WsClient } from '../../transport/webtorrent/ws-client.ts';

let tracker: TrackerProgram;
before(async () => {
  tracker = await startTracker(['--workers', '1']);
});
after(() => tracker.program.kill());

const open = () => WsClient.open({ port: tracker.httpPort });

/** A frame's head of a client, with the mask 0. */
function headOf(length: number, opcode = 0x81): Buffer {
  const head = Buffer.alloc(14);
  head[0] = opcode;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** Two good clients that make an offer and answer it, again and again, until `attack` is over; returns the slowest. */
async function meanwhile(attack: () => Promise<void>): Promise<{ rounds: number; slowestMs: number }> {
  const [a, b] = [await open(), await open()];
  const swarm = `good ${Math.random()}`.slice(0, 20);
  let over = false;
  const attacking = attack().finally(() => {
    over = true;
  });
  let rounds = 0;
  let slowestMs = 0;
  a.say(announceOf(swarm, 'a', { left: 0 }));
  await a.hear();
  do {
    const began = performance.now();
    const offer = `offer ${rounds}`;
    b.say(announceOf(swarm, 'b', { offers: offersOf(offer) }));
    await b.hear();
    assert.equal((await a.hear()).offer_id, id(offer));
    a.say(answerOf(swarm, 'a', 'b', offer));
    assert.ok((await b.hear()).answer);
    slowestMs = Math.max(slowestMs, performance.now() - began);
    rounds++;
    await pause(5);
  } while (!over);
  await attacking;
  a.end();
  b.end();
  return { rounds, slowestMs };
}

function residentMiB(): number {
  const status = readFileSync(`/proc/${tracker.program.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

describe('a hostile client', () => {
  test('that sends ten megabytes is told at once that it is too much', async () => {
    await meanwhile(async () => {
      for (let n = 0; n < 20; n++) {
        const client = await open();
        client.socket.write(headOf(10 * 2 ** 20));
        client.socket.write(Buffer.alloc(2 ** 20));
        assert.equal(await client.hear(), 'close 1009');
        client.end();
      }
    });
  });

  test('that makes ten thousand offers has ten relayed, or its message is too large', async () => {
    const others = await Promise.all(Array.from({ length: 30 }, open));
    for (const [n, other] of others.entries()) other.say(announceOf('many', `other ${n}`));
    for (const other of others) await other.hear();
    await meanwhile(async () => {
      const client = await open();
      const offer = { offer: { type: 'offer', sdp: 'v' }, offer_id: id('o') };
      client.say(announceOf('many', 'a', { offers: Array.from({ length: 700 }, () => offer) }));
      assert.equal((await client.hear()).complete, 0);
      await pause(200);
      assert.equal(others.filter((other) => other.hasHeard).length, 10);
      client.say(announceOf('many', 'a', { offers: Array.from({ length: 10_000 }, () => offer) }));
      assert.equal(await client.hear(), 'close 1009');
      client.end();
    });
    for (const other of others) other.end();
  });

  test('that sends a byte a frame has the time of a message', async () => {
    const { rounds } = await meanwhile(async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, open));
      const ends = clients.map((client) => client.hear(30_000));
      for (let n = 0; n < 24; n++) {
        for (const client of clients)
          if (client.socket.writable)
            client.socket.write(Buffer.from([n === 0 ? 1 : 0, 0x81, 0, 0, 0, 0, 0x20]));
        await pause(500);
      }
      for (const end of ends) assert.equal(await end, 'close 1008');
      for (const client of clients) client.end();
    });
    assert.ok(rounds > 10);
  });

  test('that never reads ends when so much waits for it, and takes no memory', async (t) => {
    const before = residentMiB();
    await meanwhile(async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, open));
      const scrape = { action: 'scrape', info_hash: ['1', '2', '3', '4', '5'].map(id) };
      for (const client of clients) client.socket.pause();
      const ends = clients.map((client) => new Promise((resolve) => client.socket.once('close', resolve)));
      for (const client of clients) {
        // Its end is not noticed by who does not read; a write to what has ended is.
        for (let n = 0; n < 40_000 && !client.socket.destroyed; n++) {
          client.say(scrape);
          if (n % 500 === 0) await pause(1);
        }
        client.end();
      }
      await Promise.all(ends);
    });
    const grown = residentMiB() - before;
    t.diagnostic(`resident memory grew by ${grown.toFixed(1)} MiB`);
    assert.ok(grown < 100, `${grown} MiB`);
  });

  test('that answers everybody reaches nobody', async () => {
    const victim = await open();
    victim.say(announceOf('v', 'victim', { offers: offersOf('o') }));
    await victim.hear();
    await meanwhile(async () => {
      const client = await open();
      client.say(announceOf('v', 'b'));
      await client.hear();
      for (let n = 0; n < 5000; n++) client.say(answerOf('v', 'b', 'victim', n % 2 ? 'o' : `guess ${n}`));
      client.say({ action: 'scrape', info_hash: id('v') });
      assert.ok((await client.hear()).files);
      client.end();
    });
    assert.equal(victim.hasHeard, false);
    victim.end();
  });

  test('that steals a peer_id from another address is refused while its owner answers', async () => {
    const owner = await WsClient.open({ port: tracker.httpPort, localAddress: '127.0.0.1' });
    owner.say(announceOf('t', 'owner'));
    await owner.hear();
    await meanwhile(async () => {
      const thief = await WsClient.open({ port: tracker.httpPort, localAddress: '127.0.0.2' });
      for (let n = 0; n < 200; n++) {
        thief.say(announceOf('t', 'owner'));
        assert.match((await thief.hear())['failure reason'], /in use/);
      }
      thief.end();
    });
    owner.say(announceOf('t', 'owner'));
    assert.equal((await owner.hear()).incomplete, 1);
    owner.end();
  });

  test('that opens and breaks connections leaves nothing behind', async () => {
    const { slowestMs } = await meanwhile(async () => {
      for (let round = 0; round < 20; round++) {
        const clients = await Promise.all(Array.from({ length: 20 }, open));
        for (const [n, client] of clients.entries()) client.say(announceOf('gone', `p${n}`));
        for (const client of clients) {
          await client.hear();
          client.socket.resetAndDestroy();
        }
      }
    });
    assert.ok(slowestMs < 10_000);
    const client = await open();
    for (let left = 1; left > 0; await pause(20)) {
      client.say({ action: 'scrape', info_hash: id('gone') });
      left = (await client.hear()).files[id('gone')].incomplete;
    }
    client.end();
    assert.doesNotMatch(tracker.program.stderr, /Error/);
  });
});
