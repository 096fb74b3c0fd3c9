// Three trackers and a real Redis: what is said to one is known to all, whatever becomes of the engine and of the nodes.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { infoHashOf } from '../../faults/clients.ts';
import { pause } from '../../program.ts';
import { endNodes, NodeProgram } from './node-program.ts';

describe('three nodes', { skip: withoutRedis, timeout: 600_000 }, () => {
  let engine: RedisServer;
  let a: NodeProgram;
  let b: NodeProgram;
  let c: NodeProgram;
  const all = () => [a, b, c];

  before(async () => {
    engine = await RedisServer.start();
    [a, b, c] = ['a', 'b', 'c'].map((name) => new NodeProgram(name, engine.url));
    await Promise.all(all().map((node) => node.start()));
  });

  after(async () => {
    await endNodes();
    await engine?.close();
  });

  test('a peer that announces to one is handed out by the others, and no more when it stops', async () => {
    await a.announce({ swarm: 1, port: 5001, event: 'started' });
    for (const node of [b, c]) await node.shows(1, '0 1 0');
    assert.match(await c.announce({ swarm: 1, port: 5002 }), /5:peers6:\x7f\0\0\x01\x13\x89/);
    await b.announce({ swarm: 1, port: 5001, event: 'stopped' });
    for (const node of all()) await node.shows(1, '0 1 0');
    await c.announce({ swarm: 1, port: 5002, event: 'stopped' });
    for (const node of all()) await node.shows(1, '0 0 0');
  });

  test('a completion is counted once, though the client tells two of them', async () => {
    for (const node of all()) await node.announce({ swarm: 2, port: 5001, event: 'started' });
    // What a client says to two nodes counts in the order in which they tell it, and they collect news for a while.
    for (const node of all()) await node.shows(2, '0 1 0');
    await pause(300);
    for (const node of [a, b]) await node.announce({ swarm: 2, port: 5001, left: 0, event: 'completed' });
    for (const node of all()) await node.shows(2, '1 0 1');
    await pause(500);
    for (const node of all()) assert.equal(await node.scrape(2), '1 0 1');
  });

  test('a connection id of one is good at the others', async () => {
    const id = await a.connectionId();
    for (const node of all()) assert.ok(await node.accepts(id), node.name);
    assert.equal(await b.accepts({ ...id, connectionIdLow: id.connectionIdLow ^ 0x100 }), false);
  });

  test('what an operator denies, allows and drops at one is so at all of them', async () => {
    await b.announce({ swarm: 3, port: 5001 });
    for (const node of all()) await node.shows(3, '0 1 0');
    const hash = Buffer.from(infoHashOf(3)).toString('hex');
    assert.match(await a.command('deny', hash), /refused from now on/);
    for (const node of [b, c]) {
      await node.said(new RegExp(`Cluster: deny ${hash}, as node a said`));
      assert.match(await node.announce({ swarm: 3, port: 5002 }), /failure reason/);
      assert.match(readFileSync(node.denyList, 'utf8'), new RegExp(hash));
    }
    assert.match(await c.command('undeny', hash), /may be announced/);
    for (const node of [a, b]) {
      await node.said(new RegExp(`Cluster: undeny ${hash}, as node c said`));
      assert.doesNotMatch(await node.announce({ swarm: 3, port: 5002 }), /failure reason/);
    }
  });

  test('the command `cluster` tells of the nodes', async () => {
    const text = await b.command('cluster');
    assert.match(text, /^node b, ready/);
    assert.match(text, /engine +reached/);
    const areReady = /^a +ready +\d.*\nb +ready +\d.*\nc +ready +\d/m;
    // Of others it knows what they said with their last beat.
    for (let tries = 0; !areReady.test(await b.command('cluster')); tries++) assert.ok(tries < 20, text);
  });

  test('while the engine is dead every announce is answered, and all is told when it is back', async () => {
    await engine.kill();
    for (let n = 0; n < 200; n++) {
      assert.match(await all()[n % 3].announce({ swarm: 10 + (n % 20), port: 6000 + n }), /5:peers/);
    }
    for (const node of all()) await node.said(/the engine takes nothing/);
    await engine.start();
    for (let swarm = 10; swarm < 30; swarm++)
      for (const node of all()) await node.shows(swarm, '0 10 0', 60_000);
    for (const node of all()) {
      await node.said(/Cluster: the engine is back/);
      assert.equal(node.log.match(/the engine takes nothing/g)?.length, 1, 'it is said once');
    }
  });

  test('what is lost while the engine stands full is mended when it has room again', async () => {
    engine.tell('CONFIG', 'SET', 'maxmemory', '1');
    await pause(300);
    for (const node of all()) {
      assert.match(await node.announce({ swarm: 40, port: 7000 + all().indexOf(node) }), /5:peers/);
    }
    await pause(1000);
    engine.tell('CONFIG', 'SET', 'maxmemory', '0');
    for (const node of all()) await node.shows(40, '0 3 0', 60_000);
  });

  test('one that joins with nothing has everything when it is ready, and one that is killed is missed by nobody', async () => {
    const d = new NodeProgram('d', engine.url);
    await d.start();
    for (let swarm = 10; swarm < 30; swarm++) assert.equal(await d.scrape(swarm), '0 10 0');
    assert.equal(await d.scrape(2), '1 0 1');
    await d.announce({ swarm: 50, port: 5001 });
    for (const node of all()) await node.shows(50, '0 1 0');
    await d.kill();
    for (const node of all()) assert.equal(await node.scrape(50), '0 1 0');
  });

  test('one that comes back reads on where its snapshot ends, or compares where that is gone', async () => {
    for (const isCut of [false, true]) {
      const swarm = isCut ? 61 : 60;
      await c.announce({ swarm, port: 5001 });
      await c.announce({ swarm, port: 5002 });
      for (const node of all()) await node.shows(swarm, '0 2 0');
      await c.stop();
      // Two nodes tell times apart by a few seconds only.
      await pause(4000);
      assert.ok(existsSync(join(c.dataDir, 'cluster.position')));
      await a.announce({ swarm, port: 5001, event: 'stopped' });
      await b.announce({ swarm, port: 5003 });
      for (const node of [a, b]) await node.shows(swarm, '0 2 0');
      if (isCut) engine.tell('XTRIM', '{caracal}:news', 'MAXLEN', '0');
      await c.start();
      for (const node of all()) await node.shows(swarm, '0 2 0');
      assert.match(await c.announce({ swarm, port: 5002 }), /5:peers6:\x7f\0\0\x01\x13\x8b/);
    }
  });
});
