// Checks HTTP itself: paths, methods, headers, connections kept, pipelined and half closed, gzip, proxies and full scrapes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { decodeBencode } from '../../../src/protocol/bencode.ts';
import * as replies from '../../../src/protocol/http-client-replies.ts';
import { formatIp } from '../../../src/protocol/ip-address.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { sumAnswerStats } from '../../../src/transport/answer-stats.ts';
import { createContractTracker } from '../contract.ts';
import { startHttpFor } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const swarm = 'info_hash=aaaaaaaaaaaaaaaaaaaa';
const query = (port: number, rest = '') => `${swarm}&peer_id=-CC0100-abcdefghijkl&port=${port}${rest}`;
const get = (target: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\n${['Host: t', ...fields].map((field) => `${field}\r\n`).join('')}\r\n`;

// Plain bytes rather than Buffers, so that they compare with what is expected.
const decodeHttpAnnounceReply = (body: Buffer) => replies.decodeHttpAnnounceReply(new Uint8Array(body));

async function ask(port: number, request: string) {
  const connection = await RawHttp.open(port);
  connection.send(request);
  const reply = await connection.reply(request.startsWith('HEAD'));
  connection.close();
  assert.ok(reply !== undefined, 'no reply');
  return reply;
}

test('every tracker answer is 200 text/plain with its length, failures too', async (t) => {
  const { port } = await startHttpFor(t);
  for (const target of [`/announce?${query(1)}`, `/announce`, `/scrape?${swarm}`, '/scrape']) {
    const reply = await ask(port, get(target));
    assert.equal(reply.status, 200);
    assert.equal(reply.fields.get('content-type'), 'text/plain');
    assert.equal(reply.fields.get('content-length'), String(reply.body.length));
    assert.equal(reply.fields.get('vary'), 'Accept-Encoding');
    decodeBencode(reply.body);
  }
});

test('an announce answers everything that clients look for', async (t) => {
  const { port } = await startHttpFor(t);
  const reply = decodeHttpAnnounceReply((await ask(port, get(`/announce?${query(6881, '&left=0')}`))).body);
  assert.deepEqual(
    {
      ...reply,
      externalIp: formatIp(reply.externalIp!),
      trackerId: Buffer.from(reply.trackerId!).toString(),
    },
    {
      failureReason: undefined,
      warningMessage: undefined,
      retryIn: undefined,
      interval: 1800,
      minInterval: 60,
      complete: 1,
      incomplete: 0,
      downloaded: 0,
      peers: new Uint8Array(0),
      peers6: undefined,
      externalIp: '127.0.0.1',
      trackerId: 'Wildkat',
      findings: [],
    },
  );
});

test('any prefix and one trailing slash are accepted, other paths are not found', async (t) => {
  const { port, counters } = await startHttpFor(t);
  for (const path of ['/announce', '/announce/', '/a/b/announce', '/key/announce/']) {
    const { body } = await ask(port, get(`${path}?${query(1)}`));
    assert.equal(decodeHttpAnnounceReply(body).incomplete, 1, path);
  }
  for (const path of ['/x', '/announcer', '/favicon.ico', '/announce/x']) {
    const reply = await ask(port, get(`${path}?${query(1)}`));
    assert.deepEqual([reply.status, reply.fields.get('content-type')], [404, 'text/plain']);
    assert.equal(reply.body.toString(), 'not found\n');
  }
  assert.deepEqual([counters.announces, counters.notFound], [4, 4]);
});

test('the page at / names the announce URLs, escaped', async (t) => {
  const { port } = await startHttpFor(t, {
    announceUrls: (host) => [`http://${host}/announce`, 'udp://<i>&"x"'],
  });
  const askAs = (host: string) => ask(port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const reply = await askAs('T.example:81');
  assert.deepEqual([reply.status, reply.fields.get('content-type')], [200, 'text/html; charset=utf-8']);
  assert.match(reply.body.toString(), /http:\/\/t\.example\/announce/);
  assert.ok(!reply.body.toString().includes('<i>'));
  assert.equal(reply.fields.get('cache-control'), 'no-store');
  assert.equal(reply.fields.get('content-security-policy'), "default-src 'none'");
  for (const host of ['<script>', 'a"onclick="b', 'evil.example/x', 'a@b']) {
    assert.match((await askAs(host)).body.toString(), /http:\/\/undefined\/announce/, host);
  }
});

