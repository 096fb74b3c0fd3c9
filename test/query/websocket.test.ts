// tracker-query over WebSocket: what it asks, what it shows, what the doctor finds out, and what a hostile tracker can do to it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatLatin1 } from '../../src/protocol/latin1.ts';
import { decodeWebTorrent, WebTorrentMessage } from '../../src/protocol/webtorrent-message.ts';
import { createDescription } from '../../src/query/asking/session-description.ts';
import type { DoctorReport } from '../../src/query/doctor/finding.ts';
import { frame } from '../protocol/websocket-log.ts';
import { startHttp, startTcp } from './fake-trackers.ts';
import {
  type FakeConnection,
  serverFrame,
  startLittleWebTorrent,
  startWebSockets,
  type WebTorrentFaults,
} from './fake-websockets.ts';
import { skipWithoutBittorrentTracker, startBittorrentTracker } from './other-trackers.ts';
import { runQuery } from './run-query.ts';

const infoHash = '0123456789abcdef0123456789abcdef01234567';
const asked = ['-H', infoHash, '-o', 'json'];
const otherPeer = '-WW0100-abcdefghijkl';

test('an announce says what clients say, and is followed by stopped', async (t) => {
  const { url, messages } = await startLittleWebTorrent(t);
  const { code, stdout } = await runQuery(['-t', url, ...asked, '-n', '7', '--left', '5']);
  assert.equal(code, 0, stdout);
  const document = JSON.parse(stdout);
  assert.equal(document.interval, 120);
  assert.deepEqual([document.seeds, document.leechers, document.webrtc_peers], [0, 1, 0]);
  assert.equal(document.error, undefined);
  assert.equal(document.compliance_warnings, undefined);
  assert.equal(messages.length, 2);
  const message = new WebTorrentMessage(10, 5);
  const text = Buffer.from(JSON.stringify(messages[0]));
  assert.equal(decodeWebTorrent(text, 0, text.length, message), undefined);
  assert.equal(Buffer.from(message.infoHashes.subarray(0, 20)).toString('hex'), infoHash);
  assert.match(formatLatin1(message.peerId), /^-qB/);
  assert.deepEqual([message.numwant, message.seeding, message.offerCount], [7, false, 0]);
  assert.deepEqual([messages[0].event, messages[1].event], ['started', 'stopped']);
});

test('-p offers to peers and lists those that answer or offer, by their peer_ids', async (t) => {
  const url = await startWebSockets(t, (connection) => {
    connection.onMessage = (text) => {
      const { action, info_hash, offers } = JSON.parse(text);
      if (offers.length > 0) {
        assert.match(
          offers[0].offer.sdp,
          /^v=0\r\n.*m=application 9 UDP\/DTLS\/SCTP webrtc-datachannel\r\n/s,
        );
        assert.equal(offers.length, 3);
      }
      const offer = { type: 'offer', sdp: createDescription('offer') };
      connection.send({ action, info_hash, peer_id: '\u00ff'.repeat(20), offer, offer_id: 'x'.repeat(20) });
      connection.send({ action, info_hash, interval: 60, complete: 1, incomplete: 2 });
      for (const { offer_id } of offers) {
        const answer = { type: 'answer', sdp: createDescription('answer') };
        connection.send({ action, info_hash, peer_id: otherPeer, answer, offer_id });
      }
    };
  });
  const { code, stdout } = await runQuery(['-t', url, ...asked, '-p', '-n', '3']);
  assert.equal(code, 0, stdout);
  const { peer_list, webrtc_peers, total_peers_returned, seeds } = JSON.parse(stdout);
  assert.deepEqual([webrtc_peers, total_peers_returned, seeds], [2, 2, 1]);
  const none = { ip: null, port: null, type: 'webrtc', hostname: null };
  assert.deepEqual(peer_list, [
    { ...none, peer_id: 'ff'.repeat(20) },
    { ...none, peer_id: otherPeer },
  ]);
  const table = await runQuery(['-t', url, '-H', infoHash, '-p', '-n', '3']);
  assert.match(table.stdout, /WebRTC peers\s+2 heard of/);
  assert.match(table.stdout, new RegExp(`\\[webrtc\\]\\s+${otherPeer}`));
  assert.ok(!table.stdout.includes('IPv4 peers'));
  const csv = await runQuery(['-t', url, '-H', infoHash, '-p', '-n', '3', '-o', 'csv']);
  assert.match(csv.stdout, new RegExp(`^,,webrtc,'?${otherPeer}`, 'm'));
});

