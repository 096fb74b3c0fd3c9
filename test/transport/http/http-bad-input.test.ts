// Checks that nothing a client can send stores anything, ends the process, or keeps the next good announce from its answer.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import fc from 'fast-check';
import { decodeHttpAnnounceReply } from '../../../src/protocol/http-client-replies.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { createContractTracker } from '../contract.ts';
import { type StartedHttp, startHttp } from './http-tracker.ts';
import { RawHttp, type RawReply } from './raw-http.ts';

const hash = 'a'.repeat(20);
const peerId = 'b'.repeat(20);
const get = (target: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\n${['Host: t', ...fields].map((field) => `${field}\r\n`).join('')}\r\n`;
const announce = (changes: Record<string, string>) => {
  const parameters = { info_hash: hash, peer_id: peerId, port: '6881', ...changes };
  return get(
    `/announce?${Object.entries(parameters)
      .map((pair) => pair.join('='))
      .join('&')}`,
  );
};

let tracker: Tracker;
let http: StartedHttp;
before(async () => {
  tracker = createContractTracker();
  http = await startHttp({ tracker, max: 100 });
});
after(() => http.transport.close(0));

// Nothing stored, nothing thrown, and the next good announce is answered.
afterEach(async () => {
  assert.equal([...tracker.scrapeAll()].filter(Boolean).length, 0, 'something was stored');
  assert.deepEqual(http.exceptions, []);
  const connection = await RawHttp.open(http.port);
  for (const event of ['started', 'stopped']) {
    connection.send(announce({ event }));
    const reply = decodeHttpAnnounceReply((await connection.reply())!.body);
    assert.equal(reply.incomplete, event === 'started' ? 1 : 0);
  }
  connection.close();
});

/** Sends bytes and returns the reply, having seen the connection end; undefined when it ended without one. */
async function send(bytes: string | Buffer, finish = false): Promise<RawReply | undefined> {
  const connection = await RawHttp.open(http.port);
  connection.socket.on('error', () => {});
  connection.send(bytes);
  if (finish) connection.socket.end();
  const reply = await connection.reply();
  await connection.end();
  connection.close();
  return reply;
}

const failures: [string, string, string][] = [
  ['no parameters', get('/announce'), 'missing or invalid info_hash'],
  ['an info_hash of 19 bytes', announce({ info_hash: hash.slice(1) }), 'missing or invalid info_hash'],
  ['an info_hash of 21 bytes', announce({ info_hash: `${hash}a` }), 'missing or invalid info_hash'],
  ['a broken percent sign', announce({ info_hash: `${hash.slice(1)}%4` }), 'missing or invalid info_hash'],
  [
    'a broken percent sign with letters',
    announce({ info_hash: `${hash.slice(1)}%zz` }),
    'missing or invalid info_hash',
  ],
  ['a peer_id of 19 bytes', announce({ peer_id: peerId.slice(1) }), 'missing or invalid peer_id'],
  ['a peer_id of 21 bytes', announce({ peer_id: `${peerId}b` }), 'missing or invalid peer_id'],
  ...['0', '65536', '99999', '-1', '1e3', '%2080', '', '+80', '0x1'].map((port): [string, string, string] => [
    `port "${port}"`,
    announce({ port }),
    'missing or invalid port',
  ]),
  ['a left that is no number', announce({ left: 'abc' }), 'invalid numeric parameter'],
  ['a left with an exponent', announce({ left: '1e3' }), 'invalid numeric parameter'],
  ['a numwant that is no number', announce({ numwant: 'many' }), 'invalid numeric parameter'],
  ['a bad port before a good one', announce({ port: '0&port=6881' }), 'missing or invalid port'],
  ['a thousand parameters', announce({ port: `1${'&a=b'.repeat(1000)}` }), 'too many parameters'],
  ['a scrape with a broken percent sign', get('/scrape?info_hash=%'), 'missing or invalid info_hash'],
];
for (const [name, request, reason] of failures) {
  test(`${name}: ${reason}, and the connection ends`, async () => {
    const reply = await send(request);
    assert.equal(reply?.status, 200);
    assert.equal(decodeHttpAnnounceReply(reply.body).failureReason, reason);
  });
}

test('a scrape of no info_hash is refused', async () => {
  const reply = await send(get('/scrape', 'Connection: close'));
  assert.equal(decodeHttpAnnounceReply(reply!.body).failureReason, 'full scrape not allowed');
});

const tls = Buffer.from('16030100a5010000a10303', 'hex');
const statuses: [string, string | Buffer, number][] = [
  ['a head of 9 KiB', get('/announce', `X: ${'x'.repeat(9 * 1024)}`), 431],
  ['10,000 parameters', announce({ port: `6881${'&a=1'.repeat(10_000)}` }), 431],
  ['a head without end', `GET /announce HTTP/1.1\r\n${'X: yyyyyyyyyyyyyy\r\n'.repeat(3000)}`, 431],
  ['a head of 9 KiB in many small fields', get('/announce', ...Array(1500).fill('X: y')), 431],
  ['a target of 64 KiB', `GET /${'x'.repeat(65_536)} HTTP/1.1\r\n\r\n`, 431],
  ['a body', get('/announce', 'Content-Length: 5').concat('hello'), 400],
  ['a body that does not come', get('/announce', 'Content-Length: 5'), 400],
  ['a body of 1 MiB', get('/announce', 'Content-Length: 1048576').concat('x'.repeat(1 << 20)), 400],
  ['a chunked body', get('/announce', 'Transfer-Encoding: chunked').concat('0\r\n\r\n'), 400],
  ['a transfer encoding of another kind', get('/announce', 'Transfer-Encoding: gzip'), 400],
  [
    'both a length and a transfer encoding',
    get('/', 'Content-Length: 1', 'Transfer-Encoding: chunked').concat('x'),
    400,
  ],
  ['two lengths', get('/announce', 'Content-Length: 0', 'Content-Length: 5').concat('hello'), 400],
  ['a negative length', get('/announce', 'Content-Length: -1'), 400],
  ['a body after Expect', get('/announce', 'Content-Length: 5', 'Expect: 100-continue'), 400],
  ['a method of the wrong kind', get('/announce').replace('GET', 'POST'), 405],
  ['OPTIONS', get('*').replace('GET', 'OPTIONS'), 405],
  ['CONNECT', 'CONNECT tracker:443 HTTP/1.1\r\nHost: t\r\n\r\n', 405],
  ['a method that nobody knows', get('/announce').replace('GET', 'ANNOUNCE'), 405],
  ['a method in lower case', get('/announce').replace('GET', 'get'), 405],
  ['another version', get('/announce').replace('HTTP/1.1', 'HTTP/3.1'), 400],
  ['no version', 'GET /announce\r\n\r\n', 400],
  ['a space in the target', get('/announce?info_hash=a b'), 400],
  ['a control character in the target', get('/announce?\x01'), 400],
  ['a NUL in a field', get('/announce', 'X: a\0b'), 400],
  ['a field without a colon', get('/announce', 'nonsense'), 400],
  ['a bare line feed in a field', get('/announce', 'X: a\nY'), 400],
  ['a TLS hello', Buffer.concat([tls, Buffer.alloc(200)]), 400],
  ['noise', Buffer.alloc(300, 0xff), 400],
  ['a path that is not served', get('/other'), 404],
];
for (const [name, request, status] of statuses) {
  test(`${name}: ${status}, and the connection ends`, async () => {
    const reply = await send(request);
    assert.equal(reply?.status, status);
    assert.equal(reply.fields.get('content-type'), 'text/plain');
    assert.equal(reply.fields.get('connection'), 'close');
    assert.equal(reply.fields.get('content-length'), String(reply.body.length));
    if (status === 405) assert.equal(reply.fields.get('allow'), 'GET, HEAD');
  });
}

test('a request cut off by its own end is a bad request', async () => {
  assert.equal((await send('GET /announce HT', true))?.status, 400);
  assert.equal((await send(get('/announce').slice(0, -2), true))?.status, 400);
});

test('a connection that says nothing and ends is no request', async () => {
  const { badRequests } = http.counters;
  assert.equal(await send('', true), undefined);
  assert.equal(http.counters.badRequests, badRequests);
});

test('good requests in front of a bad one are answered', async () => {
  const connection = await RawHttp.open(http.port);
  connection.send(`${get(`/scrape?info_hash=${hash}`)}${get(`/scrape?info_hash=${hash}`)}nonsense\r\n\r\n`);
  assert.equal((await connection.reply())?.status, 200);
  assert.equal((await connection.reply())?.status, 200);
  assert.equal((await connection.reply())?.status, 400);
  await connection.end();
  connection.close();
});

test('a client that goes on sending after a refusal is cut off', async () => {
  const connection = await RawHttp.open(http.port);
  connection.socket.on('error', () => {});
  connection.send('nonsense\r\n\r\n');
  const timer = setInterval(() => connection.send('x'.repeat(1000)), 20);
  assert.equal((await connection.reply())?.status, 400);
  await new Promise((resolve) => connection.socket.once('close', resolve));
  clearInterval(timer);
});

test('noise in targets and fields never ends or stops the transport', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/announce?',
      '/scrape?',
      'info_hash=',
      hash,
      '&',
      '=',
      '%',
      '%00',
      'port=',
      '\r\n',
      ' HTTP/1.1\r\n',
      '\r\n\r\n',
      'GET ',
      'HEAD ',
      'X-Forwarded-For: ',
      'Content-Length: ',
      'Accept-Encoding: gzip;q=',
      ';',
      ',',
      '9',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const request = fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(`GET ${pieces.join('')}`));
  await fc.assert(
    fc.asyncProperty(request, async (bytes) => {
      const connection = await RawHttp.open(http.port);
      connection.socket.on('error', () => {});
      connection.socket.end(bytes);
      await connection.end();
      connection.close();
    }),
    { numRuns: 200 },
  );
});