test('HEAD gives the head that GET gives and no body', async (t) => {
  const { port } = await startHttpFor(t);
  for (const target of [`/announce?${query(1)}`, '/announce', `/scrape?${swarm}`, '/', '/none']) {
    const [whole, head] = [await ask(port, get(target)), await ask(port, get(target).replace('GET', 'HEAD'))];
    for (const field of ['content-type', 'content-length', 'vary', 'connection']) {
      assert.equal(head.fields.get(field), whole.fields.get(field), `${target} ${field}`);
    }
    assert.equal(head.status, whole.status);
  }
  const connection = await RawHttp.open(port);
  connection.send(`${get('/scrape').replace('GET', 'HEAD')}${get(`/scrape?${swarm}`)}`);
  await connection.reply(true);
  assert.ok((await connection.reply())?.body.includes('files'), 'what follows a HEAD is the next reply');
  connection.close();
});

test('a connection is kept for further requests, also pipelined ones', async (t) => {
  const { port, counters } = await startHttpFor(t);
  const connection = await RawHttp.open(port);
  for (let i = 1; i <= 3; i++) {
    connection.send(get(`/announce?${query(i)}`));
    assert.equal(decodeHttpAnnounceReply((await connection.reply())!.body).incomplete, i);
  }
  connection.send(Array.from({ length: 50 }, (_, i) => get(`/announce?${query(i + 4)}`)).join(''));
  for (let i = 4; i < 54; i++) {
    assert.equal(decodeHttpAnnounceReply((await connection.reply())!.body).incomplete, i);
  }
  connection.close();
  assert.equal(counters.connectionsOpened, 1);
});

test('an HTTP/1.0 client is answered and its connection ended', async (t) => {
  const { port } = await startHttpFor(t);
  const connection = await RawHttp.open(port);
  connection.send(`GET /announce?${query(1)} HTTP/1.0\r\n\r\n`);
  const reply = (await connection.reply())!;
  assert.equal(decodeHttpAnnounceReply(reply.body).incomplete, 1);
  await connection.end();
});

test('a client that closes its side after asking is still answered', async (t) => {
  const { port } = await startHttpFor(t, { tracker: createContractTracker({ fullScrape: true }) });
  for (const target of [`/announce?${query(1)}`, `/scrape?${swarm}`, '/scrape']) {
    const connection = await RawHttp.open(port);
    connection.socket.end(get(target));
    const reply = await connection.reply();
    assert.equal(reply?.status, 200, target);
    decodeBencode(reply.body);
    await connection.end();
  }
});

test('gzip is sent to who accepts it when it is smaller', async (t) => {
  const { port, counters } = await startHttpFor(t);
  for (let peer = 1; peer <= 20; peer++) await ask(port, get(`/announce?${query(peer)}`));
  const plain = await ask(port, get(`/announce?${query(99)}`));
  for (const refusal of ['identity', 'gzip;q=0', 'br']) {
    const reply = await ask(port, get(`/announce?${query(99)}`, `Accept-Encoding: ${refusal}`));
    assert.equal(reply.fields.get('content-encoding'), undefined);
  }
  const target = get(`/announce?${query(99)}`, 'accept-encoding: deflate, gzip;q=0.5');
  const zipped = await ask(port, target);
  assert.equal(zipped.fields.get('content-encoding'), 'gzip');
  assert.equal(zipped.fields.get('content-length'), String(zipped.body.length));
  assert.ok(zipped.body.length < plain.body.length);
  assert.equal(gunzipSync(zipped.body).length, plain.body.length);
  const head = await ask(port, target.replace('GET', 'HEAD'));
  assert.equal(head.fields.get('content-encoding'), 'gzip');
  const short = await ask(port, get('/announce', 'Accept-Encoding: gzip'));
  assert.equal(short.fields.get('content-encoding'), undefined);
  assert.equal(counters.compressed, 2);
});

