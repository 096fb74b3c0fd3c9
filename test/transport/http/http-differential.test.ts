// The same bytes bring the same answers from node:http, from the event loop and over io_uring: status, fields and body, for good and bad requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createContractTracker } from '../contract.ts';
import { noEpoll, noUring, type StartedHttp, startEpoll, startNode } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const skip = noEpoll ?? false;
const hash = 'a'.repeat(20);
const good = `info_hash=${hash}&peer_id=-CC0100-abcdefghijkl&port=6881`;

/** Trackers of one seed: the same questions in the same order choose the same peers. */
async function startAll(changes: Parameters<typeof startNode>[0] = {}): Promise<StartedHttp[]> {
  const own = () => ({
    tracker: createContractTracker({ fullScrape: true }),
    trusted: ['127.0.0.1'],
    ...changes,
  });
  const started = [await startNode(own()), await startEpoll(own())];
  if (noUring === undefined) started.push(await startEpoll(own(), 'all'), await startEpoll(own(), 'kept'));
  return started;
}

/** Everything that comes back to `bytes` and the end behind them, up to the reply that ends the connection. */
async function transcript(port: number, bytes: Buffer): Promise<unknown[]> {
  const connection = await RawHttp.open(port);
  connection.socket.on('error', () => {});
  connection.socket.end(bytes);
  const replies: unknown[] = [];
  // HEAD is asked alone: only who asked knows that its reply has no body.
  const head = bytes.subarray(0, 5).toString('latin1') === 'HEAD ';
  for (let i = 0; i < 20; i++) {
    const reply = await connection.reply(head);
    if (reply === undefined) break;
    reply.fields.delete('date');
    replies.push([reply.status, [...reply.fields].sort(), reply.body.toString('latin1')]);
    if (head || reply.fields.get('connection') === 'close') break;
  }
  connection.close();
  return replies;
}

let all: StartedHttp[];
before(async () => {
  if (skip === false) all = await startAll();
});
after(async () => {
  for (const started of all ?? []) await started.transport.close(0);
});

async function compare(bytes: Buffer, those = all): Promise<unknown[]> {
  const [expected, ...others] = await Promise.all(those.map(({ port }) => transcript(port, bytes)));
  for (const got of others) assert.deepEqual(got, expected, JSON.stringify(bytes.toString('latin1')));
  return expected;
}

const methods = ['GET ', 'HEAD ', 'GET  ', 'POST ', 'get ', 'GETX ', 'OPTIONS ', 'GET\t', ''];
const targets = [
  `/announce?${good}`,
  `/announce?${good}&compact=0`,
  `/x/announce/?${good}&numwant=3&event=stopped`,
  `/scrape?info_hash=${hash}`,
  '/scrape',
  '/announce',
  '/',
  '/?x',
  '*',
  '/nothing#x?y',
  `http://h:1/announce?${good}`,
  'http://h',
  'http:/h/',
  'x',
  '/\xff',
  '/a"b<>^`{|}\\',
  '//h/announce',
];
const versions = [
  ' HTTP/1.1',
  ' HTTP/1.0',
  ' HTTP/0.9',
  ' HTTP/2.0',
  ' HTTP/1.2',
  ' http/1.1',
  '  HTTP/1.1',
  '',
];
const fields = [
  'Host: t.example',
  'Host: t.example:81',
  'Host: <b>',
  'Connection: close',
  'Connection: keep-alive',
  'connection: foo, Close',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Proxy-Connection: close',
  'Accept-Encoding: gzip',
  'Accept-Encoding: gzip;q=0, *',
  'X-Forwarded-For: 192.0.2.1',
  'X-Forwarded-For: 2001:db8::1, 127.0.0.1',
  'X-Forwarded-For: nonsense',
  'Content-Length: 0',
  'Content-Length: 000',
  'Content-Length: 5',
  'Content-Length: +1',
  'Content-Length:',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: gzip, chunked',
  'Expect: 100-continue',
  'X:y',
  'X: \t\xff \t',
  'X : y',
  ' X: y',
  ': y',
  'X',
  'X: a\x01',
  'X: a\x7f',
  'X: a\rb',
  'X: a\nb',
];
/** Nearly always `usual`, so that most requests have one fault or none. */
const mostly = (usual: string, ...others: string[]) =>
  fc.oneof(
    { weight: 15, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const lineEnd = mostly('\r\n', '\n', '\r', '\r\r\n', ' \r\n');
const field = fc.tuple(fc.constantFrom(...fields), lineEnd).map((parts) => parts.join(''));

const head = fc
  .tuple(
    mostly('GET ', ...methods),
    fc.constantFrom(...targets),
    mostly(' HTTP/1.1', ...versions),
    lineEnd,
    mostly('Host: t\r\n', ''),
    fc.array(field, { maxLength: 3 }),
    mostly('\r\n', '\n', ''),
  )
  .map((parts) => parts.flat().join(''));

test('the same request gives the same answer or the same refusal', { skip }, async () => {
  let answered = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(head, async (text) => {
      const replies = await compare(Buffer.from(text, 'latin1'));
      const [status] = (replies[0] ?? []) as number[];
      if (status === 200) answered++;
      else refused++;
    }),
    { numRuns: Number(process.env.CARACAL_FUZZ_RUNS ?? 600), includeErrorInReport: true },
  );
  assert.ok(answered > 50 && refused > 50, `${answered} answered, ${refused} refused`);
});

test('several requests behind one another, the last cut off anywhere, give the same answers', {
  skip,
}, async () => {
  const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`;
  // Behind an answer that ends the connection node:http goes on reading, and what it then does is seen by nobody.
  const ending = ['/announce', '*', '/nothing#x?y'];
  const requests = fc.array(
    fc.constantFrom(
      ...targets
        .slice(0, 10)
        .filter((target) => !ending.includes(target))
        .map(request),
    ),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(requests, fc.nat({ max: 40 }), async (parts, cut) => {
      const text = parts.join('');
      await compare(Buffer.from(text.slice(0, text.length - cut), 'latin1'));
    }),
    { numRuns: 100, includeErrorInReport: true },
  );
});

test('every beginning of a request, ended there, gives the same refusal', { skip }, async () => {
  const text = `GET /scrape?info_hash=${hash} HTTP/1.1\r\nHost: t\r\nX: y\r\n\r\n`;
  for (let end = 0; end <= text.length; end++) await compare(Buffer.from(text.slice(0, end)));
});

test('a redirect is the same', { skip }, async (t) => {
  const those = await startAll({ redirectTo: 'tracker.example.net:8443' });
  t.after(() => Promise.all(those.map(({ transport }) => transport.close(0))));
  for (const target of [
    '/',
    '/announce?a=b',
    '//evil.example/',
    '/\\evil',
    'http://evil.example/',
    '/\xe9',
  ]) {
    await compare(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`, 'latin1'), those);
  }
});