test('a scrape, a batch and a watch work as over the other schemes', async (t) => {
  const { url } = await startLittleWebTorrent(t);
  const scraped = await runQuery(['-t', url, '-s', ...asked]);
  const { torrents, scrape_url, min_request_interval } = JSON.parse(scraped.stdout);
  assert.deepEqual([scrape_url, min_request_interval], [url, 60]);
  assert.deepEqual(
    [torrents[0].info_hash, torrents[0].complete, torrents[0].incomplete, torrents[0].downloaded],
    [infoHash, 0, 0, 0],
  );
  const full = await runQuery(['-t', url, '--full-scrape']);
  assert.equal(full.code, 1);
  assert.match(full.stdout, /not allowed/);
  const batch = await runQuery(['-f', '-', '-d', '0', ...asked], { input: `${url}\nws://127.0.0.1:1/\n` });
  const documents = JSON.parse(batch.stdout);
  assert.deepEqual([documents[0].leechers, documents[1].leechers], [1, null]);
  assert.match(documents[1].error, /connection refused/);
  let watched = '';
  const watch = await runQuery(['-t', url, '-H', infoHash, '--watch', '0.3', '-o', 'jsonl'], {
    started: (child) => {
      child.stdout!.on('data', (text) => {
        watched += text;
        if (watched.split('\n').length > 3) child.kill('SIGINT');
      });
    },
  });
  const lines = watched.trim().split('\n');
  assert.ok(lines.length >= 3, watch.stderr);
  for (const line of lines) assert.equal(JSON.parse(line).leechers, 1, line);
});

test('a watch connects again when its connection was closed', async (t) => {
  let connections = 0;
  const url = await startWebSockets(t, (connection) => {
    connections++;
    connection.onMessage = (text) => {
      const { action, info_hash } = JSON.parse(text);
      connection.send({ action, info_hash, interval: 60, complete: 0, incomplete: 1 });
      connection.write(serverFrame(8, Buffer.from([3, 0xe9])));
    };
  });
  let watched = '';
  await runQuery(['-t', url, '-H', infoHash, '--watch', '0.2', '-o', 'jsonl'], {
    started: (child) => {
      child.stdout!.on('data', (text) => {
        watched += text;
        if (watched.split('\n').length > 3) child.kill('SIGINT');
      });
    },
  });
  const errors = watched
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).error);
  assert.ok(errors.length >= 3 && errors.every((error) => error === undefined), watched);
  assert.ok(connections >= 3);
});

test('bittorrent-tracker is asked over WebSocket, and the doctor names its faults', {
  skip: skipWithoutBittorrentTracker(),
}, async () => {
  const tracker = await startBittorrentTracker('127.0.0.1');
  try {
    const { code, stdout } = await runQuery(['-t', tracker.ws, ...asked]);
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).leechers, 1);
    const report = await examine(tracker.ws);
    assert.equal(verdictOf(report, 'round-trip'), 'pass', JSON.stringify(report.findings));
    assert.equal(verdictOf(report, 'ping'), 'pass');
    assert.equal(verdictOf(report, 'bep48'), 'pass');
    assert.equal(verdictOf(report, 'offer-id'), 'fail');
    assert.equal(verdictOf(report, 'stray-answer'), 'warn');
  } finally {
    await tracker.close();
  }
});

async function examine(
  url: string,
  more: readonly string[] = [],
): Promise<DoctorReport & { code: number | null }> {
  const { stdout, stderr, code } = await runQuery(['doctor', url, '-o', 'json', '--timeout', '5', ...more]);
  assert.ok(stdout.startsWith('{'), stderr);
  return { ...(JSON.parse(stdout) as DoctorReport), code };
}