test('dictionaries hold peer ids unless no_peer_id=1', async (t) => {
  const { port } = await startHttpFor(t);
  await ask(port, get(`/announce?${query(1)}`));
  const peersOf = async (rest: string) =>
    decodeHttpAnnounceReply((await ask(port, get(`/announce?${query(2, rest)}`))).body).peers;
  const peerId = new Uint8Array(Buffer.from('-CC0100-abcdefghijkl'));
  assert.deepEqual(await peersOf('&compact=0'), [{ ip: '127.0.0.1', port: 1, peerId }]);
  assert.deepEqual(await peersOf('&compact=0&no_peer_id=1'), [
    { ip: '127.0.0.1', port: 1, peerId: undefined },
  ]);
});

test('an address that a client claims is ignored', async (t) => {
  const { port } = await startHttpFor(t);
  const claims = '&ip=192.0.2.1&ipv4=192.0.2.1&ipv6=2001:db8::1';
  const request = get(`/announce?${query(1, claims)}`, 'X-Forwarded-For: 192.0.2.1', 'X-Real-IP: 192.0.2.1');
  assert.equal(formatIp(decodeHttpAnnounceReply((await ask(port, request)).body).externalIp!), '127.0.0.1');
});

test('a trusted proxy is believed about its clients', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.0/8'] });
  const externalIp = async (...fields: string[]) => {
    const reply = decodeHttpAnnounceReply((await ask(port, get(`/announce?${query(1)}`, ...fields))).body);
    return reply.failureReason ?? formatIp(reply.externalIp!);
  };
  assert.equal(await externalIp('X-Forwarded-For: 192.0.2.1'), '192.0.2.1');
  assert.equal(await externalIp('x-forwarded-for: 198.51.100.9, 2001:db8::1, 127.0.0.2'), '2001:db8::1');
  assert.equal(await externalIp('X-Forwarded-For: 192.0.2.7', 'X-Forwarded-For: 127.0.0.9'), '192.0.2.7');
  assert.equal(await externalIp(), '127.0.0.1', 'without the header the proxy itself is the client');
  assert.equal(await externalIp('X-Forwarded-For: nonsense'), 'invalid client address');
  assert.equal(await externalIp('X-Forwarded-For: ::ffff:192.0.2.9'), '192.0.2.9');
});

test('clients behind a proxy are peers by their own addresses, IPv6 ones with IPv4 to fill up', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'] });
  const announce = async (peer: number, from: string, rest = '') =>
    decodeHttpAnnounceReply(
      (await ask(port, get(`/announce?${query(peer, rest)}`, `X-Forwarded-For: ${from}`))).body,
    );
  await announce(1, '192.0.2.1');
  await announce(2, '2001:db8::2');
  const reply = await announce(3, '2001:db8::3');
  assert.deepEqual(reply.peers, new Uint8Array(0));
  assert.equal(
    Buffer.from(reply.peers6!).toString('hex'),
    '20010db8000000000000000000000002000200000000000000000000ffffc00002010001',
  );
  const one = await announce(3, '2001:db8::3', '&numwant=1');
  assert.equal(
    Buffer.from(one.peers6!).toString('hex'),
    '20010db80000000000000000000000020002',
    'own family first',
  );
  const list = await announce(3, '2001:db8::3', '&compact=0&no_peer_id=1');
  assert.deepEqual(list.peers, [
    { ip: '2001:db8::2', port: 2, peerId: undefined },
    { ip: '192.0.2.1', port: 1, peerId: undefined },
  ]);
  assert.equal(list.peers6, undefined);
});

test('without ipv4Mapped an IPv6 client is given IPv6 peers only', async (t) => {
  const { port } = await startHttpFor(t, {
    trusted: ['127.0.0.1'],
    tracker: createContractTracker({ ipv4Mapped: false, trackerId: '' }),
  });
  await ask(port, get(`/announce?${query(1)}`, 'X-Forwarded-For: 192.0.2.1'));
  const reply = decodeHttpAnnounceReply(
    (await ask(port, get(`/announce?${query(2)}`, 'X-Forwarded-For: 2001:db8::2'))).body,
  );
  assert.deepEqual(reply.peers6, new Uint8Array(0));
  assert.equal(reply.trackerId, undefined);
});

