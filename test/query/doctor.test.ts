// The doctor: a good tracker passes, and every fault it looks for is found in a tracker that has it.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, type TestContext, test } from 'node:test';
import { Examination } from '../../src/query/doctor/examination.ts';
import type { DoctorReport, Finding } from '../../src/query/doctor/finding.ts';
import { judgeTrackerRecord } from '../../src/query/doctor/names.ts';
import { parseTrackerUrl } from '../../src/query/network/tracker-url.ts';
import { body, startHttp, startTcp, startUdp, type UdpRequest, udpReply } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';

interface Faults {
  interval?: number;
  keepsStopped?: boolean;
  takesClaims?: boolean;
  takesPortZero?: boolean;
  refusesPaused?: boolean;
  noConnectionCheck?: boolean;
  anyAddressConnectionId?: boolean;
  reflects?: boolean;
  refusesOptions?: boolean;
  storesNothing?: boolean;
  wrongSource?: boolean;
  /** Every so many questions one has no answer. */
  drops?: number;
}

type Swarm = Map<string, { ip: string; port: number }>;

/** The smallest tracker that has two protocols and, where asked for, one fault. */
class LittleTracker {
  readonly swarms = new Map<string, Swarm>();
  readonly faults: Faults;
  #questions = 0;

  constructor(faults: Faults) {
    this.faults = faults;
  }

  drops(): boolean {
    const { drops } = this.faults;
    return drops !== undefined && ++this.#questions % drops === 0;
  }

  announce(infoHash: string, ip: string, port: number, event: string, self: string): Swarm {
    const swarm = this.swarms.get(infoHash) ?? new Map();
    this.swarms.set(infoHash, swarm);
    if (event !== 'stopped' && !this.faults.storesNothing) swarm.set(self, { ip, port });
    else if (!this.faults.keepsStopped) swarm.delete(self);
    return swarm;
  }
}

