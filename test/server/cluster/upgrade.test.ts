// An upgrade of one node after the other: another process takes a node's place, and the cluster hardly notices.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { infoHashOf } from '../../faults/clients.ts';
import { pause } from '../../program.ts';
import { endNodes, NodeProgram } from './node-program.ts';

const hex = (swarm: number) => Buffer.from(infoHashOf(swarm)).toString('hex');

describe('a node whose place is taken', { skip: withoutRedis, timeout: 300_000 }, () => {
  let engine: RedisServer;
  let a: NodeProgram;
  let b: NodeProgram;

  before(async () => {
    engine = await RedisServer.start();
    [a, b] = ['a', 'b'].map((name) => new NodeProgram(name, engine.url));
    await a.start();
    await b.start();
  });
  after(async () => {
    await endNodes();
    await engine?.close();
  });

  test('is away for a moment, although it has just joined, and goes on where it was', async () => {
    await a.announce({ swarm: 1, port: 5001 });
    await b.announce({ swarm: 1, port: 5002 });
    for (const node of [a, b]) await node.shows(1, '0 2 0');
    const id = await a.connectionId();
    // Machines that are busy with tests are slow; what was waited for once were twelve seconds.
    assert.ok((await b.takeOver()) < 8000);
    await b.shows(1, '0 2 0');
    assert.ok(await b.accepts(id), 'a connection id of before is good');
    await b.announce({ swarm: 1, port: 5003 });
    await a.announce({ swarm: 1, port: 5001, event: 'stopped' });
    for (const node of [a, b]) await node.shows(1, '0 2 0');
    // The others hear of a node's state with its next beat.
    let shown = await a.command('cluster');
    for (let tries = 0; !/^b +ready/m.test(shown) && tries < 20; tries++) {
      await pause(500);
      shown = await a.command('cluster');
    }
    assert.match(shown, /^b +ready/m);
    assert.equal(shown.match(/^b /gm)?.length, 1, 'it is one node, not two');
  });

  test('and again with the other, while operators and peers go on', async () => {
    await b.command('deny', hex(2));
    assert.ok((await a.takeOver()) < 8000);
    assert.match(await a.announce({ swarm: 2, port: 5001 }), /failure reason/);
    await a.announce({ swarm: 3, port: 5001 });
    await b.shows(3, '0 1 0');
    assert.doesNotMatch(b.log, /another node is called/);
  });

  test('one that ends right after it has joined does not wait for anything', async () => {
    const c = new NodeProgram('c', engine.url);
    await c.start();
    const began = performance.now();
    await c.stop();
    assert.ok(performance.now() - began < 8000);
    assert.doesNotMatch(c.log, /did not end in time/);
  });
});