test('a scrape names counts, downloaders and the shortest interval', async (t) => {
  const { port } = await startHttpFor(t);
  await ask(port, get(`/announce?${query(1, '&event=paused&left=5')}`));
  await ask(port, get(`/announce?${query(2, '&left=5')}`));
  const { body } = await ask(port, get(`/scrape?${swarm}`));
  assert.equal(
    body.toString(),
    'd5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei0e10:downloadedi0e11:downloadersi1e10:incompletei2eee' +
      '5:flagsd20:min_request_intervali60eee',
  );
});

test('a full scrape is refused unless it is allowed', async (t) => {
  const { port } = await startHttpFor(t);
  const reply = replies.decodeHttpScrapeReply((await ask(port, get('/scrape'))).body);
  assert.equal(reply.failureReason, 'full scrape not allowed');
});

/** A tracker whose full scrape names `count` swarms; how many the last has named, and how many were begun. */
function hugeTracker(count: number): { tracker: Tracker; made: () => number; begun: () => number } {
  const tracker = createContractTracker({ fullScrape: true });
  let made = 0;
  let begun = 0;
  const counts = { complete: 1, incomplete: 2, downloaded: 3, downloaders: 2 };
  tracker.scrapeAll = function* () {
    const infoHash = new Uint8Array(20);
    begun++;
    for (made = 0; made < count; made++) {
      new DataView(infoHash.buffer).setUint32(0, made);
      yield { infoHash, ...counts };
      if (made % 1000 === 0) yield undefined;
    }
  };
  return { tracker, made: () => made, begun: () => begun };
}

test('a full scrape is collected once for all who ask, and slow readers keep nobody waiting', async (t) => {
  const count = 40_000;
  const { tracker, made, begun } = hugeTracker(count);
  const { port } = await startHttpFor(t, { tracker });
  const slow = await Promise.all(Array.from({ length: 20 }, () => RawHttp.open(port)));
  for (const connection of slow) {
    connection.socket.pause();
    connection.send(get('/scrape'));
  }
  const left = await Promise.all(Array.from({ length: 20 }, () => RawHttp.open(port)));
  for (const connection of left) {
    connection.send(get('/scrape'));
    connection.socket.end();
    setTimeout(() => connection.close(), 20);
  }
  const limits = { maxBytes: 1 << 26, maxItems: 2e6 };
  const reply = await ask(port, get('/scrape'));
  assert.equal(reply.fields.get('content-length'), undefined);
  assert.equal(replies.decodeHttpScrapeReply(reply.body, limits).files.length, count);
  const zipped = await ask(port, get('/scrape', 'Accept-Encoding: gzip'));
  assert.deepEqual(gunzipSync(zipped.body), reply.body);
  // Those who came first have lost nothing.
  slow[0].socket.resume();
  assert.deepEqual((await slow[0].reply())!.body, reply.body);
  for (const connection of slow) connection.close();
  assert.deepEqual([made(), begun()], [count, 1]);
});

test('an announce is answered between two slices of a full scrape', async (t) => {
  const { tracker, made } = hugeTracker(300_000);
  const { port } = await startHttpFor(t, { tracker });
  const scraping = await RawHttp.open(port);
  const announcing = await RawHttp.open(port);
  scraping.socket.pause();
  scraping.send(get('/scrape'));
  let between = 0;
  for (let before = made(); made() < 300_000; before = made()) {
    announcing.send(get(`/announce?${query(1)}`));
    assert.equal((await announcing.reply())?.status, 200);
    if (made() > before && made() < 300_000) between++;
  }
  scraping.close();
  announcing.close();
  assert.ok(between > 5, `${between}`);
});

test('a full scrape that is short has a length and is compressed like any answer', async (t) => {
  const { tracker } = hugeTracker(3);
  const { port } = await startHttpFor(t, { tracker });
  const plain = await ask(port, get('/scrape'));
  assert.equal(plain.fields.get('content-length'), String(plain.body.length));
  assert.equal(replies.decodeHttpScrapeReply(plain.body).files.length, 3);
  const zipped = await ask(port, get('/scrape', 'Accept-Encoding: gzip'));
  assert.equal(zipped.fields.get('content-length'), String(zipped.body.length));
  assert.deepEqual(gunzipSync(zipped.body), plain.body);
});

