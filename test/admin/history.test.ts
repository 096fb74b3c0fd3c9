// The rings of the history, and the file in which they outlive a restart.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { History, type HistoryRow, historySeriesNames } from '../../src/admin/measures/history.ts';
import { readHistory, writeHistory } from '../../src/admin/measures/history-file.ts';

const start = 1_800_000_000;

function row(value: number): HistoryRow {
  return Object.fromEntries(historySeriesNames.map((name) => [name, value])) as HistoryRow;
}

test('the last hour is kept by second, and what was not recorded is null', () => {
  const history = new History();
  for (let second = 0; second < 4000; second++)
    if (second !== 3990) history.record(start + second, row(second));
  const { from, step, series } = history.read('hour', start + 3999, 20_000, ['scrapes']);
  assert.deepEqual([from, step, series.scrapes!.length], [start + 400, 1, 3600]);
  assert.deepEqual(series.scrapes!.slice(0, 2), [400, 401]);
  assert.deepEqual(series.scrapes!.slice(3589, 3592), [3989, null, 3991]);
});

test('a minute is the mean of its seconds, of the slowest percentile their largest', () => {
  const history = new History();
  for (let second = 0; second < 120; second++) history.record(start + second, row(second));
  const { step, series } = history.read('week', start + 119, 20_000, ['swarms', 'latency_p99']);
  assert.equal(step, 60);
  assert.deepEqual(series.swarms!.slice(-3), [null, 29.5, 89.5]);
  assert.deepEqual(series.latency_p99!.slice(-3), [null, 59, 119]);
});

test('fewer points are means of more rows, at the same places from one reading to the next', () => {
  const history = new History();
  for (let second = 0; second < 100; second++) history.record(start + second, row(second));
  const first = history.read('hour', start + 99, 360, ['cpu']);
  assert.equal(first.step, 10);
  assert.equal(first.from % 10, 0);
  assert.deepEqual(first.series.cpu!.slice(-2), [84.5, 94.5]);
  history.record(start + 100, row(7));
  const second = history.read('hour', start + 100, 360, ['cpu']);
  assert.deepEqual(second.series.cpu!.slice(-3), [84.5, 94.5, 7]);
});

test('the history outlives a restart, and a damaged file is refused as a whole', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'caracal-history-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'history');
  await readHistory(path, new History());
  const history = new History();
  for (let second = 0; second < 90; second++) history.record(start + second, row(second));
  await writeHistory(path, history);
  const restored = new History();
  await readHistory(path, restored);
  for (const range of ['hour', 'week'] as const) {
    assert.deepEqual(
      restored.read(range, start + 89, 500, historySeriesNames),
      history.read(range, start + 89, 500, historySeriesNames),
    );
  }
  const whole = await readFile(path);
  // As a version wrote it that knew another series instead.
  await writeFile(path, Buffer.from(whole.toString('latin1').replace('"cpu"', '"cpx"'), 'latin1'));
  const newer = new History();
  await readHistory(path, newer);
  newer.record(start + 90, row(7));
  const { series } = newer.read('hour', start + 90, 20_000, ['cpu', 'swarms']);
  assert.deepEqual(series.cpu?.slice(-3), [null, null, 7], 'what was not recorded is not zero');
  assert.deepEqual(series.swarms?.slice(-3), [88, 89, 7]);
  for (const damaged of [whole.subarray(0, 1000), Buffer.from('nonsense'), Buffer.alloc(10)]) {
    await writeFile(path, damaged);
    await assert.rejects(readHistory(path, new History()));
  }
});
