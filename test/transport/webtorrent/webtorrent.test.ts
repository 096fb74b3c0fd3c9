// What WebTorrent clients are answered, message by message, on one thread and on two.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStore } from '../../../src/swarm/inspect/check-store.ts';
import { Protection } from '../../../src/tracker/protection.ts';
import { TokenBuckets } from '../../../src/tracker/token-buckets.ts';
import { Visit } from '../../swarm/visit.ts';
import { announceOf, answerOf, id, offersOf, Scene } from './signalling.ts';

const reply = (swarm: string, complete: number, incomplete: number) => ({
  ...{
    action: 'announce',
    interval: 1800,
    complete,
    incomplete,
    'tracker id': 'Wildkat',
    info_hash: id(swarm),
  },
});

for (const threads of [1, 2]) {
  test(`an offer goes to a peer and its answer comes back, once, on ${threads} thread(s)`, async () => {
    const scene = new Scene({ threads });
    const a = scene.client('203.0.113.1', 0);
    const b = scene.client('203.0.113.2', threads - 1);
    a.say(announceOf('s', 'a', { left: 0, event: 'started' }));
    assert.deepEqual(a.heard(), [reply('s', 1, 0)]);
    b.say(announceOf('s', 'b', { offers: offersOf('o1', 'o2'), numwant: 2 }));
    await scene.settle();
    assert.deepEqual(b.heard(), [reply('s', 1, 1)]);
    assert.deepEqual(a.heard(), [
      {
        ...{ action: 'announce', offer: { type: 'offer', sdp: 'v=0 o1' }, offer_id: id('o1') },
        ...{ peer_id: id('b'), info_hash: id('s') },
      },
    ]);
    a.say(answerOf('s', 'a', 'b', 'o1'));
    await scene.settle();
    assert.deepEqual(a.heard(), [], 'an answer has no reply');
    assert.deepEqual(b.heard(), [
      {
        ...{ action: 'announce', answer: { type: 'answer', sdp: 'v=0 to o1' }, offer_id: id('o1') },
        ...{ peer_id: id('a'), info_hash: id('s') },
      },
    ]);
    // Once; and the offer that went nowhere has no answer.
    a.say(answerOf('s', 'a', 'b', 'o1')).say(answerOf('s', 'a', 'b', 'o2'));
    await scene.settle();
    assert.deepEqual(b.heard(), []);
    const sum = (name: 'answersRelayed' | 'answersUnmatched' | 'offersRelayed') =>
      scene.counters.reduce((all, counters) => all + counters[name], 0);
    assert.deepEqual([sum('offersRelayed'), sum('answersRelayed'), sum('answersUnmatched')], [1, 1, 2]);
    // Answering has changed nothing about the seeder.
    assert.deepEqual(scene.counts(id('s')), { complete: 1, incomplete: 1, downloaded: 0, downloaders: 1 });
    assert.deepEqual(scene.exceptions, []);
    assert.deepEqual(checkStore(scene.store.buffer).faults, []);
  });

  test(`only who was sent an offer can answer it, within its time, on ${threads} thread(s)`, async () => {
    const scene = new Scene({ threads });
    const [a, c] = [scene.client('203.0.113.1', 0), scene.client('203.0.113.3', 0)];
    const b = scene.client('203.0.113.2', threads - 1);
    a.say(announceOf('s', 'a'));
    b.say(announceOf('s', 'b', { offers: offersOf('o1') }));
    c.say(announceOf('s', 'c'));
    await scene.settle();
    b.heard();
    c.say(answerOf('s', 'c', 'b', 'o1'))
      .say(answerOf('s', 'a', 'b', 'o1'))
      .say(answerOf('t', 'a', 'b', 'o1'));
    await scene.settle();
    assert.deepEqual(b.heard(), []);
    scene.now += 121;
    a.say(answerOf('s', 'a', 'b', 'o1'));
    await scene.settle();
    assert.deepEqual(b.heard(), []);
    // Made again, as Trystero does.
    b.say(announceOf('s', 'b', { offers: offersOf('o1', 'o2') })).heard();
    scene.now += 119;
    a.say(answerOf('s', 'a', 'b', 'o1')).say(answerOf('s', 'a', 'b', 'o2'));
    await scene.settle();
    assert.equal(b.heard().length, 1);
  });

  test(`a peer_id is its connection's until that does not answer, on ${threads} thread(s)`, async () => {
    const scene = new Scene({ threads });
    const old = scene.client('203.0.113.1', 0);
    old.say(announceOf('s', 'a'));
    const thief = scene.client('198.51.100.7', threads - 1);
    thief.say(announceOf('s', 'a'));
    await scene.settle();
    assert.deepEqual(old.heard().slice(1), ['ping']);
    assert.deepEqual(thief.heard(), [
      {
        ...{ action: 'announce', 'failure reason': 'peer_id is in use by another connection', interval: 12 },
        ...{ info_hash: id('s') },
      },
    ]);
    old.say('', 10);
    scene.now += 11;
    scene.tick();
    thief.say(announceOf('s', 'a'));
    await scene.settle();
    assert.match(thief.heard()[0]['failure reason'], /in use/);
    // This time it is gone.
    scene.now += 11;
    scene.tick();
    assert.ok(old.wasCut);
    assert.equal(scene.counts(id('s')).incomplete, 0);
    thief.say(announceOf('s', 'a'));
    assert.deepEqual(thief.heard(), [reply('s', 0, 1)]);
    // From its own address it comes back at once; what the old connection's end brings does not touch it.
    const again = scene.client('198.51.100.7', 0);
    again.say(announceOf('s', 'a'));
    assert.deepEqual(again.heard(), [reply('s', 0, 1)]);
    thief.leave();
    assert.equal(scene.counts(id('s')).incomplete, 1);
    again.leave();
    assert.equal(scene.counts(id('s')).incomplete, 0);
  });
}

