// A tracker that means harm: every attack ends within the deadline + 1 s, under 150 MiB, with clean output.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { mayFollow } from '../../src/query/network/http-client.ts';
import {
  afterConnect,
  body,
  startAnswering,
  startHttp,
  startTcp,
  startUdp,
  udpReply,
} from './fake-trackers.ts';
import { type Outcome, type RunOptions, runQuery } from './run-query.ts';

const timeoutSeconds = 2;
const dangerous =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** What starting and ending the program takes where nothing else is going on, by a generous measure. */
const quickStartMs = 250;

interface Measured extends Outcome {
  peakMiB: number;
}

/** The longest that this machine has needed to start and end the program for nothing. */
let { ms: startUpMs } = await runQuery(['--version']);

/** Runs to the end and checks what holds for every attack. */
async function survive(words: string[], options: RunOptions = {}): Promise<Measured> {
  let outcome = await measure(words, options);
  if (isLate(outcome)) startUpMs = Math.max(startUpMs, (await runQuery(['--version'])).ms);
  // On a machine that is busy with something else a late end may be that machine's; a second one is ours.
  if (isLate(outcome)) outcome = await measure(words, options);
  assert.ok(!isLate(outcome), `took ${outcome.ms} ms, and starting takes ${startUpMs} ms`);
  assert.ok(outcome.peakMiB < 150, `${outcome.peakMiB} MiB`);
  assert.ok(!dangerous.test(outcome.stdout.replaceAll('\r\n', '\n')), 'control characters on stdout');
  assert.ok(!dangerous.test(outcome.stderr), 'control characters on stderr');
  return outcome;
}

/** The time-out is the same on every machine; the second for everything else takes as much longer as starting does. */
function isLate({ ms }: Measured): boolean {
  const slowness = Math.max(1, startUpMs / quickStartMs);
  return ms > startUpMs + (timeoutSeconds + slowness) * 1000;
}

async function measure(words: string[], options: RunOptions): Promise<Measured> {
  let peakMiB = 0;
  let timer: NodeJS.Timeout | undefined;
  const outcome = await runQuery([...words, '--timeout', String(timeoutSeconds), '--no-cleanup'], {
    ...options,
    started: (child) => {
      timer = setInterval(() => {
        peakMiB = Math.max(peakMiB, peakMemory(child.pid!));
      }, 10);
    },
  });
  clearInterval(timer);
  return { ...outcome, peakMiB };
}

/** The largest resident size so far, in MiB; 0 where there is no /proc. */
function peakMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
  } catch {
    return 0;
  }
}

async function surviveBody(t: TestContext, bytes: Buffer, more: string[] = []): Promise<Measured> {
  const { url } = await startAnswering(t, bytes);
  return await survive(['-t', url, ...more]);
}

describe('hostile bencode', { concurrency: 2 }, () => {
  const cases: [string, Buffer][] = [
    ['a negative length', Buffer.from('d8:intervali1800e5:peers-6:abcdefe')],
    ['a huge length', Buffer.from('d5:peers99999999999999999999:e')],
    ['a length beyond the end', Buffer.from('d5:peers4000000:e')],
    ['lists to a depth of 1,000,000', Buffer.from('l'.repeat(1_000_000))],
    ['dictionaries to a depth of 300,000', Buffer.from(`${'d1:a'.repeat(300_000)}`)],
    ['a closed depth of 1,000,000', Buffer.from(`${'l'.repeat(1_000_000)}${'e'.repeat(1_000_000)}`)],
    ['a million items', Buffer.from(`d5:peersl${'i1e'.repeat(1_000_000)}ee`)],
    ['a number of a million digits', Buffer.from(`d8:intervali${'9'.repeat(1_000_000)}ee`)],
    ['an empty answer', Buffer.alloc(0)],
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256))],
    ['an answer that is cut off', body({ interval: 1800, peers: 'abcdef' }).subarray(0, 20)],
  ];
  for (const [name, bytes] of cases) {
    test(`${name} is an error, quickly`, async (t) => {
      const { code, stdout } = await surviveBody(t, bytes, ['-o', 'json']);
      assert.equal(code, 1);
      assert.match(JSON.parse(stdout).error, /not a bencoded answer|more than 60000 values/);
    });
  }

  test('a dictionary of 55,000 unknown keys is read within the limits', async (t) => {
    const keys = Array.from({ length: 55_000 }, (_, i) => `6:${String(i).padStart(6, '0')}i1e`).join('');
    const { code } = await surviveBody(t, Buffer.from(`d${keys}8:intervali1800e5:peers0:e`));
    assert.equal(code, 0);
  });

  test('numbers out of range are left out and reported', async (t) => {
    const bytes = Buffer.from(
      'd8:completei-1e10:incompletei99999999999999999999e8:intervali4294967295e5:peers0:e',
    );
    const { stdout } = await surviveBody(t, bytes, ['-o', 'json']);
    const document = JSON.parse(stdout);
    assert.deepEqual([document.seeds, document.leechers, document.interval], [null, null, 2 ** 32 - 1]);
    assert.equal(document.compliance_warnings.length, 2);
  });
});

