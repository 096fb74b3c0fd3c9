// A tracker with --xdp in a network namespace: the same answers as through sockets, out of the card's queues, and nothing left behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { plain, taken, XdpNetwork } from '../../../bench/xdp-network.ts';
import { loadSystemCalls } from '../../../src/net/system-calls.ts';
import { Bpf, MapType } from '../../../src/net/xdp/bpf.ts';
import { unprovenRate } from '../../../src/net/xdp/unproven-limit.ts';
import { withoutRedis } from '../../cluster/redis-server.ts';
import { aria2, libtorrent } from '../../e2e/clients.ts';
import { beginInOneEpoch } from '../../net/xdp/loaded-filter.ts';
import { startProgram } from '../../program.ts';
import { skipWithout } from '../../system-tools.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import type { Answers, Asking } from './xdp-asker.ts';

const main = fileURLToPath(new URL('../../../src/server/main.js', import.meta.url));
const query = fileURLToPath(new URL('../../../src/query/main.js', import.meta.url));
const asker = fileURLToPath(new URL('./xdp-asker.js', import.meta.url));
const load = fileURLToPath(new URL('../../../bench/xdp-load.js', import.meta.url));
const steady = fileURLToPath(new URL('./xdp-steady.js', import.meta.url));
const exchange = fileURLToPath(new URL('../../e2e/exchange-over.js', import.meta.url));
const network = new XdpNetwork();
const skip = whyNot();

function whyNot(): string | false {
  const { calls, reason } = loadSystemCalls();
  if (!calls) return reason;
  try {
    const bpf = new Bpf(calls);
    calls.close(bpf.createMap(MapType.rings, 4, 4, 1));
    bpf.close();
    network.open();
    return false;
  } catch (error) {
    return `there can be no AF_XDP in a network namespace here: ${(error as Error).message}`;
  }
}

after(() => network.close());

class Running {
  readonly child: ChildProcess;
  output = '';

  constructor(...options: string[]) {
    const words = [
      '--xdp',
      network.interface,
      '--ipv6',
      '--memory-limit',
      '32MiB',
      '--admin-port',
      '7070',
      '--log-format',
      'json',
      ...options,
    ];
    const [command, ...rest] = network.inside(network.server, [process.execPath, main, ...words]);
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk) => {
        this.output += chunk;
      });
    }
  }

  async said(pattern: RegExp): Promise<void> {
    const end = performance.now() + 30_000;
    while (!pattern.test(this.output)) {
      assert.ok(this.child.exitCode === null && performance.now() < end, this.output);
      await pause(50);
    }
  }

  /** Once it has ended by itself. */
  async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    await once(this.child, 'exit');
  }

  metric(name: string): number {
    const script = "fetch('http://127.0.0.1:7070/metrics').then((reply) => reply.text()).then(console.log)";
    const [command, ...words] = network.inside(network.server, [process.execPath, '-e', script]);
    const { stdout } = spawnSync(command, words, { encoding: 'utf8' });
    const line = stdout
      .split('\n')
      .find((text) => text.startsWith(`${name} `) || text.startsWith(`${name}{`));
    assert.ok(line, `${name} in ${stdout}`);
    return Number(line.split(' ').at(-1));
  }
}

/** One that is ended with the test, however that goes. */
function begin(t: TestContext, ...options: string[]): Running {
  const tracker = new Running(...options);
  t.after(() => tracker.end('SIGKILL'));
  return tracker;
}

function ask(asking: Asking): Answers {
  const [command, ...words] = network.inside(network.client, [
    process.execPath,
    asker,
    JSON.stringify(asking),
  ]);
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Answers;
}

const hash = '11'.repeat(20);
const announce = (left: string, port: string) =>
  `ID0000000100000007${hash}${'22'.repeat(20)}${'00'.repeat(8)}${left}${'00'.repeat(8)}00000002${'00'.repeat(8)}ffffffff${port}`;
/** Whose answers do not depend on the sender's address. */
const datagrams = [
  announce('0000000000000005', '1ae1'),
  `ID0000000200000008${'55'.repeat(20)}`,
  `ID0000000200000009${'55'.repeat(20)}${'33'.repeat(20)}`,
  'ID000000020000000a',
  'ID0000000900000001',
  'ID00000001000000020000',
  announce('0000000000000000', '0000'),
  `8123456789abcdef0000000100000002${'44'.repeat(82)}`,
  '00',
  '',
  '0000041727101980000000000000000155',
];

