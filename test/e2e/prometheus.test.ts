// The metrics as Prometheus sees them: promtool has no complaint, a real Prometheus scrapes them, and no series is new.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { registerClusterMetrics } from '../../src/admin/measures/cluster-metrics.ts';
import { type Program, pause, startProgram } from '../program.ts';
import { type AdminTracker, announce, askRaw, startAdminTracker } from '../server/operators/admin-tracker.ts';
import { skipWithout } from '../system-tools.ts';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const withPromtool = { skip: skipWithout('promtool') };
const withPrometheus = { skip: skipWithout('prometheus') };

let tracker: AdminTracker;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'caracal-prometheus-'));
  tracker = await startAdminTracker(['--workers', '1', '--data-dir', join(directory, 'data')]);
});

after(async () => {
  await tracker?.program.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function scrape(): Promise<string> {
  const response = await fetch(`${tracker.url}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return await response.text();
}

function seriesOf(metrics: string): string[] {
  return metrics
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .sort();
}

function read(metrics: string, series: string): number {
  const line = metrics.split('\n').find((text) => text.startsWith(`${series} `));
  assert.ok(line, `no ${series}`);
  return Number(line.slice(series.length + 1));
}

describe('the metrics', () => {
  test('have a fixed number of series, whatever peers send', async () => {
    const before = seriesOf(await scrape());
    for (let peer = 0; peer < 20; peer++) await announce(tracker.httpPort, peer, peer);
    const { httpPort } = tracker;
    for (const path of [
      '/announce',
      '/announce?info_hash=%',
      '/scrape',
      '/nothing',
      '/announce?event=%3Cx%3E',
    ]) {
      await askRaw(httpPort, path);
    }
    await askRaw(httpPort, '/announce', { 'User-Agent': randomBytes(20).toString('hex') }, 'POST');
    const after = seriesOf(await scrape());
    assert.deepEqual(after, before);
    assert.equal(new Set(after).size, after.length);
    assert.ok(after.length < 240, `${after.length} series`);
  });

  test('count what was announced and refused', async () => {
    const before = await scrape();
    for (let peer = 0; peer < 10; peer++) {
      await announce(tracker.httpPort, 99, peer, 'left=1&event=started');
    }
    for (let n = 0; n < 3; n++) await askRaw(tracker.httpPort, '/announce?info_hash=short');
    const after = await scrape();
    const grown = (series: string) => read(after, series) - read(before, series);
    assert.equal(grown('tracker_announces_total{transport="http",family="ipv4",event="started"}'), 10);
    assert.equal(grown('tracker_requests_refused_total{transport="http",reason="malformed"}'), 3);
    assert.equal(grown('tracker_peers{role="leecher",family="ipv4"}'), 10);
    assert.equal(grown('tracker_swarms'), 1);
    assert.ok(grown('tracker_reply_seconds_count{transport="http"}') >= 13);
  });

  test('promtool finds nothing to complain of', withPromtool, async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await scrape(),
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });
});

describe('what deploy/ holds for Prometheus and Grafana', () => {
  test('alert rules that promtool accepts', withPromtool, () => {
    const { status, stdout, stderr } = spawnSync(
      'promtool',
      ['check', 'rules', join(deploy, 'prometheus-rules.yml')],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout + stderr);
  });

  test('rules and panels that ask only for metrics that exist', async () => {
    const ofCluster = new Registry();
    registerClusterMetrics(ofCluster, () => undefined);
    const names = new Set([
      ...((await scrape()).match(/^(?:tracker|process|nodejs)_\w+/gm) ?? []),
      ...ofCluster.getMetricsAsArray().map(({ name }) => name),
    ]);
    for (const file of ['prometheus-rules.yml', 'grafana-dashboard.json']) {
      const asked = readFileSync(join(deploy, file), 'utf8').match(/\b(?:tracker|process|nodejs)_\w+/g)!;
      assert.ok(asked.length > 8, file);
      for (const name of asked) assert.ok(names.has(name), `${file} asks for ${name}`);
    }
  });
});

test('a real Prometheus scrapes the tracker and evaluates the rules', withPrometheus, async (t) => {
  const configuration = join(directory, 'prometheus.yml');
  writeFileSync(
    configuration,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(deploy, 'prometheus-rules.yml')],
      scrape_configs: [
        { job_name: 'caracal', static_configs: [{ targets: [`127.0.0.1:${tracker.adminPort}`] }] },
      ],
    }),
  );
  const prometheus = startProgram('prometheus', [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${join(directory, 'tsdb')}`,
    '--web.listen-address=127.0.0.1:0',
    '--log.level=info',
  ]);
  t.after(() => prometheus.kill());
  const port = await portOf(prometheus);
  await announce(tracker.httpPort, 50, 1);
  assert.equal(await query(port, 'up{job="caracal"}'), 1);
  assert.ok((await query(port, 'sum(tracker_peers)')) > 0);
  const rules = await askRaw(port, '/api/v1/rules');
  const { groups } = (JSON.parse(rules.body) as { data: { groups: { rules: { health: string }[] }[] } }).data;
  assert.ok(groups[0].rules.length >= 10);
  assert.ok(groups[0].rules.every(({ health }) => health === 'ok' || health === 'unknown'));
});

/** Prometheus says on stderr which port it was given. */
async function portOf(prometheus: Program): Promise<number> {
  for (let tries = 0; tries < 300; tries++) {
    const match = /Listening on" address=127\.0\.0\.1:(\d+)/.exec(prometheus.stderr);
    if (match) return Number(match[1]);
    await pause(50);
  }
  throw new Error(prometheus.describe('did not listen'));
}

interface QueryAnswer {
  data: { result: { value: [number, string] }[] };
}

/** The value once there is one. */
async function query(port: number, expression: string): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    // Unavailable until it has read what it stored before, which is nothing.
    const { status, body } = await askRaw(port, `/api/v1/query?query=${encodeURIComponent(expression)}`);
    const answer = status === 200 ? (JSON.parse(body) as QueryAnswer) : undefined;
    const value = answer?.data.result[0]?.value[1];
    if (value !== undefined) return Number(value);
    await pause(100);
  }
  throw new Error(`Prometheus has no value for ${expression}`);
}