test('`left` of null, −1 or none is a leecher; stops and answers say nothing about it', () => {
  const scene = new Scene();
  const client = scene.client();
  for (const left of [null, -1, undefined, 16_384]) {
    client.say(announceOf('s', 'a', { left }));
    assert.deepEqual(client.heard(), [reply('s', 0, 1)]);
  }
  client.say(announceOf('s', 'a', { left: 0 }));
  assert.deepEqual(client.heard(), [reply('s', 1, 0)]);
  client.say(answerOf('s', 'a', 'b', 'o'));
  assert.equal(scene.counts(id('s')).complete, 1);
  client.say(announceOf('s', 'a', { left: undefined, event: 'stopped' }));
  assert.deepEqual(client.heard(), [reply('s', 0, 0)]);
  client.say(announceOf('s', 'a', { event: 'paused' }));
  assert.deepEqual(scene.counts(id('s')), { complete: 0, incomplete: 1, downloaded: 0, downloaders: 0 });
});

test('a connection speaks for several peers, and its end is the end of all of them', () => {
  const scene = new Scene();
  const client = scene.client();
  for (let n = 0; n < 50; n++) client.say(announceOf(`s${n % 25}`, `peer ${n}`));
  for (let n = 0; n < 10; n++) client.say(announceOf(`s${n % 25}`, `peer ${n}`, { event: 'stopped' }));
  assert.equal(scene.store.totals().connectionLeechers, 40);
  assert.equal(client.socket.memberships.count, 40);
  client.leave();
  assert.equal(scene.store.totals().connectionLeechers, 0);
  assert.equal(scene.threads[0].sockets.count, 0);
  assert.deepEqual(checkStore(scene.store.buffer).faults, []);
});

test('a connection announces so many torrents and no more, and goes on with those', () => {
  const scene = new Scene({ limits: { maxTorrents: 3 } });
  const client = scene.client();
  for (const name of ['s1', 's2', 's3']) client.say(announceOf(name, 'a'));
  client.heard();
  client.say(announceOf('s4', 'a'));
  assert.match(client.heard()[0]['failure reason'], /too many torrents/);
  client.say(announceOf('s2', 'a'));
  assert.deepEqual(client.heard(), [reply('s2', 0, 1)]);
});