function verdictOf({ findings }: DoctorReport, id: string): string | undefined {
  return findings.find((finding) => finding.id === id)?.verdict;
}

test('the doctor finds nothing in a tracker that keeps the rules', async (t) => {
  const report = await examine((await startLittleWebTorrent(t)).url);
  const bad = report.findings.filter(({ verdict }) => verdict === 'warn' || verdict === 'fail');
  assert.deepEqual(bad, []);
  assert.equal(report.code, 0);
  for (const id of [
    'round-trip',
    'counts',
    'stopped',
    'stray-answer',
    'offer-id',
    'ping',
    'bep21',
    'bep48',
  ]) {
    assert.equal(verdictOf(report, id), 'pass', id);
  }
});

const faulty: [string, WebTorrentFaults, string, string][] = [
  ['relays no offers', { relaysNothing: true }, 'round-trip', 'fail'],
  ['loses answers', { losesAnswers: true }, 'round-trip', 'fail'],
  ['relays an offer_id of any length', { relaysBadIds: true }, 'offer-id', 'fail'],
  ['relays answers to no offer', { relaysStrays: true }, 'stray-answer', 'warn'],
  ['keeps stopped peers', { keepsStopped: true }, 'stopped', 'fail'],
  ['refuses paused', { refusesPaused: true }, 'bep21', 'fail'],
  ['answers no ping', { noPong: true }, 'ping', 'fail'],
  ['names no interval', { interval: undefined }, 'interval', 'fail'],
  ['names a fraction as interval', { interval: 120.5 }, 'answer', 'warn'],
  ['comes too often', { interval: 5 }, 'interval', 'warn'],
  ['leaves info_hash out', { noInfoHash: true }, 'answer', 'warn'],
  ['leaves action out', { noAction: true }, 'answer', 'warn'],
  ['refuses', { refuses: 'unregistered torrent' }, 'refused', 'warn'],
];

describe('a WebTorrent tracker that', { concurrency: 3 }, () => {
  for (const [name, faults, id, verdict] of faulty) {
    test(`${name} is found out`, async (t) => {
      const report = await examine((await startLittleWebTorrent(t, faults)).url);
      const found = report.findings.filter((finding) => finding.id === id && finding.verdict === verdict);
      assert.ok(found.length > 0, JSON.stringify(report.findings));
      assert.notEqual(found[0].advice, '');
    });
  }
});

test('the doctor says why no WebSocket opens', async (t) => {
  const upgrade = (change: Record<string, string>) =>
    startWebSockets(
      t,
      () => {},
      (good) => ({ ...good, ...change }),
    );
  const status = (code: number, fields = {}) =>
    startHttp(t, (_, response) => response.writeHead(code, fields).end());
  const cases: [string, string, RegExp][] = [
    [await upgrade({ 'Sec-WebSocket-Accept': 'x' }), 'bad-upgrade', /does not fit/],
    [await upgrade({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }), 'bad-upgrade', /extension/],
    [(await status(404)).replace('http', 'ws'), 'no-upgrade', /HTTP status 404/],
    [
      (await status(301, { Location: 'wss://x/' })).replace('http', 'ws'),
      'no-upgrade',
      /redirected \(301\) to wss:/,
    ],
    [
      (await startTcp(t, (socket) => socket.end('SSH-2.0-x\r\n'))).replace('http', 'ws'),
      'not-http',
      /not an HTTP reply/,
    ],
    [(await startTcp(t, (socket) => socket.destroy())).replace('http', 'ws'), 'closed', /closed/],
    ['ws://127.0.0.1:1', 'connection-refused', /nothing listens/],
  ];
  for (const [url, id, message] of cases) {
    const report = await examine(url, ['--timeout', '2']);
    const finding = report.findings.find((one) => one.id === id);
    assert.equal(finding?.verdict, 'fail', JSON.stringify(report.findings));
    assert.match(finding!.message, message);
    assert.equal(report.code, 1);
  }
});