async function startLittleHttp(t: TestContext, faults: Faults = {}): Promise<string> {
  const tracker = new LittleTracker(faults);
  const origin = await startHttp(t, (request, response) => {
    const url = new URL(`http://x${request.url!.replaceAll(/%([0-9A-F]{2})/g, (_, hex) => `~${hex}`)}`);
    const query = url.searchParams;
    const answer = (value: Parameters<typeof body>[0]) => response.end(body(value));
    const infoHash = query.get('info_hash') ?? '';
    if (url.pathname === '/scrape') {
      if (!infoHash) return answer({ 'failure reason': 'full scrape not allowed' });
      const raw = infoHash.replaceAll(/~([0-9A-F]{2})/g, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      const incomplete = tracker.swarms.get(infoHash)?.size ?? 0;
      return answer({
        files: new Map([[raw, { complete: 0, downloaded: 0, downloaders: incomplete, incomplete }]]),
      });
    }
    // Of the questions that ask for nothing special.
    if (!query.has('event') && tracker.drops()) return;
    const port = Number(query.get('port'));
    const event = query.get('event') ?? '';
    if (port === 0 && !faults.takesPortZero) return answer({ 'failure reason': 'invalid port' });
    if (event === 'paused' && faults.refusesPaused) return answer({ 'failure reason': 'invalid event' });
    const ip = (faults.takesClaims && query.get('ip')) || '127.0.0.1';
    const swarm = tracker.announce(infoHash, ip, port, event, query.get('peer_id')!);
    const others = [...swarm].filter(([peerId]) => peerId !== query.get('peer_id')).map(([, peer]) => peer);
    const peers = Buffer.concat(others.map((peer) => compact(peer)));
    return answer({ complete: 0, incomplete: swarm.size, interval: faults.interval ?? 1800, peers });
  });
  return `${origin}/announce`;
}

async function startLittleUdp(t: TestContext, faults: Faults = {}): Promise<string> {
  const tracker = new LittleTracker(faults);
  const other = createSocket('udp4');
  t.after(() => other.close());
  const idOf = (from: UdpRequest['from']) =>
    faults.anyAddressConnectionId ? 7 : Number(from.address.split('.')[3]) + 7;
  const { url } = await startUdp(t, ({ packet, action, transactionId, from, reply }) => {
    if (packet.length < 16) return;
    if (action === 0 && packet.readInt32BE(0) === 0x417) {
      if (tracker.drops()) return;
      const connected = udpReply(0, transactionId, [0, idOf(from)]);
      if (faults.wrongSource) other.send(connected, from.port, from.address);
      else reply(connected);
      return;
    }
    if (!faults.noConnectionCheck && packet.readInt32BE(4) !== idOf(from)) {
      if (faults.reflects) reply(udpReply(3, transactionId, [], Buffer.alloc(500, 'x')));
      return;
    }
    const infoHash = packet.toString('hex', 16, 36);
    if (action === 2) {
      reply(udpReply(2, transactionId, [0, 0, tracker.swarms.get(infoHash)?.size ?? 0]));
      return;
    }
    if (action !== 1 || packet.length < 98 || (faults.refusesOptions && packet.length > 98)) return;
    const event = packet.readInt32BE(80);
    const port = packet.readUInt16BE(96);
    if ((port === 0 && !faults.takesPortZero) || (event === 4 && faults.refusesPaused)) {
      reply(udpReply(3, transactionId, [], Buffer.from('refused')));
      return;
    }
    const claimed = [...packet.subarray(84, 88)].join('.');
    const ip = faults.takesClaims && claimed !== '0.0.0.0' ? claimed : from.address;
    const self = packet.toString('hex', 36, 56);
    const swarm = tracker.announce(infoHash, ip, port, event === 3 ? 'stopped' : '', self);
    const peers = Buffer.concat([...swarm].filter(([id]) => id !== self).map(([, peer]) => compact(peer)));
    reply(udpReply(1, transactionId, [faults.interval ?? 1800, swarm.size, 0], peers));
  });
  return url;
}

function compact({ ip, port }: { ip: string; port: number }): Buffer {
  return Buffer.from([...ip.split('.').map(Number), port >> 8, port & 255]);
}

async function examine(url: string, more: string[] = []): Promise<DoctorReport & { code: number | null }> {
  const { code, stdout, stderr } = await runQuery(['doctor', url, '-o', 'json', '--timeout', '3', ...more]);
  assert.equal(stderr, '');
  return { ...JSON.parse(stdout), code };
}

function finding(report: DoctorReport, id: string): Finding | undefined {
  return report.findings.find((candidate) => candidate.id === id);
}

describe('a tracker without a fault', { concurrency: 2 }, () => {
  for (const [name, start] of [
    ['HTTP', startLittleHttp],
    ['UDP', startLittleUdp],
  ] as const) {
    test(`passes over ${name}, in the promised form`, async (t) => {
      const url = await start(t);
      const report = await examine(url, ['--strict']);
      assert.equal(
        report.code,
        0,
        JSON.stringify(report.findings.filter(({ verdict }) => verdict !== 'pass')),
      );
      assert.deepEqual(
        Object.keys(report).filter((key) => key !== 'code'),
        ['url', 'started_at', 'addresses', 'findings', 'summary', 'grade'],
      );
      assert.equal(report.url, url);
      assert.ok(!Number.isNaN(Date.parse(report.started_at)));
      for (const one of report.findings) {
        assert.deepEqual(Object.keys(one), ['id', 'verdict', 'subject', 'message', 'advice', 'doc']);
        assert.match(one.verdict, /^(pass|skip)$/);
      }
      assert.deepEqual(Object.keys(report.summary), ['pass', 'warn', 'fail', 'skip']);
      assert.equal(report.summary.pass, report.findings.filter(({ verdict }) => verdict === 'pass').length);
      assert.equal(finding(report, 'round-trip')?.verdict, 'pass');
      const [address] = report.addresses;
      assert.equal(address?.answered, true);
      assert.deepEqual(address.loss, { sent: name === 'UDP' ? 20 : 10, lost: 0 });
      assert.ok(address.connect_ms !== null && address.answer_ms !== null && address.dns_ms === null);
    });
  }
});

const faulty: [string, Faults, string, string, (typeof startLittleHttp)[]][] = [
  ['stores nothing', { storesNothing: true }, 'round-trip', 'fail', [startLittleHttp, startLittleUdp]],
  ['keeps stopped peers', { keepsStopped: true }, 'stopped', 'fail', [startLittleHttp, startLittleUdp]],
  [
    'registers foreign addresses',
    { takesClaims: true },
    'foreign-address',
    'fail',
    [startLittleHttp, startLittleUdp],
  ],
  ['hands out port 0', { takesPortZero: true }, 'port-zero', 'fail', [startLittleHttp, startLittleUdp]],
  ['refuses paused', { refusesPaused: true }, 'bep21', 'fail', [startLittleHttp, startLittleUdp]],
  ['has an interval of a minute', { interval: 60 }, 'interval', 'warn', [startLittleHttp]],
  ['has an interval of a day', { interval: 86_400 }, 'interval', 'warn', [startLittleUdp]],
  ['checks no connection_id', { noConnectionCheck: true }, 'connection-id', 'fail', [startLittleUdp]],
  [
    'takes a connection_id from any address',
    { anyAddressConnectionId: true },
    'connection-id-address',
    'fail',
    [startLittleUdp],
  ],
  ['reflects more than it gets', { reflects: true }, 'reflection', 'fail', [startLittleUdp]],
  ['loses a question now and then', { drops: 7 }, 'loss', 'warn', [startLittleHttp, startLittleUdp]],
  ['loses every second question', { drops: 2 }, 'loss', 'fail', [startLittleHttp, startLittleUdp]],
  ['refuses BEP 41 options', { refusesOptions: true }, 'bep41', 'fail', [startLittleUdp]],
];

describe('a tracker that', { concurrency: 3 }, () => {
  for (const [name, faults, id, verdict, starts] of faulty) {
    for (const start of starts) {
      test(`${name} is found out over ${start === startLittleUdp ? 'UDP' : 'HTTP'}`, async (t) => {
        const report = await examine(await start(t, faults));
        const found = finding(report, id);
        assert.equal(found?.verdict, verdict, JSON.stringify(report.findings));
        assert.notEqual(found?.advice, '');
        assert.equal(report.code, verdict === 'fail' ? 1 : 0);
      });
    }
  }

  test('answers from another port is found out', async (t) => {
    const report = await examine(await startLittleUdp(t, { wrongSource: true }), ['--timeout', '1']);
    assert.equal(finding(report, 'udp-silent'), undefined, 'one cause, one finding');
    assert.equal(finding(report, 'reply-source')?.verdict, 'fail');
    assert.equal(report.code, 1);
  });

  test('only warns ends with 1 under --strict', async (t) => {
    const report = await examine(await startLittleHttp(t, { interval: 60 }), ['--strict']);
    assert.equal(report.code, 1);
  });

  test('is not there is reported as such', async () => {
    const report = await examine('http://127.0.0.1:1/announce');
    assert.equal(report.code, 1);
    assert.match(finding(report, 'connection-refused')!.message, /nothing listens/);
  });

  test('says hostile things harms neither report', async (t) => {
    const origin = await startHttp(t, (_, response) =>
      response.end(body({ 'failure reason': '\x1b[2J\u202e' })),
    );
    const { code, stdout } = await runQuery(['doctor', `${origin}/announce`]);
    assert.equal(code, 1);
    assert.ok(!stdout.includes('\x1b') && !stdout.includes('\u202e'));
    assert.equal((await examine(`${origin}/announce`)).code, 1);
  });

  test('never answers ends the examination soon', async (t) => {
    const origin = await startTcp(t, () => {});
    const { ms, code } = await runQuery(['doctor', `${origin}/announce`, '--timeout', '1']);
    assert.equal(code, 1);
    assert.ok(ms < 10_000, `${ms} ms`);
  });
});

test('BEP 34 records are read as the BEP says', () => {
  const judge = (url: string, ...texts: string[]) => {
    const options = {
      timeoutSeconds: 1,
      families: [4] as const,
      insecure: false,
      infoHash: undefined,
      interrupt: new AbortController().signal,
    };
    const examination = new Examination(parseTrackerUrl(url), options);
    judgeTrackerRecord(examination, texts);
    return examination.findings[0].verdict;
  };
  const udp = 'udp://tracker.example.net:6969/announce';
  assert.equal(judge(udp), 'skip');
  assert.equal(judge(udp, 'v=spf1 -all'), 'skip');
  assert.equal(judge(udp, 'BITTORRENT UDP:6969 TCP:80'), 'pass');
  assert.equal(judge(udp, 'BITTORRENT TCP:6969'), 'fail');
  assert.equal(judge(udp, 'BITTORRENT DENY ALL'), 'fail');
  assert.equal(judge('http://tracker.example.net/announce', 'BITTORRENT UDP:6969 TCP:80'), 'pass');
});

test('doctor refuses csv and several hashes as usage errors', async () => {
  const hash = 'a'.repeat(40);
  for (const words of [
    ['-o', 'csv'],
    ['-H', hash, '-H', hash],
  ]) {
    const { code, stderr } = await runQuery(['doctor', 'http://127.0.0.1:1/announce', ...words]);
    assert.equal(code, 2);
    assert.equal(stderr.trim().split('\n').length, 1);
  }
});