describe('hostile sizes', () => {
  test('1 GiB out of a small gzip', async (t) => {
    const member = gzipSync(Buffer.alloc(16 << 20));
    const bomb = Buffer.concat(Array(64).fill(member));
    const origin = await startHttp(t, (_, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb);
    });
    const { code, stdout } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 1);
    assert.match(stdout, /inflates to more than 4 MiB/);
  });

  test('a body without an end', async (t) => {
    const origin = await startHttp(t, (_, response) => {
      const piece = Buffer.alloc(1 << 16, 'x');
      const send = () => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once('drain', send);
      };
      send();
    });
    const { code, stdout } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 1);
    assert.match(stdout, /larger than 4 MiB/);
  });

  test('a head without an end', async (t) => {
    const origin = await startTcp(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('X: y'.repeat(200)), 1);
      socket.on('close', () => clearInterval(timer));
    });
    const { code, stdout } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 1);
    assert.match(stdout, /head of the reply is larger/);
  });

  for (const format of ['table', 'json', 'csv']) {
    test(`600,000 peers listed as ${format}`, async (t) => {
      const peers = Buffer.alloc(600_000 * 6, 7);
      const { code, stdout } = await surviveBody(t, body({ interval: 1800, peers }), ['-p', '-o', format]);
      assert.equal(code, 0);
      if (format === 'json') assert.equal(JSON.parse(stdout).ipv4_peers, 600_000);
    });
  }

  test('a full scrape of 55,000 empty torrents lists the first 10,000', async (t) => {
    const keys = Array.from({ length: 55_000 }, (_, i) => `20:${String(i).padStart(20, '0')}de`).join('');
    const { code, stdout } = await surviveBody(t, Buffer.from(`d5:filesd${keys}ee`), [
      '--full-scrape',
      '-o',
      'json',
    ]);
    assert.equal(code, 0);
    const { torrents, torrent_count } = JSON.parse(stdout);
    assert.deepEqual([torrents.length, torrent_count], [10_000, 55_000]);
  });

  test('10,000 peers as dictionaries', async (t) => {
    const peers = Array.from({ length: 10_000 }, () => ({
      ip: '1.2.3.4',
      'peer id': 'x'.repeat(20),
      port: 1,
    }));
    const { code, stdout } = await surviveBody(t, body({ interval: 1800, peers }), ['-p', '-o', 'json']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).ipv4_peers, 10_000);
  });

  test('a failure reason of 4 MB', async (t) => {
    const { code, stdout } = await surviveBody(t, body({ 'failure reason': 'no '.repeat(1_300_000) }));
    assert.equal(code, 1);
    assert.ok(stdout.length < 3000);
  });
});