const dangerous = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;
const nasty = '\x1b[2J\u202e\u0000';

type Attack = (connection: FakeConnection) => void;
const replying =
  (message: (asked: Record<string, unknown>) => unknown): Attack =>
  (connection) => {
    connection.onMessage = (text) => connection.send(message(JSON.parse(text)));
  };

const attacks: [string, Attack, RegExp][] = [
  ['never answers', () => {}, /no answer within/],
  ['answers with no JSON', replying(() => `${nasty}no`), /not a JSON object/],
  ['answers with a list', replying(() => []), /not a JSON object/],
  ['answers a depth of 100,000', replying(() => '['.repeat(100_000)), /not a JSON object/],
  [
    'answers nothing but odd types',
    replying(() => ({ action: 'announce', interval: {}, complete: [], info_hash: 5 })),
    /whole number/,
  ],
  [
    'refuses with control characters',
    replying(({ action, info_hash }) => ({ action, info_hash, 'failure reason': nasty })),
    /\\x1b|\\u001b/,
  ],
  ['masks its frames', (connection) => connection.write(frame({ opcode: 1, payload: '{}' })), /masked/],
  [
    'sets reserved bits',
    (connection) => connection.write(frame({ opcode: 1, reserved: 4, payload: 'x', mask: null })),
    /reserved/,
  ],
  [
    'announces a message of 2^53 bytes',
    (connection) => connection.write(frame({ opcode: 1, claimed: 2 ** 53, mask: null })),
    /too big/,
  ],
  [
    'sends text that is no UTF-8',
    (connection) => connection.write(serverFrame(1, Buffer.from([0xff]))),
    /UTF-8/,
  ],
  [
    'closes with a hostile reason',
    (connection) =>
      connection.write(serverFrame(8, Buffer.concat([Buffer.from([3, 0xe8]), Buffer.from(nasty)]))),
    /closed the WebSocket with code 1000/,
  ],
  [
    'floods with pings',
    (connection) => {
      const all = Buffer.concat(Array(20_000).fill(serverFrame(9, 'x'.repeat(100))));
      connection.write(all);
    },
    /no answer within/,
  ],
  [
    'floods with offers of others',
    (connection) => {
      const offer = {
        action: 'announce',
        info_hash: 'x'.repeat(20),
        peer_id: 'y'.repeat(20),
        offer: { type: 'offer', sdp: 'v=0'.repeat(200) },
        offer_id: 'z'.repeat(20),
      };
      const one = serverFrame(1, JSON.stringify(offer));
      connection.write(Buffer.concat(Array(30_000).fill(one)));
    },
    /no answer within/,
  ],
  ['sends a head without end', (connection) => connection.write(Buffer.from([0x81])), /no answer within/],
];

describe('a hostile WebTorrent tracker that', { concurrency: 2 }, () => {
  for (const [name, attack, error] of attacks) {
    test(`${name} is survived, within the time and with clean output`, async (t) => {
      const url = await startWebSockets(t, (connection) => {
        connection.socket.on('error', () => {});
        attack(connection);
      });
      const words = ['-t', url, '-H', infoHash, '--timeout', '2', '--no-cleanup'];
      for (const more of [[], ['-o', 'json', '-p']]) {
        const { stdout, stderr, ms } = await runQuery([...words, ...more]);
        assert.ok(!dangerous.test(stdout) && !dangerous.test(stderr), JSON.stringify(stdout));
        assert.match(stdout, error);
        assert.ok(ms < 12_000, `${ms} ms`);
      }
    });
  }

  test('sends a head of the 101 without end is survived', async (t) => {
    const origin = await startTcp(t, (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n');
      const timer = setInterval(() => socket.writable && socket.write(`X-Y: ${'z'.repeat(4000)}\r\n`), 5);
      socket.on('close', () => clearInterval(timer));
    });
    const { code, stdout } = await runQuery([
      '-t',
      origin.replace('http', 'ws'),
      '--timeout',
      '2',
      '-H',
      infoHash,
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /head of the reply is larger/);
  });
});
