// Batches: parallel, in input order for programs, totals for people, Ctrl-C, and lists from files and standard input.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { InOrder } from '../../src/query/batch/batch.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { body, startAnswering, startHttp } from './fake-trackers.ts';
import { runQuery } from './run-query.ts';

const directory = temporaryDirectory('batch');
const answer = { complete: 1, incomplete: 2, interval: 1800, peers: '' };

function list(name: string, lines: string[]): string {
  const path = join(directory, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

test('results come in the order of the list, whatever their order of arrival', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (order) => {
      const seen: number[] = [];
      const inOrder = new InOrder<number>((item) => seen.push(item));
      for (const index of order) inOrder.add(index, index);
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
    }),
  );
});

test('a batch as JSON is one document in the order of the list, failures included', async (t) => {
  let asked = 0;
  const origin = await startHttp(t, (_, response) => {
    // The first to be asked answers last.
    setTimeout(() => response.end(body(answer)), asked++ === 0 ? 400 : 0);
  });
  const lines = [
    '# comment',
    '',
    `${origin}/a/announce`,
    ' http://127.0.0.1:1/announce ',
    'nonsense',
    `${origin}/b/announce`,
  ];
  const { code, stdout, stderr } = await runQuery([
    '-b',
    '-f',
    list('json', lines),
    '-d',
    '0',
    '-o',
    'json',
    '--no-cleanup',
  ]);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const results: { tracker: string; error?: string; seeds: number | null }[] = JSON.parse(stdout);
  assert.deepEqual(
    results.map(({ tracker }) => tracker),
    [`${origin}/a/announce`, 'http://127.0.0.1:1/announce', 'nonsense', `${origin}/b/announce`],
  );
  assert.deepEqual(
    results.map(({ error }) => error !== undefined),
    [false, true, true, false],
  );
});

test('a batch as JSON lines or CSV holds one record a tracker', async (t) => {
  const { url } = await startAnswering(t, answer);
  const path = list('records', [url, 'http://127.0.0.1:1/announce']);
  const jsonl = await runQuery(['-b', '-f', path, '-d', '0', '-o', 'jsonl']);
  assert.equal(
    jsonl.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)).length,
    2,
  );
  const csv = await runQuery(['-b', '-f', path, '-d', '0', '-o', 'csv']);
  const rows = csv.stdout.trim().split('\r\n');
  assert.equal(rows.length, 3);
  assert.match(rows[2], /connection refused/);
});

test('a batch for people ends with totals, speeds and failures, and no live view in a pipe', async (t) => {
  const { url } = await startAnswering(t, answer);
  const path = list('people', [url, url, 'http://127.0.0.1:1/announce']);
  const { code, stdout } = await runQuery(['-b', '-f', path, '-d', '0']);
  assert.equal(code, 0);
  assert.match(stdout, /3 trackers in [\d.]+ s: 2 answered, 1 failed/);
  assert.match(stdout, /Average .* ms\nFastest .*\nSlowest /);
  assert.match(stdout, /Answered, by speed {2}\(/);
  assert.match(stdout, /Failed\n {2}http:\/\/127\.0\.0\.1:1\/announce\n {6}.*refused/);
  assert.ok(!stdout.includes('\x1b') && !stdout.includes('\u2588'));
});

test('a batch of which none answers ends with 1, an empty list with 2', async () => {
  const none = await runQuery(['-b', '-f', list('none', ['http://127.0.0.1:1/announce'])]);
  assert.equal(none.code, 1);
  const empty = await runQuery(['-b', '-f', list('empty', ['# nothing']), '-o', 'json']);
  assert.equal(empty.code, 2);
  assert.deepEqual(JSON.parse(empty.stdout), []);
});

test('without -f the list is trackers_to_query.txt in the current directory', async (t) => {
  const { url } = await startAnswering(t, answer);
  const cwd = temporaryDirectory('batch');
  writeFileSync(join(cwd, 'trackers_to_query.txt'), `${url}\r\n`);
  const { code, stdout } = await runQuery(['-b', '-o', 'json'], { cwd });
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout)[0].tracker, url);
});

