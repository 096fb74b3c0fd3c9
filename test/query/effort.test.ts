// What a question cost: the steps of its time, what was lost on the way, and nothing of this program's own first time.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Asker, type QuerySettings } from '../../src/query/asking/query.ts';
import type { AnnounceResult } from '../../src/query/asking/tracker-answer.ts';
import { warmUp } from '../../src/query/asking/warm-up.ts';
import { bothFamilies } from '../../src/query/network/name-lookup.ts';
import { parseTrackerUrl } from '../../src/query/network/tracker-url.ts';
import { formatLoss } from '../../src/query/report/wording.ts';
import { Terminal } from '../../src/query/terminal/terminal.ts';
import { WatchView } from '../../src/query/watch/watch-view.ts';
import { afterConnect, body, startHttp, startUdp, type UdpRequest, udpReply } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';
import { writtenTo } from './written-to.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./first-question.js', import.meta.url));

const answer = body({ complete: 0, incomplete: 1, interval: 1800, peers: '' });
const announceReply = ({ reply, transactionId }: UdpRequest) =>
  reply(udpReply(1, transactionId, [1800, 1, 0]));

/** Leaves the first so many packets without an answer. */
function deafTo(packets: number): (request: UdpRequest) => void {
  let seen = 0;
  const listen = afterConnect(announceReply);
  return (request) => {
    if (++seen > packets) listen(request);
  };
}

const settings: QuerySettings = {
  kind: 'announce',
  torrents: [{ infoHash: new Uint8Array(20), name: undefined, trackers: [] }],
  event: 'started',
  numwant: 50,
  left: 1,
  port: 6881,
  randomIdentity: false,
  cleanup: false,
  timeoutSeconds: 5,
  families: bothFamilies,
  insecure: false,
  showPeers: false,
  lookup: false,
};

async function askTwice(url: string, kind: QuerySettings['kind'] = 'announce') {
  const asker = new Asker(parseTrackerUrl(url), { ...settings, kind });
  const results = [await asker.ask(), await asker.ask()];
  await asker.cleanUp();
  return results.map(({ steps, loss, responseTimeMs }) => ({
    names: steps.map(({ name }) => name),
    sumMs: steps.reduce((sum, { ms }) => sum + ms, 0),
    loss,
    responseTimeMs,
  }));
}

describe('the steps of an answer', () => {
  test('over UDP are the name, the connect exchange and the announce, each only when it is made', async (t) => {
    const { url } = await startUdp(t, afterConnect(announceReply));
    const named = url.replace('127.0.0.1', 'localhost');
    const [first, second] = await askTwice(named);
    assert.deepEqual(first!.names, ['DNS', 'connect', 'announce']);
    assert.deepEqual(second!.names, ['announce']);
    assert.ok(first!.sumMs <= first!.responseTimeMs! + 1, 'they are parts of the whole');
    const [unnamed] = await askTwice(url);
    assert.deepEqual(unnamed!.names, ['connect', 'announce'], 'an address needs no name');
  });

  test('of a scrape over UDP end in the scrape', async (t) => {
    const { url } = await startUdp(
      t,
      afterConnect(({ reply, transactionId }) => reply(udpReply(2, transactionId, [0, 0, 0]))),
    );
    const [first] = await askTwice(url, 'scrape');
    assert.deepEqual(first!.names, ['connect', 'scrape']);
  });

  test('over HTTP are the name, the connection and the first byte', async (t) => {
    const origin = await startHttp(t, (_, response) => void response.end(answer));
    const [first, second] = await askTwice(`${origin.replace('127.0.0.1', 'localhost')}/announce`);
    assert.deepEqual(first!.names, ['DNS', 'connect', 'first byte']);
    assert.deepEqual(second!.names, ['connect', 'first byte']);
  });
});