describe('hostile pace', { concurrency: 2 }, () => {
  test('nothing after the connection', async (t) => {
    const origin = await startTcp(t, () => {});
    const { code, stdout } = await survive(['-t', `${origin}/announce`, '-o', 'json']);
    assert.equal(code, 1);
    assert.match(JSON.parse(stdout).error, /no answer within 2 s/);
  });

  test('a byte of the head at a time', async (t) => {
    const origin = await startTcp(t, (socket) => {
      const text = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';
      let at = 0;
      const timer = setInterval(() => socket.write(text[at++ % text.length]), 250);
      socket.on('close', () => clearInterval(timer));
    });
    const { code } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 1);
  });

  test('a byte of the body at a time', async (t) => {
    const origin = await startHttp(t, (_, response) => {
      response.writeHead(200, { 'Content-Length': 1000 });
      const timer = setInterval(() => response.write('d'), 250);
      response.on('close', () => clearInterval(timer));
    });
    const { code } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 1);
  });

  test('a TLS handshake that never comes', async (t) => {
    const origin = await startTcp(t, () => {});
    const { code } = await survive(['-t', `${origin.replace('http:', 'https:')}/announce`]);
    assert.equal(code, 1);
  });

  test('a connection closed at once', async (t) => {
    const origin = await startTcp(t, (socket) => socket.destroy());
    for (const url of [`${origin}/announce`, `${origin.replace('http:', 'https:')}/announce`]) {
      const { code } = await survive(['-t', url]);
      assert.equal(code, 1);
    }
  });

  test('a UDP tracker that connects and then says nothing', async (t) => {
    const { url } = await startUdp(
      t,
      afterConnect(() => {}),
    );
    const { code, stdout } = await survive(['-t', url]);
    assert.equal(code, 1);
    assert.match(stdout, /no answer within 2 s/);
  });
});

describe('hostile redirects', { concurrency: 2 }, () => {
  const refused = [
    'file:///etc/passwd',
    'ftp://127.0.0.1/x',
    'javascript:alert(1)',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/announce',
    'http://192.168.1.1/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://0x7f.1:1/',
    'udp://127.0.0.1:1/announce',
    'http://[',
    'http://user:password@127.0.0.1/',
    '//169.254.1.1/announce',
  ];
  for (const location of refused) {
    test(`to ${location} is not followed`, async (t) => {
      const origin = await startHttp(t, (_, response) => {
        response.writeHead(302, { Location: location }).end();
      });
      const { code, stdout } = await survive(['-t', `${origin}/announce`, '-o', 'json']);
      assert.equal(code, 1);
      assert.match(JSON.parse(stdout).error, /redirected|refused/);
    });
  }

  test('without an end are followed three times', async (t) => {
    let asked = 0;
    const origin = await startHttp(t, (_, response) => {
      response.writeHead(302, { Location: `/announce?${++asked}` }).end();
    });
    const { code, stdout } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 1);
    assert.match(stdout, /more than 3 redirects/);
    assert.equal(asked, 4);
  });

  test('on the same machine are followed', async (t) => {
    const { url } = await startAnswering(t, { interval: 1800, peers: '' });
    const origin = await startHttp(t, (request, response) => {
      response.writeHead(301, { Location: `${url}${request.url!.replace('/announce', '')}` }).end();
    });
    const { code } = await survive(['-t', `${origin}/announce`]);
    assert.equal(code, 0);
  });

  test('from a public address lead to public addresses only', () => {
    for (const to of [
      '127.0.0.1',
      '::1',
      '10.1.2.3',
      '169.254.169.254',
      'fe80::1',
      'fd00::1',
      '0.0.0.0',
      '::',
    ]) {
      assert.equal(mayFollow('8.8.8.8', to), false, to);
    }
    for (const to of [
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '64:ff9b::a00:1',
      '100.64.1.1',
    ]) {
      assert.equal(mayFollow('8.8.8.8', to), false, to);
    }
    for (const to of ['1.1.1.1', '2606:4700::1111', '64:ff9b::101:101']) {
      assert.equal(mayFollow('8.8.8.8', to), true, to);
    }
    assert.equal(mayFollow('10.0.0.1', '10.0.0.1'), true);
    assert.equal(mayFollow('10.0.0.1', '10.0.0.2'), false);
    assert.equal(mayFollow('10.0.0.1', '127.0.0.1'), false);
    assert.equal(mayFollow('127.0.0.1', '::1'), true);
  });
});

