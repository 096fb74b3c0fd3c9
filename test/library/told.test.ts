// What a program is told by the tracker within it and by a client: in its own names, once, and of what it asks wrongly.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '../../src/library/client.ts';
import { type AnnounceEvent, createTracker, type LogLine } from '../../src/library/index.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { announce, infoHash, startTracker, urlOf } from './scene.ts';

const peerId = '-XX0000-000000000000';

test('what is said at the start names options as they are called here', async (test) => {
  const missing = join(temporaryDirectory('missing'), 'none');
  const tracker = createTracker({ host: '127.0.0.1', allowList: missing });
  test.after(() => tracker.close());
  await assert.rejects(tracker.listen(), (error: Error) => {
    assert.match(error.message, /^allowList cannot be read: ENOENT/);
    assert.match(String(error.stack), /^Error: allowList cannot be read/);
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
    return true;
  });
  const lines: LogLine[] = [];
  await startTracker(test, { denyIp: ['192.0.2.0/24'], log: (line) => lines.push(line) });
  assert.ok(lines.some(({ message }) => message === 'denyIp: 1 network in use.'));
  assert.ok(lines.some(({ message }) => message.startsWith('Without dataDir ')));
  for (const { message } of lines) assert.doesNotMatch(message, /--/);
});

test('of a data directory in use it is not advised to use what is no option of it', async (test) => {
  const dataDir = temporaryDirectory('in-use');
  const first = await startTracker(test, { dataDir });
  const second = createTracker({ host: '127.0.0.1', dataDir });
  test.after(() => second.close());
  await assert.rejects(second.listen(), { message: `another tracker runs on dataDir ${dataDir}` });
  await first.close();
});

test('moved out of its folder, as by a bundler, the package says so when it is loaded', () => {
  const file = new URL('../../src/server/version.js', import.meta.url);
  const directory = temporaryDirectory('moved');
  const moved = join(directory, 'a', 'b', 'c', 'version.mjs');
  mkdirSync(dirname(moved), { recursive: true });
  copyFileSync(file, moved);
  for (const manifest of [undefined, '{"name":"another","version":"1.0.0"}']) {
    if (manifest !== undefined) writeFileSync(join(directory, 'package.json'), manifest);
    const { status, stderr } = spawnSync(process.execPath, [moved], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /the package caracal runs from its own folder only.*--external:caracal/);
  }
});

test('a listener of an event that there is not is refused, and once of node:events waits for one that there is', async (test) => {
  const tracker = await startTracker(test);
  for (const method of ['on', 'once'] as const)
    assert.throws(
      () => tracker[method]('strat' as 'start', () => {}),
      /^TypeError: there is no event 'strat' \(did you mean start\?\)$/,
    );
  assert.throws(() => tracker.on('toString' as 'start', () => {}), /there is no event 'toString'/);
  const waited = once(tracker as unknown as NodeJS.EventEmitter, 'start');
  await tracker.announce({ infoHash, peerId, ip: '192.0.2.1', port: 7001, event: 'started' });
  const [event] = (await waited) as [AnnounceEvent];
  assert.equal(event.port, 7001);
});

test('questions that programs without types ask wrongly are refused with what they must be', async (test) => {
  const tracker = await startTracker(test);
  assert.throws(
    () => tracker.scrape(infoHash as never),
    /^TypeError: infoHashes must be an array of info_hashes, not '0102/,
  );
  await assert.rejects(
    tracker.announce(undefined as never),
    /^TypeError: announce takes an object with infoHash/,
  );
  for (const [url, options, told] of [
    [undefined, {}, /takes a tracker's URL, not undefined/],
    ['udp://127.0.0.1:1', { timout: 1 }, /there is no option 'timout' \(did you mean timeout\?\)/],
    ['udp://127.0.0.1:1', { timeout: '1' }, /timeout must be seconds from 0\.1 to 600, not a string/],
    ['udp://127.0.0.1:1', { families: 4 }, /families must be a list of 4 and 6, not 4/],
    ['udp://127.0.0.1:1', null, /takes an object of options, not null/],
  ] as const)
    assert.throws(() => createClient(url as string, options as object), told);
  const client = createClient(new URL(urlOf(tracker, 'udp')));
  test.after(() => client.close());
  for (const [question, told] of [
    [undefined, /^TypeError: announce takes an object with an infoHash, not undefined/],
    [{ infoHash, event: 'start' }, /^TypeError: event must be one of none, .*, not 'start'/],
    [{ infoHash, left: -1 }, /^TypeError: left must be bytes/],
    [{ infoHash, left: 0.5 }, /^TypeError: left must be bytes/],
    [{ infoHash, numwant: '5' }, /^TypeError: numwant must be a whole number/],
  ] as const)
    await assert.rejects(client.announce(question as never), told);
  await assert.rejects(client.scrape(infoHash as never), /^TypeError: infoHashes must be an array/);
  assert.equal((await client.announce({ infoHash, left: 1 })).answer.incomplete, 1);
});

test('an announce that a filter decides about later has one line in a verbose log', async (test) => {
  const lines: LogLine[] = [];
  const tracker = await startTracker(test, {
    verbose: true,
    filter: async () => true,
    log: (line) => lines.push(line),
  });
  await announce(urlOf(tracker, 'http'), { port: 7001 });
  const client = createClient(urlOf(tracker, 'ws'));
  await client.announce({ infoHash, numwant: 0 });
  const told = lines.filter(({ message }) => message === 'announce');
  assert.deepEqual(
    told.map(({ fields }) => [fields.failure_reason, fields.complete]),
    [
      [undefined, 1],
      [undefined, 1],
    ],
  );
  client.close();
});