describe('what is lost', () => {
  test('over UDP is every packet that had to be sent again', async (t) => {
    const { url } = await startUdp(t, deafTo(1));
    const { stdout } = await runQuery(['-t', url, '--timeout', '1', '--no-cleanup']);
    assert.match(stdout, /^Lost +1 of 3 packets \(33 %\)$/m);
    assert.match(stdout, /^Of which +connect \d{3} ms, announce [\d.]+ ms$/m);
  });

  test('is told of a silent tracker too', async (t) => {
    const { url } = await startUdp(t, () => {});
    const table = await runQuery(['-t', url, '--timeout', '1']);
    assert.match(table.stdout, /^Lost +(\d) of \1 packets \(100 %\)$/m);
    const json = await runQuery(['-t', url, '--timeout', '1', '-o', 'json']);
    const { unit, sent, lost } = JSON.parse(json.stdout).loss;
    assert.equal(unit, 'packet');
    assert.ok(sent >= 2 && sent === lost, json.stdout);
  });

  test('is nothing of a whole answer, whose JSON has no key for it', async (t) => {
    const { url } = await startUdp(t, afterConnect(announceReply));
    const table = await runQuery(['-t', url, '--no-cleanup']);
    assert.match(table.stdout, /^Lost +0 of 2 packets$/m);
    const json = await runQuery(['-t', url, '--no-cleanup', '-o', 'json']);
    assert.ok(!('loss' in JSON.parse(json.stdout)));
  });

  test('over HTTP is counted over all attempts', async (t) => {
    let requests = 0;
    const origin = await startHttp(t, (request, response) => {
      if (++requests === 1) request.socket.destroy();
      else response.end(answer);
    });
    const { stdout } = await runQuery(['-t', `${origin}/announce`, '-R', '2', '--no-cleanup']);
    assert.match(stdout, /^Lost +1 of 2 requests \(50 %\)$/m);
  });

  test('is put in words', () => {
    assert.equal(formatLoss({ unit: 'request', sent: 1, lost: 0 }), '0 of 1 request');
    assert.equal(formatLoss({ unit: 'packet', sent: 1000, lost: 3 }), '3 of 1000 packets (0.3 %)');
  });
});

test('a watch shows the steps as they come and what was lost in all', () => {
  const stream = new PassThrough();
  const terminal = new Terminal(stream, { colour: false, live: true, columns: 80 });
  const view = new WatchView(terminal, 'udp://x/announce', 5);
  const result = (steps: AnnounceResult['steps'], lost: number): AnnounceResult => ({
    ...{ tracker: 'x', numwant: 50, responseTimeMs: 10, address: null, redirects: [] },
    ...{ answer: undefined, error: 'none', permanent: false },
    steps,
    loss: { unit: 'packet', sent: 2, lost },
  });
  view.add(result([], 2));
  view.add(
    result(
      [
        { name: 'connect', ms: 3 },
        { name: 'announce', ms: 5 },
      ],
      0,
    ),
  );
  view.add(result([{ name: 'announce', ms: 7 }], 0));
  view.close();
  const last = writtenTo(stream).split('\x1b[J').at(-1)!;
  assert.match(last, /^ {2}connect +- +- +3\.0 ms +3\.0 ms {2}·▁·$/m);
  assert.match(last, /^ {2}announce +7\.0 ms +\+2\.0 ms +5\.0 ms +7\.0 ms {2}·▁█$/m);
  assert.match(last, /^Lost +2 of 6 packets \(33 %\)$/m);
});

describe('this program’s own first time', () => {
  test('is had with nobody but itself', async (t) => {
    const targets: string[] = [];
    const origin = await startHttp(t, (request, response) => {
      targets.push(request.url!);
      response.end(answer);
    });
    await Promise.all([warmUp('http'), warmUp('https'), warmUp('udp')]);
    assert.deepEqual(targets, []);
    await runQuery(['-t', `${origin}/announce`, '--no-cleanup']);
    assert.equal(targets.length, 1);
  });

  // By what is loaded, as the time says nothing on a busy machine: it went from 16 to 1 ms over UDP with a name.
  for (const scheme of ['http', 'udp'] as const) {
    test(`leaves nothing to be loaded in the time of a first question over ${scheme}`, async (t) => {
      const { url } =
        scheme === 'udp'
          ? await startUdp(t, afterConnect(announceReply))
          : { url: `${await startHttp(t, (_, response) => void response.end(answer))}/announce` };
      const { stdout } = await run(process.execPath, [script, url.replace('127.0.0.1', 'localhost')]);
      const { before, inTime } = JSON.parse(stdout);
      assert.ok(before > 0, 'something has to be loaded');
      assert.deepEqual(inTime, []);
    });
  }
});