test('ten offers of an announce are relayed, each to another peer, and no more than numwant', () => {
  const scene = new Scene();
  const others = Array.from({ length: 20 }, (_, n) => scene.client().say(announceOf('s', `other ${n}`)));
  const names = Array.from({ length: 12 }, (_, n) => `offer ${n}`);
  const client = scene.client();
  const heard = () => others.map((other) => other.heard().filter(({ offer }) => offer !== undefined));
  client.say(announceOf('s', 'a', { offers: offersOf(...names) }));
  const got = heard();
  assert.equal(got.flat().length, 10);
  assert.ok(got.every((offers) => offers.length <= 1));
  assert.equal(new Set(got.flat().map(({ offer_id }) => offer_id)).size, 10);
  client.say(announceOf('s', 'a', { offers: offersOf(...names), numwant: 3 }));
  assert.equal(heard().flat().length, 3);
  client.say(announceOf('s', 'a', { offers: offersOf(...names), numwant: 0 }));
  assert.equal(heard().flat().length, 0);
  client.say(announceOf('s', 'a', { left: 0, offers: offersOf('o') }));
  assert.equal(heard().flat().length, 1);
});

test('a bad offer is relayed to nobody, and its announce is refused with all that clients need', () => {
  const scene = new Scene();
  const other = scene.client().say(announceOf('s', 'b'));
  other.heard();
  const client = scene.client();
  const [good] = offersOf('good');
  for (const bad of [
    { ...good, offer_id: 'short' },
    { ...good, offer_id: `${id('x').slice(1)}Ā` },
    { ...good, offer: { type: 'answer', sdp: 'v=0' } },
    { ...good, offer: { type: 'offer' } },
    null,
  ]) {
    client.say(announceOf('s', 'a', { offers: [good, bad] }));
    const [failure, ...more] = client.heard();
    assert.deepEqual(Object.keys(failure), ['action', 'failure reason', 'interval', 'info_hash']);
    assert.equal(failure.interval, 1800);
    assert.deepEqual(more, []);
  }
  assert.deepEqual(other.heard(), []);
  assert.equal(scene.counts(id('s')).incomplete, 1);
  assert.equal(scene.counters[0].stats.length > 0, true);
});

test('scrapes of one, of several, of too many and of everything', () => {
  const scene = new Scene();
  const client = scene.client();
  client.say(announceOf('s', 'a', { left: 0 })).heard();
  const files = (...names: string[]) =>
    Object.fromEntries(
      names.map((name) => [id(name), { complete: name === 's' ? 1 : 0, incomplete: 0, downloaded: 0 }]),
    );
  const flags = { min_request_interval: 60 };
  client.say({ action: 'scrape', info_hash: id('s') });
  assert.deepEqual(client.heard(), [{ action: 'scrape', files: files('s'), flags }]);
  client.say({ action: 'scrape', info_hash: ['s', 't', 'u', 'v', 'w', 'x'].map(id) });
  assert.deepEqual(client.heard(), [{ action: 'scrape', files: files('s', 't', 'u', 'v', 'w'), flags }]);
  client.say({ action: 'scrape' });
  assert.deepEqual(client.heard(), [
    { action: 'scrape', 'failure reason': 'full scrape not allowed', interval: 1800 },
  ]);
});

test('a scrape of everything, where it is allowed, holds torrents of both kinds once, up to a bound', () => {
  const scene = new Scene({ settings: { fullScrape: true }, limits: { maxFullScrape: 3 } });
  const client = scene.client();
  const visit = new Visit();
  visit.infoHash = new Int32Array(Uint8Array.from(id('t'), (c) => c.charCodeAt(0)).buffer);
  scene.store.announce(visit, 0, 1);
  client
    .say(announceOf('s', 'a', { left: 0 }))
    .say(announceOf('t', 'a'))
    .heard();
  client.say({ action: 'scrape' });
  const [{ files }] = client.heard();
  assert.deepEqual(files, {
    [id('s')]: { complete: 1, incomplete: 0, downloaded: 0 },
    [id('t')]: { complete: 0, incomplete: 2, downloaded: 0 },
  });
  client.say(announceOf('u', 'a')).heard();
  client.say({ action: 'scrape' });
  assert.match(client.heard()[0]['failure reason'], /too large/);
});

