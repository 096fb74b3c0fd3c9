// Announces over HTTP and UDP against trackers that the test plays, seen from outside: output, exit code, what was sent.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { afterConnect, body, startAnswering, startHttp, startUdp, udpReply } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';

const peers = Buffer.from('0102030415e1' + '05060708ffff', 'hex');
const peers6 = Buffer.from(
  '20010db800000000000000000000000115e1' + '00000000000000000000ffff0102030415e2',
  'hex',
);
const full = {
  complete: 3,
  downloaded: 7,
  'external ip': Buffer.from([192, 0, 2, 1]),
  incomplete: 4,
  interval: 1800,
  'min interval': 60,
  peers,
  peers6,
  'tracker id': 'Wildkat',
  'warning message': 'mind the gap',
};
const keys =
  'tracker interval min_interval seeds leechers downloaded ipv4_peers ipv4_bytes ipv6_peers ipv6_bytes num_want_requested total_peers_returned response_time_ms warning_message failure_reason external_ip tracker_id'.split(
    ' ',
  );

describe('an announce over HTTP', () => {
  test('shows every field of the answer in the table', async (t) => {
    const { url, targets, agents } = await startAnswering(t, full);
    const { code, stdout } = await runQuery(['-t', url, '-p']);
    assert.equal(code, 0);
    for (const expected of [
      /^Response time +\d+(?:\.\d)? ms \((Excellent|Good|OK|Slow)\)$/m,
      /^Warning +mind the gap$/m,
      /^External IP +192\.0\.2\.1$/m,
      /^Tracker ID +Wildkat$/m,
      /^Interval +1800 s \(30 min\)$/m,
      /^Min interval +60 s/m,
      /^Seeds +3$/m,
      /^Leechers +4$/m,
      /^Times downloaded +7$/m,
      /^IPv4 peers +2 \(12 bytes\)$/m,
      /^IPv6 peers +2 \(36 bytes\)$/m,
      /^Requested +50 \(respected\)$/m,
      /^ +1 +1\.2\.3\.4 +5601 +\[ipv4\]$/m,
      /^ +3 +2001:db8::1 +5601 +\[ipv6\]$/m,
      /^ +4 +::ffff:1\.2\.3\.4 +5602 +\[ipv4-mapped\]$/m,
    ]) {
      assert.match(stdout, expected);
    }
    assert.ok(!stdout.includes('\x1b'), 'no colour in a pipe');
    const [started, stopped] = targets.map((target) => new URL(target, 'http://x').searchParams);
    assert.equal(targets.length, 2, 'the announce and its clean-up');
    assert.equal(started?.get('event'), 'started');
    assert.equal(started?.get('compact'), '1');
    assert.equal(started?.get('no_peer_id'), '1');
    assert.equal(started?.get('port'), '6881');
    assert.equal(started?.get('left'), '1000000000');
    assert.equal(started?.get('numwant'), '50');
    assert.match(started?.get('peer_id') ?? '', /^-qB5140-.{12}$/);
    assert.match(started?.get('key') ?? '', /^[0-9A-F]{8}$/);
    assert.equal(stopped?.get('event'), 'stopped');
    assert.equal(stopped?.get('peer_id'), started?.get('peer_id'));
    assert.equal(agents[0], 'qBittorrent/5.1.4');
  });

  test('gives JSON with exactly the keys promised, in their order', async (t) => {
    const { url } = await startAnswering(t, full);
    const { code, stdout } = await runQuery(['-t', url, '-o', 'json']);
    assert.equal(code, 0);
    const document = JSON.parse(stdout);
    assert.deepEqual(Object.keys(document), keys);
    assert.equal(document.tracker, url);
    assert.equal(document.interval, 1800);
    assert.equal(document.ipv4_bytes, 12);
    assert.equal(document.ipv6_peers, 2);
    assert.equal(document.total_peers_returned, 4);
    assert.equal(document.external_ip, '192.0.2.1');
  });

  test('lists the peers in JSON after the byte counts with -p', async (t) => {
    const { url } = await startAnswering(t, full);
    const { stdout } = await runQuery(['-t', url, '-o', 'json', '-p']);
    const document = JSON.parse(stdout);
    assert.deepEqual(Object.keys(document), [...keys.slice(0, 10), 'peer_list', ...keys.slice(10)]);
    assert.deepEqual(document.peer_list[3], {
      ip: '::ffff:1.2.3.4',
      port: 5602,
      type: 'ipv4-mapped',
      peer_id: null,
      hostname: null,
    });
  });

  test('gives one CSV table, and the peers in a second one with -p', async (t) => {
    const { url } = await startAnswering(t, full);
    const { stdout } = await runQuery(['-t', url, '-o', 'csv', '-p']);
    const lines = stdout.split('\r\n');
    assert.equal(
      lines[0],
      'tracker,response_time_ms,interval,min_interval,seeds,leechers,downloaded,ipv4_peers,ipv6_peers,warning_message,failure_reason,external_ip,tracker_id',
    );
    assert.match(lines[1], /^http:[^,]*,[\d.]+,1800,60,3,4,7,2,2,mind the gap,,192\.0\.2\.1,Wildkat$/);
    assert.deepEqual(lines.slice(2, 5), ['', 'ip,port,type,peer_id', '1.2.3.4,5601,ipv4,']);
  });

  test('ends with 1 and the failure reason when the tracker refuses, and sends no stopped', async (t) => {
    const { url, targets } = await startAnswering(t, { 'failure reason': 'not here' });
    const table = await runQuery(['-t', url]);
    assert.equal(table.code, 1);
    assert.match(table.stdout, /^Failure +not here$/m);
    const json = await runQuery(['-t', url, '-o', 'json']);
    assert.equal(json.code, 1);
    assert.deepEqual(Object.keys(JSON.parse(json.stdout)), keys, 'a refusal is an answer: no error key');
    assert.equal(targets.length, 2);
  });

  test('prints a JSON object with error when there is no answer', async (t) => {
    const { url } = await startAnswering(t, Buffer.from('<html>hello</html>'));
    const { code, stdout } = await runQuery(['-t', url, '-o', 'json']);
    assert.equal(code, 1);
    const document = JSON.parse(stdout);
    assert.deepEqual(Object.keys(document), [...keys, 'error']);
    assert.match(document.error, /not a bencoded answer/);
  });

  test('names the hosts of peers with -l, first in CSV, within the time-out', async (t) => {
    const { url } = await startAnswering(t, { interval: 1800, peers });
    const { code, stdout, ms } = await runQuery(['-t', url, '-p', '-l', '-o', 'csv', '--timeout', '3']);
    assert.equal(code, 0);
    assert.ok(stdout.includes('\r\nhostname,ip,port,type,peer_id\r\n'), stdout);
    assert.ok(ms < 5000);
  });

  test('ends with 130 and an error when Ctrl-C interrupts it', async (t) => {
    let interrupt = () => {};
    const origin = await startHttp(t, () => interrupt());
    const { code, stdout } = await runQuery(['-t', `${origin}/announce`, '-o', 'json'], {
      started: (child) => {
        interrupt = () => child.kill('SIGINT');
      },
    });
    assert.equal(code, 130);
    assert.equal(JSON.parse(stdout).error, 'interrupted');
  });

  test('reads gzip', async (t) => {
    const origin = await startHttp(t, (_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(body(full)));
    });
    const { code, stdout } = await runQuery(['-t', `${origin}/announce`, '-o', 'json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).seeds, 3);
  });

  test('keeps the query string of an announce URL', async (t) => {
    const { url, targets } = await startAnswering(t, full);
    await runQuery(['-t', `${url}?passkey=a%2Fb`, '--no-cleanup']);
    assert.equal(targets.length, 1, '--no-cleanup sends no stopped');
    assert.match(targets[0], /^\/announce\?passkey=a%2Fb&info_hash=/);
  });

  test('says so when a tracker ignores num_want', async (t) => {
    const { url } = await startAnswering(t, full);
    const { stdout } = await runQuery(['-t', url, '-n', '1']);
    assert.match(stdout, /^Requested +1 \(ignores num_want\)$/m);
  });

  test('sends left 0 and no event where they are asked for', async (t) => {
    const { url, targets } = await startAnswering(t, full);
    await runQuery(['-t', url, '-e', 'completed', '--no-cleanup']);
    await runQuery(['-t', url, '-e', 'none', '-L', '5', '--no-cleanup']);
    await runQuery(['-t', url, '-e', 'paused', '--port', '7000']);
    await runQuery(['-t', url, '-e', 'stopped']);
    const sent = targets.map((target) => new URL(target, 'http://x').searchParams);
    assert.deepEqual(
      sent.map((query) => [query.get('event'), query.get('left'), query.get('port')]),
      [
        ['completed', '0', '6881'],
        [null, '5', '6881'],
        ['paused', '1000000000', '7000'],
        ['stopped', '1000000000', '7000'],
        ['stopped', '1000000000', '6881'],
      ],
    );
  });

  test('is some release of qBittorrent with -r, its peer_id matching', async (t) => {
    const { url, targets, agents } = await startAnswering(t, full);
    await runQuery(['-t', url, '-r', '--no-cleanup']);
    const version = /^qBittorrent\/(\d)\.(\d)\.(\d)$/.exec(agents[0]);
    const peerId = new URL(targets[0], 'http://x').searchParams.get('peer_id')!;
    assert.ok(version);
    assert.ok(peerId.startsWith(`-qB${version.slice(1).join('')}0-`), peerId);
  });

  test('over IPv6 warns of IPv4 peers without peers6', async (t) => {
    const { url } = await startAnswering(t, { interval: 1800, peers }, '::1');
    const { stdout, code } = await runQuery(['-t', url, '-o', 'json']);
    assert.equal(code, 0);
    assert.match(JSON.parse(stdout).compliance_warnings[0], /IPv6.*no peers6/);
  });
});

describe('an announce over UDP', () => {
  test('connects, announces with the path (BEP 41), and stops', async (t) => {
    const { url, packets } = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) => reply(udpReply(1, transactionId, [1800, 4, 3], peers))),
    );
    const { code, stdout } = await runQuery(['-t', url, '-o', 'json', '-p', '-H', 'ab'.repeat(20)]);
    assert.equal(code, 0);
    const document = JSON.parse(stdout);
    assert.deepEqual([document.interval, document.leechers, document.seeds], [1800, 4, 3]);
    assert.equal(document.downloaded, null);
    assert.equal(document.peer_list.length, 2);
    const [connect, started, stopped] = packets;
    assert.equal(connect.toString('hex', 0, 12), '000004172710198000000000');
    assert.equal(started.toString('hex', 0, 8), '0000123400005678');
    assert.equal(started.toString('hex', 16, 36), 'ab'.repeat(20));
    assert.equal(started.readInt32BE(80), 2);
    assert.equal(started.toString('latin1', 98), '\x02\x09/announce\x00');
    assert.equal(stopped.readInt32BE(80), 3);
    assert.equal(packets.length, 3);
  });

  test('takes 18-byte peers over IPv6 and reports any other stride', async (t) => {
    const good = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) => reply(udpReply(1, transactionId, [1800, 1, 1], peers6))),
      '::1',
    );
    const document = JSON.parse((await runQuery(['-t', good.url, '-o', 'json'])).stdout);
    assert.equal(document.ipv6_peers, 2);
    assert.equal(document.compliance_warnings, undefined);
    const bad = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) => reply(udpReply(1, transactionId, [1800, 1, 1], peers))),
      '::1',
    );
    const odd = JSON.parse((await runQuery(['-t', bad.url, '-o', 'json'])).stdout);
    assert.match(odd.compliance_warnings[0], /12 bytes.*18/);
  });

  test('asks again when a packet is lost', async (t) => {
    let seen = 0;
    const { url } = await startUdp(t, (request) => {
      if (++seen % 2 === 1) return;
      afterConnect(({ transactionId, reply }) => reply(udpReply(1, transactionId, [1800, 0, 1])))(request);
    });
    const { code } = await runQuery(['-t', url, '--timeout', '3', '--no-cleanup']);
    assert.equal(code, 0);
    assert.equal(seen, 4);
  });

  test('shows the text of an error packet', async (t) => {
    const { url } = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) =>
        reply(udpReply(3, transactionId, [], Buffer.from('go away'))),
      ),
    );
    const { code, stdout } = await runQuery(['-t', url]);
    assert.equal(code, 1);
    assert.match(stdout, /^Failure +go away$/m);
  });

  test('ends at once with 1 where nothing listens', async () => {
    const { code, stdout, ms } = await runQuery(['-t', 'udp://127.0.0.1:1/announce']);
    assert.equal(code, 1);
    assert.match(stdout, /refused/);
    assert.ok(ms < 2000);
  });
});