test('--jobs bounds the queries under way, --delay spaces their starts', async (t) => {
  let now = 0;
  let most = 0;
  const starts: number[] = [];
  const origin = await startHttp(t, (_, response) => {
    most = Math.max(most, ++now);
    starts.push(performance.now());
    setTimeout(() => {
      now--;
      response.end(body(answer));
    }, 60);
  });
  const path = list(
    'jobs',
    Array.from({ length: 12 }, (_, i) => `${origin}/${i}/announce`),
  );
  await runQuery(['-b', '-f', path, '-d', '0', '--jobs', '3', '--no-cleanup', '-o', 'json']);
  assert.equal(most, 3);
  starts.length = 0;
  const short = list('delay', [`${origin}/announce`, `${origin}/announce`, `${origin}/announce`]);
  await runQuery(['-b', '-f', short, '-d', '0.3', '--no-cleanup', '-o', 'json']);
  const gaps = starts.slice(1).map((ms, i) => ms - starts[i]);
  assert.ok(
    gaps.every((gap) => gap > 200),
    gaps.join(),
  );
});

test('a thousand trackers come from standard input without slowing down', async (t) => {
  const { url } = await startAnswering(t, answer);
  const input = Array.from({ length: 1000 }, (_, i) => `${url}?n=${i}`).join('\n');
  const words = ['-f', '-', '-d', '0', '--jobs', '64', '--no-cleanup', '-o', 'jsonl'];
  const { code, stdout, ms } = await runQuery(words, { input });
  assert.equal(code, 0);
  const numbers = stdout
    .trim()
    .split('\n')
    .map((line) => Number(/n=(\d+)/.exec(line)![1]));
  assert.deepEqual(numbers, [...numbers.keys()]);
  assert.equal(numbers.length, 1000);
  assert.ok(ms < 8000, `${ms} ms`);
});

test('Ctrl-C prints what there is as a whole document and ends with 130', async (t) => {
  let interrupt = () => {};
  let quick = 0;
  const origin = await startHttp(t, (request, response) => {
    if (!request.url!.startsWith('/quick')) return;
    response.end(body(answer));
    if (request.url!.includes('event=started') && ++quick === 2) setTimeout(() => interrupt(), 400);
  });
  const path = list(
    'interrupted',
    ['quick', 'slow', 'quick'].map((name) => `${origin}/${name}/announce`),
  );
  let interruptedMs = 0;
  const { code, stdout } = await runQuery(['-b', '-f', path, '-d', '0', '-o', 'json'], {
    started: (child) => {
      interrupt = () => {
        interruptedMs = performance.now();
        child.kill('SIGINT');
      };
    },
  });
  assert.equal(code, 130);
  assert.equal(JSON.parse(stdout).length, 2);
  assert.ok(performance.now() - interruptedMs < 2500);
});

test('-r is someone else for each tracker of a batch', async (t) => {
  const { url, agents } = await startAnswering(t, answer);
  await runQuery([
    '-b',
    '-f',
    list('random', Array(20).fill(url)),
    '-d',
    '0',
    '-r',
    '--no-cleanup',
    '-o',
    'json',
  ]);
  assert.ok(new Set(agents).size > 1);
});

test('-R asks again until the tracker answers, and gives up after N', async (t) => {
  let asked = 0;
  const origin = await startHttp(t, (_, response) => {
    response.end(++asked < 2 ? 'nonsense' : body(answer));
  });
  const { code, stdout, stderr } = await runQuery([
    '-t',
    `${origin}/announce`,
    '-R',
    '3',
    '--no-cleanup',
    '-o',
    'json',
  ]);
  assert.equal(code, 0);
  assert.equal(asked, 2);
  assert.equal(JSON.parse(stdout).seeds, 1);
  assert.match(stderr, /attempt 1 of 4: .*trying again in 2 s/);
  const failing = await runQuery(['-t', 'http://127.0.0.1:1/announce', '-R', '1']);
  assert.equal(failing.code, 1);
  assert.ok(failing.ms > 2000 && failing.ms < 4000);
});