test('who asks too often is told so; the others are not touched', () => {
  const http = TokenBuckets.create({ rate: 1, burst: 5 }, Int32Array.of(1, 2)).buffer;
  const scene = new Scene({ protection: new Protection({ udp: undefined, http, access: undefined }) });
  const client = scene.client('203.0.113.1');
  const other = scene.client('203.0.113.2');
  for (let n = 0; n < 8; n++) client.say(announceOf('s', 'a'));
  const failures = client.heard().filter((message) => message['failure reason'] === 'too many requests');
  assert.equal(failures.length, 3);
  other.say(announceOf('s', 'b'));
  assert.deepEqual(other.heard(), [reply('s', 0, 2)]);
});

test('networks, clients and torrents that are denied are refused', () => {
  const access = {
    ...{ allowedTorrents: undefined, deniedTorrents: undefined, deniedAddresses: undefined },
    ...{ allowedClients: [], deniedClients: ['bad'] },
  };
  const scene = new Scene({ protection: new Protection({ udp: undefined, http: undefined, access }) });
  const client = scene.client();
  client.say(announceOf('s', 'bad client')).say(announceOf('s', 'good client'));
  const [refused, answered] = client.heard();
  assert.equal(refused['failure reason'], 'client not allowed');
  assert.deepEqual(answered, reply('s', 0, 1));
});

test('who is silent is pinged before a minute is over, and ends without an answer', () => {
  const scene = new Scene();
  const [quiet, gone] = [scene.client(), scene.client()];
  gone.say(announceOf('s', 'a')).heard();
  for (let second = 0; second < 46; second++) {
    scene.now++;
    scene.tick();
  }
  assert.deepEqual([quiet.heard(), gone.heard()], [['ping'], ['ping']]);
  quiet.say('', 10);
  for (let second = 0; second < 11; second++) {
    scene.now++;
    scene.tick();
  }
  assert.deepEqual([quiet.wasCut, gone.wasCut], [false, true]);
  assert.equal(scene.counts(id('s')).incomplete, 0);
  quiet.say('are you there', 9);
  assert.deepEqual(quiet.heard(), ['pong']);
});

test('a client that does not read ends at its bound, and one whose bytes do not move sooner', () => {
  const scene = new Scene();
  const [deaf, stuck] = [scene.client(), scene.client()];
  deaf.reads = stuck.reads = false;
  let said = 0;
  while (!deaf.wasCut && said < 10_000) {
    deaf.say({ action: 'scrape', info_hash: id('s') });
    said++;
  }
  assert.ok(deaf.backlog > 262_144 && deaf.backlog < 263_000, `${deaf.backlog}`);
  stuck.say(announceOf('s', 'a'));
  for (let second = 0; second < 17; second++) {
    scene.now++;
    scene.tick();
  }
  assert.ok(stuck.wasCut);
  assert.equal(scene.counters[0].slowReaders, 2);
  assert.equal(scene.counts(id('s')).incomplete, 0);
});

test('a message byte by byte has its time, however many frames it has', () => {
  const scene = new Scene();
  const slow = scene.client();
  const frame = slow.frame(new TextEncoder().encode(JSON.stringify(announceOf('s', 'a'))));
  for (const byte of frame.subarray(0, frame.length - 1)) slow.sayBytes(Uint8Array.of(byte));
  scene.now += 7;
  scene.tick();
  assert.deepEqual(slow.heard(), []);
  slow.sayBytes(frame.slice(frame.length - 1));
  assert.deepEqual(slow.heard(), [reply('s', 0, 1)]);
  for (let piece = 0; piece < 20 && slow.socket.isOpen; piece++) {
    // A frame of one byte that goes on, and on.
    slow.sayBytes(Uint8Array.of(piece === 0 ? 1 : 0, 0x81, 0, 0, 0, 0, 0x20));
    scene.now++;
    scene.tick();
  }
  assert.deepEqual(slow.heard(), ['close 1008']);
  assert.equal(scene.counts(id('s')).incomplete, 0);
});

