// From `ready` on: whichever of two trackers is slow, ends or keeps silent, one of them serves afterwards, and only one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fastPath } from '../../net/fast-path.ts';
import { pause } from '../../program.ts';
import { askHttp, newDirectory, samePorts, start, stopped, until } from './running.ts';

test(
  'the old tracker ends when the new one has heard that it serves, and not before',
  fastPath,
  async (test) => {
    const { old, socket, said } = await stopped(test);
    socket.write(`serving ${process.pid}\n`);
    await until(() => said() === 'yours\n', 'the place');
    await pause(300);
    assert.ok(old.program.running, old.program.describe('ended before `done`'));
    socket.write('done\n');
    assert.equal((await old.program.exit()).code, 0);
    assert.match(old.program.stdout, /Another tracker serves now/);
  },
);

test('the old tracker serves again when the new one ends before it has heard', fastPath, async (test) => {
  const { old, dataDir, socket, said } = await stopped(test);
  socket.write(`serving ${process.pid}\n`);
  await until(() => said() === 'yours\n', 'the place');
  socket.destroy();
  await old.program.printed(/did not begin to serve; this one serves again/);
  assert.match(await askHttp(old.httpPort, 7002), /10:incompletei2e/);
  await start(test, dataDir, [...samePorts(old), '--takeover']);
  assert.equal((await old.program.exit()).code, 0);
});

test('a new tracker that is late to serve is told that the old one serves', fastPath, async (test) => {
  const { old, socket, said } = await stopped(test);
  await old.program.printed(/did not begin to serve; this one serves again/, 30_000);
  assert.match(await askHttp(old.httpPort, 7002), /10:incompletei2e/);
  socket.write(`serving ${process.pid}\n`);
  await until(() => said() === 'mine\n', 'a refusal');
  await until(() => socket.closed, 'the end of the conversation');
  assert.ok(old.program.running);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(
    `${signal} to a tracker that has stopped for another leaves the place to that one`,
    fastPath,
    async (test) => {
      const { old, socket, said } = await stopped(test);
      old.program.signal(signal);
      await pause(300);
      assert.ok(old.program.running, old.program.describe('ended while nobody served'));
      socket.write(`serving ${process.pid}\n`);
      await until(() => said() === 'yours\n', 'the place');
      socket.write('done\n');
      assert.equal((await old.program.exit()).code, 0);
      // What it would save now is older than what the new one saves.
      assert.doesNotMatch(old.program.stdout, /Shutting down|Saved/);
    },
  );
}

test(
  'SIGTERM to a tracker that has stopped for another ends it when that one breaks off',
  fastPath,
  async (test) => {
    const { old, socket } = await stopped(test);
    old.program.signal('SIGTERM');
    await pause(100);
    socket.destroy();
    assert.equal((await old.program.exit()).code, 0);
    assert.match(old.program.stdout, /Shutting down/);
    assert.equal(old.program.stdout.match(/Saved 1 peer \(/g)?.length, 1);
    assert.doesNotMatch(old.program.stdout, /serves again/);
  },
);

/**
 * A door in a directory of its own that leads to an old tracker, and does with the new one's last word what it is told.
 * No socket passes it, so the new tracker opens its own.
 */
async function doorBetween(
  test: TestContext,
  oldDir: string,
  serving: (line: string, toOld: Socket, toNew: Socket) => void,
): Promise<string> {
  const dataDir = newDirectory();
  const server = createServer((toNew) => {
    const toOld = connect(join(oldDir, 'takeover.sock'));
    test.after(() => toOld.destroy());
    test.after(() => toNew.destroy());
    for (const socket of [toNew, toOld]) socket.on('error', () => {});
    // Whoever only looks whether somebody is there says nothing.
    toNew.on('close', () => toOld.destroy());
    toOld.on('data', (data) => toNew.write(data));
    toNew.on('data', (data) => {
      const text = data.toString('latin1');
      if (text.startsWith('serving')) serving(text, toOld, toNew);
      else toOld.write(data);
    });
  });
  server.listen(join(dataDir, 'takeover.sock'));
  await once(server, 'listening');
  test.after(() => server.close());
  return dataDir;
}

test(
  'when the old tracker stands still for too long the new one ends, and the old one serves again',
  fastPath,
  async (test) => {
    const oldDir = newDirectory();
    const old = await start(test, oldDir);
    const dataDir = await doorBetween(test, oldDir, (line, toOld) => {
      old.program.signal('SIGSTOP');
      toOld.write(line);
    });
    await assert.rejects(start(test, dataDir, ['--takeover']), /has said nothing for 12 s; it may go on/);
    // Now it has everything at once: the word of the new one, its end, and that its time is over.
    old.program.signal('SIGCONT');
    await old.program.printed(/this one serves again/);
    assert.match(await askHttp(old.httpPort, 7001), /10:incompletei1e/);
  },
);

test('a new tracker that is told too late ends', fastPath, async (test) => {
  const oldDir = newDirectory();
  await start(test, oldDir);
  const dataDir = await doorBetween(test, oldDir, (_line, _toOld, toNew) => toNew.write('mine\n'));
  await assert.rejects(
    start(test, dataDir, ['--takeover']),
    /took too long, and the running tracker serves again/,
  );
});

test('a new tracker serves when the old one dies before it has given its place', fastPath, async (test) => {
  const oldDir = newDirectory();
  const old = await start(test, oldDir);
  await askHttp(old.httpPort, 7001);
  const dataDir = await doorBetween(test, oldDir, (_line, _toOld, toNew) => {
    old.program.signal('SIGKILL');
    toNew.end();
  });
  const fresh = await start(test, dataDir, ['--takeover']);
  assert.match(fresh.program.stdout, /the other tracker ended by itself/);
  assert.match(await askHttp(fresh.httpPort, 7002), /10:incompletei2e/);
});