test('a full scrape is strict bencode, plain, compressed, for HTTP/1.0, and one in a pipeline', async (t) => {
  const { tracker } = hugeTracker(1000);
  const { port, counters } = await startHttpFor(t, { tracker });
  const plain = await ask(port, get('/scrape'));
  assert.equal(replies.decodeHttpScrapeReply(plain.body).findings.length, 0);
  const zipped = await ask(port, get('/scrape', 'Accept-Encoding: gzip'));
  assert.equal(zipped.fields.get('content-encoding'), 'gzip');
  assert.deepEqual(gunzipSync(zipped.body), plain.body);
  const old = await ask(port, 'GET /scrape HTTP/1.0\r\n\r\n');
  assert.deepEqual(old.body, plain.body);
  const head = await ask(port, get('/scrape').replace('GET', 'HEAD'));
  assert.equal(head.status, 200);
  const connection = await RawHttp.open(port);
  connection.send(`${get('/scrape')}${get(`/announce?${query(1)}`)}`);
  assert.deepEqual((await connection.reply())!.body, plain.body);
  assert.equal(decodeHttpAnnounceReply((await connection.reply())!.body).incomplete, 1);
  connection.close();
  assert.equal(counters.fullScrapes, 5);
});

test('a pipeline of a thousand full scrapes is given four at a time', async (t) => {
  const { tracker } = hugeTracker(1000);
  const { port } = await startHttpFor(t, { tracker });
  const connection = await RawHttp.open(port);
  connection.send(get('/scrape').repeat(1000));
  const outcomes = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const reason =
      replies.decodeHttpScrapeReply((await connection.reply())!.body).failureReason ?? 'answered';
    outcomes.set(reason, (outcomes.get(reason) ?? 0) + 1);
  }
  connection.close();
  assert.ok(outcomes.get('answered')! >= 4);
  assert.ok(outcomes.get('too many full scrapes at once')! > 500);
});

test('a client that leaves in the middle of a full scrape is no exception', async (t) => {
  const { tracker, made } = hugeTracker(300_000);
  const { port, counters, exceptions } = await startHttpFor(t, { tracker });
  const connection = await RawHttp.open(port);
  connection.socket.pause();
  connection.send(get('/scrape'));
  while (made() === 0) await sleep(10);
  connection.close();
  while (counters.connectionsOpen > 0) await sleep(10);
  assert.deepEqual(exceptions, []);
});

test('an exception is told once, the client is told of an internal error, and the next is answered', async (t) => {
  const tracker = createContractTracker({ fullScrape: true });
  const announce = tracker.announce.bind(tracker);
  const fault = new Error('a defect');
  tracker.announce = () => {
    throw fault;
  };
  const { tracker: huge } = hugeTracker(10_000);
  tracker.scrapeAll = function* () {
    yield* huge.scrapeAll();
    throw fault;
  };
  const { port, counters, exceptions } = await startHttpFor(t, { tracker });
  const reply = await ask(port, get(`/announce?${query(1)}`));
  assert.equal(decodeHttpAnnounceReply(reply.body).failureReason, 'internal error');
  assert.deepEqual(exceptions, [fault]);
  const connection = await RawHttp.open(port);
  connection.send(get('/scrape'));
  await connection.end();
  assert.deepEqual(exceptions, [fault, fault]);
  assert.equal(counters.exceptions, 2);
  tracker.announce = announce;
  assert.equal(decodeHttpAnnounceReply((await ask(port, get(`/announce?${query(1)}`))).body).incomplete, 1);
});

test('refusals are counted by their kind', async (t) => {
  const { port, counters } = await startHttpFor(t);
  await ask(port, get('/announce'));
  await ask(port, get(`/announce?${query(0)}`));
  await ask(port, get('/scrape'));
  const { malformed, not_allowed, other } = sumAnswerStats([counters.stats]).refused;
  assert.deepEqual([malformed, not_allowed, other], [2, 1, 0]);
});

test('closing ends idle connections and lets no new ones in', async (t) => {
  const { port, transport, counters } = await startHttpFor(t);
  const connection = await RawHttp.open(port);
  connection.send(get(`/announce?${query(1)}`));
  await connection.reply();
  await transport.close();
  await connection.end();
  await assert.rejects(RawHttp.open(port), { code: 'ECONNREFUSED' });
  assert.equal(counters.connectionsOpen, 0);
});