test('ten megabytes, bad frames and text that is no JSON', () => {
  const scene = new Scene();
  const big = scene.client();
  big.sayBytes(Uint8Array.of(0x81, 0xff, 0, 0, 0, 0, 0, 0xa0, 0, 0, 1, 2, 3, 4, 5));
  assert.deepEqual(big.heard(), ['close 1009']);
  const unmasked = scene.client();
  unmasked.sayBytes(Uint8Array.of(0x81, 0x02, 0x7b, 0x7d));
  assert.deepEqual(unmasked.heard(), ['close 1002']);
  assert.equal(scene.counters[0].protocolErrors, 2);
  const client = scene.client();
  for (const text of ['', '{', '[]', '{"action":"announce"}', '{"action":"x"}']) client.say(text);
  const answers = client.heard();
  assert.equal(answers.length, 5);
  for (const answer of answers) {
    assert.equal(typeof answer['failure reason'], 'string');
    assert.equal(answer.action, 'announce');
  }
  // It is still a good connection.
  client.say(announceOf('s', 'a'));
  assert.deepEqual(client.heard(), [reply('s', 0, 1)]);
});

test('a close is answered, and the tracker closes when it ends', () => {
  const scene = new Scene();
  const [one, two] = [scene.client(), scene.client()];
  one.say(announceOf('s', 'a')).heard();
  one.sayBytes(one.frame(Uint8Array.of(0x03, 0xe8), 8));
  assert.deepEqual(one.heard(), ['close 1000']);
  assert.ok(one.finished);
  scene.threads[0].sockets.closeAll();
  assert.deepEqual(two.heard(), ['close 1001']);
  scene.now += 2;
  scene.tick();
  assert.ok(two.wasCut);
  assert.equal(scene.threads[0].sockets.count, 0);
});

test('offers of one connection are bounded', () => {
  const scene = new Scene({ limits: { maxOffersPerConnection: 25 } });
  for (let n = 0; n < 20; n++) scene.client().say(announceOf('s', `other ${n}`));
  const client = scene.client();
  const names = Array.from({ length: 10 }, (_, n) => `offer ${n}`);
  for (let n = 0; n < 5; n++) client.say(announceOf('s', 'a', { offers: offersOf(...names) }));
  assert.equal(scene.counters[0].offersRelayed, 25);
  scene.now += 120;
  client.say(announceOf('s', 'a', { offers: offersOf(...names) }));
  assert.equal(scene.counters[0].offersRelayed, 35);
});

test('after memory was short a peer is written down again, and its connection does not count it twice', () => {
  const scene = new Scene({ memoryLimit: 4 << 20 });
  const client = scene.client();
  const flood = scene.client();
  client.say(announceOf('s', 'a'));
  for (let n = 0; n < 9000; n++) flood.say(announceOf(`flood ${n}`, 'f'));
  scene.now += 10;
  while (!scene.store.sweep(scene.now + 100_000, 1000));
  for (let n = 0; n < 3; n++) client.say(announceOf('s', 'a'));
  assert.equal(client.socket.memberships.count, 1);
  client.leave();
  assert.equal(scene.counts(id('s')).incomplete, 0);
});

test('of many that are silent some are pinged in each turn, and each once', () => {
  const scene = new Scene();
  const clients = Array.from({ length: 200 }, (_, i) => scene.client(`203.0.113.${1 + (i % 250)}`));
  const pinged = () => clients.filter(({ received }) => received.includes('ping')).length;
  const [{ sockets }] = scene.threads;
  scene.now += 59;
  assert.deepEqual([sockets.tick(), pinged()], [false, 64]);
  assert.deepEqual([sockets.tick(), pinged()], [false, 128]);
  // One that leaves meanwhile, and one that comes, are nobody else's turn.
  clients[199].socket.carrier.cut();
  scene.client('203.0.113.251');
  while (!sockets.tick());
  assert.ok(pinged() >= 199);
  while (!sockets.tick());
  for (const { received } of clients) assert.ok(received.filter((word) => word === 'ping').length <= 1);
});
