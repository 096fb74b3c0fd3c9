// What nodes share besides peers with an address: counts of WebTorrent peers, what operators refuse, and what is not known of
// a peer that another node has told of.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RedisServer, withoutRedis } from '../../cluster/redis-server.ts';
import { infoHashOf } from '../../faults/clients.ts';
import { WsClient } from '../../transport/webtorrent/ws-client.ts';
import { endNodes, NodeProgram } from './node-program.ts';

const hex = (swarm: number) => Buffer.from(infoHashOf(swarm)).toString('hex');
const deny = (swarm: number, node: string) => new RegExp(`Cluster: deny ${hex(swarm)}, as node ${node} said`);

describe('two nodes and a real Redis', { skip: withoutRedis, timeout: 300_000 }, () => {
  let engine: RedisServer;
  let a: NodeProgram;
  let b: NodeProgram;

  before(async () => {
    engine = await RedisServer.start();
    [a, b] = ['a', 'b'].map((name) => new NodeProgram(name, engine.url));
    await Promise.all([a.start(), b.start()]);
  });
  after(async () => {
    await endNodes();
    await engine?.close();
  });

  test('a peer that another node has told of is a dictionary without peer id, until it announces here', async () => {
    await a.announce({ swarm: 1, port: 5001 });
    await b.shows(1, '0 1 0');
    const told = await b.announce({ swarm: 1, port: 5002, compact: 0 });
    assert.match(told, /5:peersld2:ip9:127\.0\.0\.14:porti5001eee/);
    await b.announce({ swarm: 1, port: 5001 });
    const known = await b.announce({ swarm: 1, port: 5002, compact: 0 });
    assert.match(known, /5:peersld2:ip9:127\.0\.0\.17:peer id20:-XX0000-0000000050014:porti5001eee/);
  });

  test('WebTorrent peers of one are in the counts of the other, with those that have an address', async () => {
    const say = (client: WsClient, peer: string, left: number, more: object = {}) =>
      client.say({
        ...{ action: 'announce', info_hash: Buffer.from(infoHashOf(2)).toString('latin1'), left },
        ...{ peer_id: peer.padEnd(20, '.'), ...more },
      });
    const seeder = await WsClient.open({ port: a.httpPort });
    say(seeder, 'seeder', 0);
    await a.announce({ swarm: 2, port: 5001 });
    for (const node of [a, b]) await node.shows(2, '1 1 0');
    const other = await WsClient.open({ port: b.httpPort });
    say(other, 'leecher', 5);
    const { complete, incomplete } = await other.hear();
    assert.deepEqual([complete, incomplete], [1, 1], 'an announce counts the WebTorrent peers of both');
    for (const node of [a, b]) await node.shows(2, '1 2 0');
    assert.match(await b.command('cluster'), /WebTorrent/);
    seeder.end();
    for (const node of [a, b]) await node.shows(2, '0 2 0');
    other.end();
    for (const node of [a, b]) await node.shows(2, '0 1 0');
  });

  test('what is refused while a node is away is refused there when it returns, and by one that is new', async () => {
    await a.command('deny', hex(3));
    await b.said(deny(3, 'a'));
    await b.stop();
    assert.match(await a.command('deny', hex(4)), /refused from now on/);
    assert.match(await a.command('undeny', hex(3)), /may be announced/);
    // Nothing of it is in the stream any more.
    engine.tell('XTRIM', '{caracal}:news', 'MAXLEN', '0');
    await b.start();
    await b.said(deny(4, 'a'));
    await b.said(new RegExp(`Cluster: undeny ${hex(3)}, as node a said`));
    assert.match(await b.announce({ swarm: 4, port: 5001 }), /failure reason/);
    assert.doesNotMatch(await b.announce({ swarm: 3, port: 5001 }), /failure reason/);
    const c = new NodeProgram('c', engine.url);
    await c.start();
    await c.said(deny(4, 'a'));
    assert.match(await c.announce({ swarm: 4, port: 5001 }), /failure reason/);
    await c.stop();
  });

  test('a node that was given no lists refuses what others refuse, and still does after a restart', async () => {
    const e = new NodeProgram('e', engine.url, { hasDenyList: false });
    await e.start();
    await e.said(deny(4, 'a'));
    assert.match(await e.announce({ swarm: 4, port: 5001 }), /failure reason/);
    await a.command('deny', hex(6));
    await e.said(deny(6, 'a'));
    assert.match(await e.command('deny', '127.0.0.1'), /stands in \S*cluster\.denied-networks/);
    assert.match(await e.announce({ swarm: 5, port: 5001 }), /failure reason/);
    // The other nodes have no file of networks either.
    for (const node of [a, b]) {
      await node.said(/Cluster: denyNetwork 127\.0\.0\.1(?:\/32)?, as node e said/);
      assert.match(await node.announce({ swarm: 5, port: 5001 }), /failure reason/);
    }
    await b.command('undeny', '127.0.0.1');
    await b.command('undeny', hex(4));
    await e.said(new RegExp(`Cluster: undeny ${hex(4)}, as node b said`));
    await e.stop();
    await e.start();
    assert.match(await e.announce({ swarm: 6, port: 5001 }), /failure reason/);
    assert.doesNotMatch(await e.announce({ swarm: 4, port: 5001 }), /failure reason/);
    await a.command('deny', hex(4));
    await e.said(deny(4, 'a'));
    await e.stop();
  });

  test('what is refused while the engine is away is told when it is back, also when it has lost everything', async () => {
    await engine.kill();
    await a.said(/the engine takes nothing/);
    assert.match(await a.command('deny', hex(5)), /refused from now on/);
    await engine.start();
    await b.said(deny(5, 'a'));
    assert.match(await b.announce({ swarm: 5, port: 5001 }), /failure reason/);
    const d = new NodeProgram('d', engine.url);
    await d.start();
    for (const swarm of [4, 5]) await d.said(deny(swarm, 'a'));
    await d.stop();
  });
});
