// Scrapes over HTTP and UDP against trackers that the test plays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTrackerUrl, scrapeUrlOf } from '../../src/query/network/tracker-url.ts';
import { afterConnect, startAnswering, startUdp, udpReply } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';

const one = 'ab'.repeat(20);
const two = 'cd'.repeat(20);
const files = new Map([
  [
    Buffer.from(one, 'hex').toString('latin1'),
    { complete: 1, downloaded: 2, downloaders: 0, incomplete: 3, name: '=cmd|x' },
  ],
  [Buffer.from(two, 'hex').toString('latin1'), { complete: 4, downloaded: 5, incomplete: 6 }],
]);

test('the last segment of the path becomes scrape only where it begins with announce (BEP 48)', () => {
  const cases: [string, string | undefined][] = [
    ['http://example.com/announce', 'http://example.com/scrape'],
    ['http://example.com/x/announce', 'http://example.com/x/scrape'],
    ['http://example.com/announce.php', 'http://example.com/scrape.php'],
    ['http://example.com/announce?x2%0644', 'http://example.com/scrape?x2%0644'],
    ['http://example.com:8080/announce/', undefined],
    ['http://example.com/a', undefined],
    ['http://example.com/x%064announce', undefined],
    ['http://example.com/announce?x=2/4', 'http://example.com/scrape?x=2/4'],
  ];
  for (const [announce, scrape] of cases) {
    assert.equal(scrapeUrlOf(parseTrackerUrl(announce))?.text, scrape, announce);
  }
});

test('an HTTP scrape asks for every hash and gives the promised JSON', async (t) => {
  const { url, targets } = await startAnswering(t, { files, flags: { min_request_interval: 60 } });
  const { code, stdout } = await runQuery(['-t', url, '-s', '-H', one, '-H', two, '-o', 'json']);
  assert.equal(code, 0);
  assert.match(targets[0], /^\/scrape\?info_hash=(%AB){20}&info_hash=(%CD){20}$/);
  const document = JSON.parse(stdout);
  assert.deepEqual(Object.keys(document), [
    'tracker',
    'scrape_url',
    'response_time_ms',
    'failure_reason',
    'min_request_interval',
    'torrents',
    'torrent_count',
  ]);
  assert.equal(document.scrape_url, url.replace('announce', 'scrape'));
  assert.equal(document.min_request_interval, 60);
  assert.deepEqual(document.torrents, [
    { info_hash: one, complete: 1, incomplete: 3, downloaded: 2, downloaders: 0, name: '=cmd|x' },
    { info_hash: two, complete: 4, incomplete: 6, downloaded: 5, downloaders: null, name: null },
  ]);
});

test('a scrape as CSV is one table whose cells start no formula', async (t) => {
  const { url } = await startAnswering(t, { files });
  const { stdout } = await runQuery(['-t', url, '-s', '-H', one, '-o', 'csv']);
  assert.equal(
    stdout,
    `info_hash,complete,incomplete,downloaded,name\r\n${one},1,3,2,'=cmd|x\r\n${two},4,6,5,\r\n`,
  );
});

test('a full scrape implies -s, sends no hash, and a refusal ends with 1', async (t) => {
  const { url, targets } = await startAnswering(t, { 'failure reason': 'full scrape not allowed' });
  const { code, stdout } = await runQuery(['-t', url, '--full-scrape']);
  assert.equal(code, 1);
  assert.deepEqual(targets, ['/scrape']);
  assert.match(stdout, /^Failure +full scrape not allowed$/m);
});

test('a UDP scrape reads the items in the order asked', async (t) => {
  const { url, packets } = await startUdp(
    t,
    afterConnect(({ transactionId, reply }) => reply(udpReply(2, transactionId, [1, 2, 3, 4, 5, 6]))),
  );
  const { code, stdout } = await runQuery(['-t', url, '-s', '-H', one, '-H', two, '-o', 'json']);
  assert.equal(code, 0);
  assert.equal(packets[1].toString('hex', 16), one + two);
  const { torrents } = JSON.parse(stdout);
  assert.deepEqual(
    torrents.map((torrent: Record<string, unknown>) => [
      torrent.info_hash,
      torrent.complete,
      torrent.downloaded,
    ]),
    [
      [one, 1, 2],
      [two, 4, 5],
    ],
  );
});

test('a UDP scrape reply with too few items is reported', async (t) => {
  const { url } = await startUdp(
    t,
    afterConnect(({ transactionId, reply }) => reply(udpReply(2, transactionId, [1, 2, 3]))),
  );
  const { stdout } = await runQuery(['-t', url, '-s', '-H', one, '-H', two, '-o', 'json']);
  const document = JSON.parse(stdout);
  assert.equal(document.torrents[1].complete, null);
  assert.match(document.compliance_warnings[0], /1 item for 2/);
});

test('UDP has no full scrape, which is a usage error, and in a batch a failure of its own', async (t) => {
  const single = await runQuery(['-t', 'udp://127.0.0.1:1/announce', '--full-scrape']);
  assert.equal(single.code, 2);
  const { url } = await startAnswering(t, { files });
  const input = `udp://127.0.0.1:1/announce\n${url}\n`;
  const batch = await runQuery(['-f', '-', '--full-scrape', '-d', '0', '-o', 'json'], { input });
  assert.equal(batch.code, 0);
  const [udp, http] = JSON.parse(batch.stdout);
  assert.match(udp.error, /no full scrape/);
  assert.equal(http.torrent_count, 2);
});