describe('a tracker that reads the queues of a network interface', { skip }, () => {
  let tracker: Running;

  before(async () => {
    tracker = new Running('--workers', '2');
    await tracker.said(/queues":2/);
    await tracker.said(/Tracker running/);
  });

  after(() => tracker.end());

  for (const family of [4, 6] as const) {
    test(`IPv${family}: what it answers is what sockets answer, byte for byte`, () => {
      const addresses = [taken, plain].map((one) => (family === 4 ? `${one.ipv4}.1` : `${one.ipv6}1`));
      const before = tracker.metric('tracker_xdp_received_total');
      const [fromRing, fromSocket] = ask({ family, addresses, port: 6969, datagrams });
      const withoutIds = (answers: (string | null)[]) =>
        answers.map((answer, i) => (i === answers.length - 1 ? answer?.slice(0, 16) : answer));
      assert.deepEqual(withoutIds(fromRing).slice(1), withoutIds(fromSocket).slice(1));
      // The second announce meets the first one's peer; the head is the same but for the counts.
      assert.equal(fromRing[0]?.slice(0, 24), fromSocket[0]?.slice(0, 24));
      assert.ok(fromRing.filter((answer) => answer !== null).length >= 7, JSON.stringify(fromRing));
      // What is shorter than a question, or cannot be ours, the shield has dropped before.
      assert.ok(tracker.metric('tracker_xdp_received_total') - before >= 12);
      assert.equal(tracker.metric('tracker_xdp_without_ring_total'), 0);
    });
  }

  test('tracker-query finds nothing strange about it', () => {
    for (const url of [`udp://${taken.ipv4}.1:6969/announce`, `udp://[${taken.ipv6}1]:6969/announce`]) {
      const [command, ...words] = network.inside(network.client, [process.execPath, query, url]);
      const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
      assert.match(stdout, /Interval +1800 s/);
    }
  });
});

describe('the life of a filter', { skip }, () => {
  const clients = { skip: skipWithout(aria2.tool, libtorrent.tool) };
  test(
    'aria2 and libtorrent find each other through it, and all that they ask comes from the queues',
    clients,
    async (t) => {
      const tracker = begin(t, '--workers', '1', '--interval', '2', '--min-interval', '1');
      await tracker.said(/queues":2/);
      const url = `udp://${taken.ipv4}.1:6969/announce`;
      const [command, ...words] = network.inside(network.client, [process.execPath, exchange, url]);
      const program = startProgram(command, words, { group: true });
      t.after(() => program.kill());
      const { code } = await program.exit(90_000);
      assert.equal(code, 0, program.describe('ended'));
      // Three clients connect and announce at least once.
      assert.ok(tracker.metric('tracker_xdp_received_total') >= 6);
      assert.equal(tracker.metric('tracker_xdp_without_ring_total'), 0);
    },
  );

  test('another tracker takes its place under load, and no question is lost', async (t) => {
    const dataDir = temporaryDirectory('xdp');
    const first = begin(t, '--workers', '1', '--data-dir', dataDir);
    await first.said(/Tracker running/);
    await first.said(/queues":2/);
    const words = [process.execPath, steady, `${taken.ipv4}.1`, '6969'];
    const [command, ...rest] = network.inside(network.client, words);
    const load = startProgram(command, rest, { group: true });
    t.after(() => load.kill());
    await load.printed(/asking/, 20_000);
    await pause(1000);
    const second = begin(t, '--workers', '1', '--data-dir', dataDir, '--takeover');
    await second.said(/queues":2/);
    await first.ended();
    const received = second.metric('tracker_xdp_received_total');
    await pause(1000);
    load.signal('SIGTERM');
    await load.exit(40_000);
    const { sent, unanswered } = JSON.parse(load.stdout.trim().split('\n').at(-1)!);
    // Two seconds of pauses, one every 4 ms; how long a start takes comes on top.
    assert.ok(sent > 400, `${sent}`);
    assert.deepEqual(unanswered, []);
    assert.ok(second.metric('tracker_xdp_received_total') > received, 'the new one reads the queues');
  });

  test('it takes what comes without a rate limit too, and with one worker for all queues', async (t) => {
    const tracker = begin(t, '--workers', '1', '--rate-limit', 'off');
    await tracker.said(/queues":2/);
    const [answers] = ask({
      family: 4,
      addresses: [`${taken.ipv4}.1`],
      port: 6969,
      datagrams: [announce('0000000000000000', '1ae1')],
    });
    assert.notEqual(answers[0], null);
    assert.ok(tracker.metric('tracker_xdp_received_total') >= 2);
    assert.ok(tracker.metric('tracker_xdp_sent_total') >= 2);
    assert.equal(tracker.metric('tracker_xdp_without_ring_total'), 0);
    await tracker.end();
  });

  test('a client that has proven its address and sends far too much meets the shield, and nobody else does', async (t) => {
    // Nobody's own, as the others are, has a limit.
    network.addAddresses('198.51.100');
    const tracker = begin(t, '--workers', '1', '--rate-limit', 'udp=1:1');
    await tracker.said(/queues":2/);
    const flood = { family: 4, addresses: ['198.51.100.1'], port: 6969 } as const;
    const forged = `8123456789abcdef0000000100000002${'44'.repeat(82)}`;
    const shed = () =>
      tracker.metric('tracker_requests_refused_total{transport="udp",reason="shield_too_many"}');
    ask({ ...flood, datagrams: [forged], flood: 100 });
    assert.ok(tracker.metric('tracker_bad_connection_ids_total') > 60);
    assert.equal(shed(), 0, 'whoever forges an id takes nothing from the owner of the address');
    ask({ ...flood, datagrams: [announce('0000000000000000', '1ae1')], flood: 100 });
    assert.ok(shed() > 60, `${shed()}`);
    const [answers] = ask({
      family: 4,
      addresses: [`${taken.ipv4}.1`],
      port: 6969,
      datagrams: [announce('0000000000000000', '1ae1')],
    });
    assert.notEqual(answers[0], null);
    await tracker.end();
  });

  test('a flood of connects is answered in the kernel with ids that are good, and a client is served beside it', async (t) => {
    const seconds = 2;
    await beginInOneEpoch(15);
    const tracker = begin(t, '--workers', '1');
    await tracker.said(/queues":2/);
    const [program, ...inServer] = network.inside(network.server, [
      'cat',
      `/sys/class/net/${network.interface}/address`,
    ]);
    const mac = spawnSync(program, inServer, { encoding: 'utf8' }).stdout.trim();
    const words = [
      ...[process.execPath, load, '--interface', network.clientInterface, '--server-mac', mac],
      ...[
        '--server-address',
        `${taken.ipv4}.1`,
        '--address',
        `${taken.ipv4}.2`,
        '--seconds',
        String(seconds),
      ],
      ...['--torrents', '100', '--peers', '100', '--window', '16', '--flood', 'own-connect'],
    ];
    // What the program answers comes by the queue of the processor that it ran on, which is the sender's; the load reads the first.
    const [command, ...rest] = network.inside(network.client, ['taskset', '-c', '0', ...words]);
    const { stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
    const result = JSON.parse(stdout.split('\n')[1] ?? assert.fail(stderr)) as Record<string, number>;
    const answered = tracker.metric('tracker_xdp_connects_answered_total');
    assert.ok(answered > 0, `of a flood above ${unprovenRate} a second: ${stdout}`);
    assert.ok(result.connected >= answered / 2, `${answered} answered; ${stdout}`);
    assert.equal(result.otherIds, 0, stdout);
    assert.ok(result.answers > 0, stdout);
    assert.equal(result.errors, 0, stdout);
    // What takes over 100 ms counts as lost: also where the machine is busy.
    assert.ok(result.lost <= result.answers / 10, stdout);
    assert.equal(tracker.metric('tracker_bad_connection_ids_total'), 0);
    await tracker.end();
  });

  describe('what the shield goes by may change', () => {
    const asked = { family: 4, addresses: ['203.0.113.1'], port: 6969, flood: 100 } as const;
    const announces = [announce('0000000000000000', '1ae1')];

    before(() => network.addAddresses('203.0.113'));

    const shed = (tracker: Running) =>
      tracker.metric('tracker_requests_refused_total{transport="udp",reason="shield_too_many"}');

    test('a reload gives it another limit, takes it away and gives it one again', async (t) => {
      const config = join(temporaryDirectory('xdp'), 'configuration');
      const limit = (value: string) => writeFileSync(config, `rate-limit = "${value}"\n`);
      limit('udp=50:50');
      const tracker = begin(t, '--workers', '1', '--config', config);
      await tracker.said(/queues":2/);
      /** How many of a hundred are shed with another limit. */
      const shedWith = async (value: string) => {
        tracker.output = '';
        limit(value);
        tracker.child.kill('SIGHUP');
        await tracker.said(/In force now: rate-limit/);
        const before = shed(tracker);
        const [answers] = ask({ ...asked, datagrams: announces });
        assert.notEqual(answers[0], null, value);
        return shed(tracker) - before;
      };
      ask({ ...asked, datagrams: announces });
      assert.equal(shed(tracker), 0);
      assert.ok((await shedWith('udp=1:1')) > 60);
      assert.equal(await shedWith('off'), 0);
      assert.ok((await shedWith('udp=1:2')) > 40);
      assert.equal(await shedWith('udp=40:40'), 0);
      assert.equal(tracker.metric('tracker_xdp_without_ring_total'), 0);
      await tracker.end();
    });

    test('in a cluster it knows senders by the ids of other nodes', { skip: withoutRedis }, async (t) => {
      const inServer = (...words: string[]) => {
        const [command, ...rest] = network.inside(network.server, words);
        const program = startProgram(command, rest, { group: true });
        t.after(() => program.kill());
        return program;
      };
      const secret = join(temporaryDirectory('xdp'), 'secret');
      writeFileSync(secret, 'as long as a secret has to be\n', { mode: 0o600 });
      inServer('redis-server', '--bind', '127.0.0.1', '--save', '', '--dir', dirname(secret));
      const node = (name: string) => [
        ...['--cluster', 'redis://127.0.0.1:6379', '--cluster-node', name],
        ...['--cluster-secret-file', secret],
      ];
      const other = inServer(
        ...[process.execPath, main, '--udp-port', '7969', '--http-port', '7969', '--memory-limit', '32MiB'],
        ...node('other'),
      );
      const tracker = begin(t, '--workers', '1', '--rate-limit', 'udp=1:1', ...node('this'));
      await tracker.said(/queues":2/);
      await tracker.said(/node this is ready/);
      await other.printed(/node other is ready/, 30_000);
      const [answers] = ask({ ...asked, idsFrom: 7969, datagrams: announces });
      assert.equal(answers[0]?.slice(0, 8), '00000001', 'an id of the other node is good');
      assert.equal(tracker.metric('tracker_bad_connection_ids_total'), 0);
      assert.ok(shed(tracker) > 60, `${shed(tracker)}`);
      await tracker.end();
    });
  });

  test('it is gone when the tracker ends, and when it is killed', async (t) => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const tracker = begin(t, '--workers', '1');
      await tracker.said(/Tracker running/);
      await tracker.said(/queues":2/);
      assert.ok(network.attached);
      await tracker.end(signal);
      // The kernel lets go of a killed process's descriptors a little later.
      for (let i = 0; network.attached && i < 50; i++) await pause(100);
      assert.equal(network.attached, false, signal);
    }
  });

  test('without the interface, sockets answer and one line says why', async (t) => {
    const tracker = begin(t, '--workers', '1', '--xdp', 'nonsuch0');
    await tracker.said(/Tracker running/);
    await tracker.said(/there is no network interface nonsuch0/);
    const [answers] = ask({
      family: 4,
      addresses: [`${plain.ipv4}.1`],
      port: 6969,
      datagrams: [announce('0000000000000000', '1ae1')],
    });
    assert.notEqual(answers[0], null);
    await tracker.end();
  });
});

test('--check says which interfaces could be read', { skip }, () => {
  const words = [process.execPath, main, '--check', '--xdp', network.interface, '--xdp', 'nonsuch0'];
  const [command, ...rest] = network.inside(network.server, words);
  const { stdout, status } = spawnSync(command, rest, { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(`# ok +--xdp ${network.interface}: 2 queues`));
  assert.match(stdout, /# warning +--xdp nonsuch0: .*there is no network interface nonsuch0/);
});
