// Whichever of two trackers is told to end, or dies, at whatever moment of a takeover: the other one serves.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { renameSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fastPath } from '../../net/fast-path.ts';
import { type Program, pause, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';
import { askHttp, newDirectory, until } from './running.ts';

type Moment = 'take' | 'copy' | 'swarms' | 'ready' | 'serving' | 'done';

function startTracker(
  test: TestContext,
  dataDir: string,
  words: readonly string[] = [],
  { node = [], env = {} }: { node?: readonly string[]; env?: Record<string, string> } = {},
): Program {
  const program = startProgram(
    process.execPath,
    [
      ...[
        ...node,
        mainScript,
        '--host',
        '127.0.0.1',
        '--http-port',
        'any',
        '--udp-port',
        'any',
        '--workers',
        '1',
      ],
      ...['--memory-limit', '16MiB', '--snapshot-interval', '1', '--data-dir', dataDir, ...words],
    ],
    { group: true, env },
  );
  test.after(() => program.kill());
  return program;
}

async function portOf(program: Program): Promise<number> {
  await program.printed(/Tracker running/, 30_000);
  return Number((await program.printed(/HTTP tracker listening on [\d.]+:(\d+)/))[1]);
}

/**
 * Puts itself before the door of the old tracker, and calls `reached` before it passes on what belongs to a moment. No
 * socket passes it, so the new tracker opens its own. It listens as long as the old tracker does.
 */
async function watchDoor(
  test: TestContext,
  dataDir: string,
  old: Program,
  reached: (moment: Moment) => Promise<void>,
): Promise<void> {
  const [door, behind] = [join(dataDir, 'takeover.sock'), join(dataDir, 'behind.sock')];
  renameSync(door, behind);
  const server = createServer((toNew) => {
    const toOld = connect(behind);
    let copying = false;
    for (const socket of [toNew, toOld]) {
      socket.on('error', () => {});
      test.after(() => socket.destroy());
    }
    const passOn = async (to: Socket, moment: Moment | undefined, data: Uint8Array) => {
      if (moment !== undefined) await reached(moment);
      to.write(data);
    };
    let last = Promise.resolve();
    toNew.on('data', (data) => {
      const [word] = data.toString('latin1').trim().split(' ');
      copying ||= word === 'copy';
      last = last.then(() => passOn(toOld, word as Moment, data));
    });
    let lastBack = Promise.resolve();
    toOld.on('data', (data) => {
      const moment = copying ? 'swarms' : undefined;
      lastBack = lastBack.then(() => passOn(toNew, moment, data));
    });
    // Behind whatever it has said and this has kept back.
    toNew.on('close', () => void last.then(() => toOld.end()));
    toOld.on('close', () => {
      void lastBack.then(async () => {
        for (let tries = 0; old.running && tries < 25; tries++) await pause(20);
        if (!old.running) server.close();
        toNew.destroy();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(door, resolve));
  test.after(() => server.close());
}

async function play(
  test: TestContext,
  who: 'old' | 'new',
  signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP',
  at: Moment,
): Promise<void> {
  const dataDir = newDirectory();
  const old = startTracker(test, dataDir);
  const oldPort = await portOf(old);
  await askHttp(oldPort, 7001);
  // Whoever is killed before it was copied leaves what it had saved.
  const begun = Date.now();
  const savedAt = () => statSync(join(dataDir, 'swarms.snapshot'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  await until(() => savedAt() > begun, 'a snapshot');
  let fresh: Program | undefined;
  let struck = false;
  await watchDoor(test, dataDir, old, async (moment) => {
    if (moment !== at || struck) return;
    struck = true;
    (who === 'old' ? old : fresh!).signal(signal);
    await pause(100);
  });
  fresh = startTracker(test, dataDir, ['--takeover']);
  // Only the thread that waits for the old tracker is interrupted by a SIGHUP.
  const newServes = who === 'old' || signal === 'SIGHUP';
  const [ends, serves] = newServes ? [old, fresh] : [fresh, old];
  const { code } = await ends.exit(30_000);
  assert.ok(struck, `${at} was never reached`);
  if (signal !== 'SIGKILL') assert.equal(code, 0, ends.describe('ended wrongly'));
  const port = newServes ? await portOf(fresh) : oldPort;
  let answer = '';
  for (let tries = 0; !answer.includes('incompletei') && tries < 100; tries++) {
    answer = await askHttp(port, 7002).catch(() => '');
    if (answer === '') await pause(50);
  }
  assert.match(answer, /10:incompletei2e/, serves.describe('does not serve what was acknowledged'));
  assert.ok(serves.running);
}

describe('a takeover', { ...fastPath, concurrency: 3 }, () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const at of ['take', 'copy', 'swarms', 'ready', 'serving', 'done'] as const) {
      test(`${signal} to the old tracker at \`${at}\`: the new one serves`, (test) =>
        play(test, 'old', signal, at));
    }
    // At `done` the new one is the tracker that serves.
    for (const at of ['take', 'copy', 'swarms', 'ready', 'serving'] as const) {
      test(`${signal} to the new tracker at \`${at}\`: the old one serves`, (test) =>
        play(test, 'new', signal, at));
    }
  }
  for (const at of ['take', 'copy', 'serving'] as const)
    test(`SIGHUP to the new tracker at \`${at}\` changes nothing`, (test) => play(test, 'new', 'SIGHUP', at));

  test('SIGKILL to the old tracker when its sockets are passed: the new one answers on those, also what came meanwhile', async (test) => {
    const dataDir = newDirectory();
    const old = startTracker(test, dataDir);
    const port = await portOf(old);
    const [, udpPort] = await old.printed(/UDP tracker listening on [\d.]+:(\d+)/);
    await askHttp(port, 7001);
    const savedAt = () => statSync(join(dataDir, 'swarms.snapshot'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const begun = Date.now();
    await until(() => savedAt() > begun, 'a snapshot');
    const preload = fileURLToPath(new URL('./kills-predecessor.js', import.meta.url));
    const fresh = startTracker(test, dataDir, ['--takeover'], {
      node: ['--import', preload],
      env: { PREDECESSOR: String(old.pid) },
    });
    assert.equal((await old.exit(30_000)).signal, 'SIGKILL');
    const client = createSocket('udp4');
    test.after(() => client.close());
    const answered = once(client, 'message', { signal: AbortSignal.timeout(30_000) });
    client.send(Buffer.from('0000041727101980000000000000002a', 'hex'), Number(udpPort), '127.0.0.1');
    assert.equal(await portOf(fresh), port, fresh.describe('has another port'));
    const [answer] = (await answered) as [Buffer];
    assert.equal(answer.readUInt32BE(4), 42);
    assert.match(await askHttp(port, 7002), /10:incompletei2e/);
    assert.match(fresh.stdout, /the running tracker ended before it was taken over/);
  });
});
