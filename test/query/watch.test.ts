// A watch: one peer that comes back, a JSON line a time in a pipe, and a clean end by Ctrl-C.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { AnnounceResult } from '../../src/query/asking/tracker-answer.ts';
import { createAnswer } from '../../src/query/asking/tracker-answer.ts';
import { onQuitKey } from '../../src/query/terminal/quit-key.ts';
import { Terminal } from '../../src/query/terminal/terminal.ts';
import { sparkline } from '../../src/query/watch/sparkline.ts';
import { WatchView } from '../../src/query/watch/watch-view.ts';
import { body, startHttp } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';
import { writtenTo } from './written-to.ts';

test('a sparkline spans the range of its values and shows gaps', () => {
  assert.equal(sparkline([1, 2, 3, 4, 5, 6, 7, 8]), '▁▂▃▄▅▆▇█');
  assert.equal(sparkline([5, null, 5]), '▁·▁');
  assert.equal(sparkline([]), '');
  assert.equal(sparkline([null]), '·');
});

test('in a pipe each round is a JSON line, and Ctrl-C stops the peer', async (t) => {
  const events: (string | null)[] = [];
  let complete = 0;
  const origin = await startHttp(t, (request, response) => {
    events.push(new URL(request.url!, 'http://x').searchParams.get('event'));
    response.end(body({ complete: complete++, incomplete: 1, interval: 1800, peers: '' }));
  });
  const { code, stdout, ms } = await runQuery(['-t', `${origin}/announce`, '--watch', '0.2'], {
    started: (child) => {
      let seen = 0;
      child.stdout!.on('data', (text: string) => {
        seen += text.split('\n').length - 1;
        if (seen >= 3) child.kill('SIGINT');
      });
    },
  });
  assert.equal(code, 0);
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(records.length >= 3);
  assert.deepEqual(
    records.slice(0, 3).map(({ seeds }) => seeds),
    [0, 1, 2],
  );
  assert.deepEqual(Object.keys(records[0]).slice(0, 2), ['time', 'tracker']);
  assert.equal(events[0], 'started');
  assert.equal(events[1], null);
  assert.equal(events.at(-1), 'stopped');
  assert.ok(ms < 4000);
});

function result(complete: number, failureReason: string | null = null): AnnounceResult {
  const answer = { ...createAnswer(), complete, incomplete: 1, failureReason };
  return {
    tracker: 'x',
    numwant: 50,
    responseTimeMs: 10,
    address: null,
    steps: [],
    loss: { unit: 'packet', sent: 1, lost: 0 },
    redirects: [],
    answer,
    error: undefined,
    permanent: false,
  };
}

test('on a terminal the view shows change and failures, redrawn in place', () => {
  const stream = new PassThrough();
  const view = new WatchView(
    new Terminal(stream, { colour: false, live: true, columns: 80 }),
    'udp://x/announce',
    5,
  );
  for (const one of [result(10), result(12), result(0, 'no\x1b[2J')]) view.add(one);
  view.close();
  const frames = writtenTo(stream).split('\x1b[8A\r\x1b[J');
  assert.equal(frames.length, 3);
  assert.match(frames[1], /Seeds +12 +\+2 +10 +12 {2}▁█/);
  assert.match(frames[2], /2 answers, 1 failure {2}\(q ends it\)\n/);
  assert.match(frames[2], /Seeds +- +- +10 +12 {2}▁█·/);
  assert.match(frames[2], /Last failure {2}\d\d:\d\d:\d\d {2}no\\x1b\[2J/);
  for (const line of frames[2].split('\n')) assert.ok(line.length < 80, line);
});

test('q ends a watch on a terminal, which gets its keys back', () => {
  const modes: boolean[] = [];
  const keys = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  let quits = 0;
  const giveBack = onQuitKey(keys, () => quits++);
  keys.emit('data', Buffer.from('xq'));
  assert.equal(quits, 1);
  giveBack();
  keys.emit('data', Buffer.from('q'));
  assert.equal(quits, 1);
  assert.deepEqual(modes, [true, false]);
});

test('a pipe is no keyboard', () => {
  const pipe = new PassThrough();
  onQuitKey(pipe, () => assert.fail('a pipe pressed q'))();
  assert.equal(pipe.listenerCount('data'), 0);
});