describe('hostile UDP', { concurrency: 2 }, () => {
  test('a reply from another port is not taken', async (t) => {
    const other = createSocket('udp4');
    t.after(() => other.close());
    const { url } = await startUdp(
      t,
      afterConnect(({ transactionId, from }) =>
        other.send(udpReply(1, transactionId, [1800, 1, 1]), from.port, from.address),
      ),
    );
    const { code } = await survive(['-t', url]);
    assert.equal(code, 1);
  });

  test('replies with another transaction_id, another action or too few bytes are not taken', async (t) => {
    const { url } = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) => {
        reply(udpReply(1, transactionId + 1, [1800, 1, 1]));
        reply(udpReply(2, transactionId, [1800, 1, 1]));
        reply(Buffer.alloc(3));
      }),
    );
    const { code, stdout } = await survive(['-t', url, '-o', 'json']);
    assert.equal(code, 1);
    const { error } = JSON.parse(stdout);
    assert.match(error, /packets ignored: .*another transaction_id.*with action 2.*too short/);
  });

  test('a flood of packets and one of 65,000 bytes', async (t) => {
    const { url } = await startUdp(t, (request) => {
      for (let i = 0; i < 2000; i++) request.reply(udpReply(i, i, [i]));
      request.reply(udpReply(1, request.transactionId, [1, 1, 1], Buffer.alloc(64_000)));
    });
    const { code } = await survive(['-t', url]);
    assert.equal(code, 1);
  });

  test('an interval of 2^32 - 1 and counts to match', async (t) => {
    const { url } = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) => reply(udpReply(1, transactionId, [-1, -1, -1]))),
    );
    const { stdout } = await survive(['-t', url, '-o', 'json']);
    const document = JSON.parse(stdout);
    assert.deepEqual([document.interval, document.seeds], [2 ** 32 - 1, 2 ** 32 - 1]);
  });
});

describe('hostile text', () => {
  const nasty =
    '\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\u2066\u200b\ufeff\r\nX,"y"\x00\x7f=HYPERLINK("http://x")';
  const everywhere = {
    'failure reason': nasty,
    'warning message': nasty,
    'tracker id': nasty,
    'external ip': nasty,
    interval: 1800,
    peers: [{ ip: nasty, 'peer id': nasty, port: 1 }],
  };
  const accepted = { ...everywhere, 'failure reason': undefined };

  for (const format of ['table', 'json', 'jsonl', 'csv']) {
    test(`is harmless in every field as ${format}`, async (t) => {
      for (const answer of [everywhere, accepted]) {
        const { stdout } = await surviveBody(t, body(answer), ['-p', '-o', format]);
        if (format === 'json' || format === 'jsonl') {
          const document = JSON.parse(stdout);
          assert.equal(document.warning_message, nasty, 'JSON loses nothing');
        }
      }
    });
  }

  test('starts no formula in CSV', async (t) => {
    const answer = {
      ...accepted,
      'tracker id': '=1+1',
      'warning message': '@x',
      peers: [{ ip: '+1', port: 1 }],
    };
    const { stdout } = await surviveBody(t, body(answer), ['-p', '-o', 'csv']);
    for (const line of stdout.trim().split('\r\n')) {
      for (const cell of line.split(',')) assert.doesNotMatch(cell, /^"?\s*[=+@-]/);
    }
  });

  test('is harmless in a torrent name, a UDP error, a status line and a header', async (t) => {
    const files = new Map([['x'.repeat(20), { complete: 1, name: nasty }]]);
    const { url } = await startAnswering(t, { files });
    await survive(['-t', url, '-s']);
    const udp = await startUdp(
      t,
      afterConnect(({ transactionId, reply }) => reply(udpReply(3, transactionId, [], Buffer.from(nasty)))),
    );
    await survive(['-t', udp.url]);
    for (const raw of [
      'HTTP/1.1 500 \x1b[2J\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Encoding: \x1b[2J\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Encoding: \u202e\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 302 Found\r\nLocation: x:\u009b2J\r\nContent-Length: 0\r\n\r\n',
      '\x1b[2J\x1b[2J\r\n\r\n',
    ]) {
      const origin = await startTcp(t, (socket) => socket.end(raw));
      const { code } = await survive(['-t', `${origin}/announce`]);
      assert.equal(code, 1);
    }
  });

  test('in a URL of a batch is harmless', async () => {
    const { code } = await survive(['-f', '-', '-d', '0'], {
      input: 'http://127.0.0.1:1/\x1b[2J\u202ex\n\x1b]0;x\x07\n',
    });
    assert.equal(code, 1);
  });
});
