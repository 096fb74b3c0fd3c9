// The history outlives the process that recorded it, whichever way that ends.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { History } from '../../../src/admin/measures/history.ts';
import { readHistory, writeHistory } from '../../../src/admin/measures/history-file.ts';
import type { HistoryAnswer } from '../../../src/admin/schema.ts';
import { takeoverVersion } from '../../../src/server/takeover/conversation.ts';
import { fastPath } from '../../net/fast-path.ts';
import { type Program, pause, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-history-'));
after(() => rmSync(root, { recursive: true }));

interface Watched {
  program: Program;
  ports: string[];
  url: string;
}

async function start(t: TestContext, dataDir: string, words: readonly string[]): Promise<Watched> {
  const options = ['--host', '127.0.0.1', '--admin-port', 'any', '--data-dir', dataDir];
  const program = startProgram(process.execPath, [mainScript, ...options, ...words]);
  t.after(() => program.kill());
  await program.printed(/Tracker running/);
  const [, udp] = await program.printed(/UDP tracker listening on [\d.]+:(\d+)/);
  const [, http] = await program.printed(/HTTP tracker listening on [\d.]+:(\d+)/);
  const [, url] = await program.printed(/Admin listening on (http:\/\/[\d.]+:\d+)\//);
  return { program, ports: ['--udp-port', udp, '--http-port', http], url: url };
}

/** Seconds since 1970 that the history of the last hour has something of. */
async function recorded(url: string): Promise<Set<number>> {
  const answer = await fetch(`${url}/api/v1/history?range=hour&series=resident`);
  const { from, series } = (await answer.json()) as HistoryAnswer;
  const seconds = series.resident.flatMap((value, index) => (value === null ? [] : [from + index]));
  return new Set(seconds);
}

async function recordedAtLeast(count: number, url: string): Promise<Set<number>> {
  for (let tries = 0; tries < 200; tries++) {
    const seconds = await recorded(url);
    if (seconds.size >= count) return seconds;
    await pause(50);
  }
  throw new Error(`never ${count} seconds`);
}

const anyPorts = ['--udp-port', 'any', '--http-port', 'any'];

test('a tracker that is stopped and started again goes on with its history', async (t) => {
  const dataDir = mkdtempSync(join(root, 'stopped-'));
  const old = await start(t, dataDir, anyPorts);
  const before = await recordedAtLeast(3, old.url);
  old.program.signal('SIGTERM');
  assert.equal((await old.program.exit()).code, 0);
  const { url } = await start(t, dataDir, anyPorts);
  const then = await recorded(url);
  assert.ok([...before].every((second) => then.has(second)));
});

test('a history of another version is kept aside and named', async () => {
  const path = join(mkdtempSync(join(root, 'version-')), 'history');
  const old = new History();
  await writeHistory(path, old);
  const bytes = Buffer.from(readFileSync(path));
  bytes.write('caracal history 2', bytes.indexOf('caracal history 1'));
  writeFileSync(path, bytes);
  await assert.rejects(
    readHistory(path, new History()),
    /written by version 2, this is 1; it is kept as .*version-2/,
  );
  assert.equal(existsSync(path), false);
  assert.deepEqual(readFileSync(`${path}.version-2`), bytes);
});

test('so does a tracker that takes another’s place', fastPath, async (t) => {
  const dataDir = mkdtempSync(join(root, 'taken-over-'));
  const old = await start(t, dataDir, anyPorts);
  const before = await recordedAtLeast(3, old.url);
  const { url } = await start(t, dataDir, [...old.ports, '--takeover']);
  assert.equal((await old.program.exit()).code, 0);
  const then = await recorded(url);
  assert.ok([...before].every((second) => then.has(second)));
});

test(
  'the history is on disk before the swarms are copied, while the old tracker still serves',
  fastPath,
  async (t) => {
    const dataDir = mkdtempSync(join(root, 'copied-'));
    const old = await start(t, dataDir, anyPorts);
    const before = await recordedAtLeast(3, old.url);
    const door = connect(join(dataDir, 'takeover.sock'));
    t.after(() => door.destroy());
    door.write(`take ${takeoverVersion}\ncopy\n`);
    for (let tries = 0; !existsSync(join(dataDir, 'history')); tries++) {
      assert.ok(tries < 100, 'it was never written');
      await pause(20);
    }
    const history = new History();
    await readHistory(join(dataDir, 'history'), history);
    assert.ok([...before].every((second) => history.seconds.at(second) >= 0));
    assert.ok((await recorded(old.url)).size >= 3, 'it serves');
  },
);
