// A takeover from both ends: it succeeds, it is broken off at every moment, and systemd learns who serves.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { monotonicSeconds } from '../../../src/server/clock.ts';
import { saveSnapshot } from '../../../src/server/storage/snapshot-file.ts';
import { takeoverVersion } from '../../../src/server/takeover/conversation.ts';
import { namesPerPage } from '../../../src/swarm/change-journal.ts';
import { chunkWords } from '../../../src/swarm/layout.ts';
import { UdpClient } from '../../faults/clients.ts';
import { fastPath } from '../../net/fast-path.ts';
import { openUnixReceiver } from '../../net/unix-receiver.ts';
import { pause, startProgram } from '../../program.ts';
import { createStore, Visit } from '../../swarm/visit.ts';
import { mainScript } from '../../tracker-program.ts';
import { askHttp, askUdp, knock, newDirectory, samePorts, start, stopped, take, until } from './running.ts';

test('the new tracker has the sockets and the peers, and the old one ends', fastPath, async (test) => {
  const dataDir = newDirectory();
  const old = await start(test, dataDir);
  await askHttp(old.httpPort, 7001);
  const fresh = await start(test, dataDir, [...samePorts(old), '--takeover']);
  assert.equal((await old.program.exit()).code, 0);
  assert.match(old.program.stdout, /Another tracker serves now/);
  assert.match(fresh.program.stdout, /Took over 1 peer in 1 torrent in/);
  assert.match(await askHttp(fresh.httpPort, 7002), /10:incompletei2e/);
  await askUdp(test, fresh.udpPort);
});

for (const [moment, words] of [
  ['before it has asked for the sockets', []],
  ['when it has the sockets', [take]],
  ['while the swarms are copied', [take, 'copy']],
  ['by saying what it must not say yet', ['ready']],
] as const) {
  test(`the old tracker goes on when the new one breaks off ${moment}`, fastPath, async (test) => {
    const dataDir = newDirectory();
    const old = await start(test, dataDir, ['--snapshot-interval', '1']);
    await askHttp(old.httpPort, 7001);
    const { socket, bytes } = await knock(test, dataDir);
    for (const word of words) {
      const before = bytes();
      socket.write(`${word}\n`);
      if (word !== 'ready') await until(() => bytes() > before, `an answer to ${word}`);
    }
    socket.destroy();
    await pause(100);
    assert.match(await askHttp(old.httpPort, 7002), /10:incompletei2e/);
    await askUdp(test, old.udpPort);
    const snapshot = join(dataDir, 'swarms.snapshot');
    const savedAt = () => statSync(snapshot, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const before = savedAt();
    await until(() => savedAt() > before, 'another snapshot');
    assert.doesNotMatch(old.program.stdout + old.program.stderr, /exception/);
    // And it can be taken over as ever.
    await start(test, dataDir, [...samePorts(old), '--takeover']);
    assert.equal((await old.program.exit()).code, 0);
  });
}

test('the old tracker goes on when the new one stands still while it copies', fastPath, async (test) => {
  const dataDir = newDirectory();
  // More than a socket takes without a reader.
  const store = createStore(64 << 20);
  const visit = new Visit();
  for (let n = 0; n < 100_000; n++) {
    store.announce(visit.setSwarm(n % 20_000).setPeer(4, n), 0, monotonicSeconds());
  }
  saveSnapshot(store, dataDir);
  const memory = 16 << 20;
  const words = ['--memory-limit', String(memory), '--snapshot-interval', '1', '--rate-limit', 'off'];
  const old = await start(test, dataDir, words);
  const { socket, bytes } = await knock(test, dataDir);
  socket.write(`${take}\n`);
  await until(() => bytes() > 0, 'an answer');
  socket.pause();
  const stoodStill = performance.now();
  socket.write('copy\n');
  await pause(500);
  // Nothing is saved now, and whoever asks for it is told so.
  const said = startProgram(process.execPath, [mainScript, 'snapshot', '--data-dir', dataDir]);
  test.after(() => said.kill());
  assert.equal((await said.exit()).code, 1);
  assert.match(
    said.stderr,
    /nothing is saved while another tracker copies the swarms; the last snapshot stays/,
  );
  assert.doesNotMatch(said.stdout, /Saved/);
  // More changes than there is room to note, which is a sixteenth of the memory.
  const room = (memory / 16 / (4 * chunkWords)) * namesPerPage;
  const client = new UdpClient(old.udpPort);
  test.after(() => client.close());
  const announce = (port: number) => client.announce({ swarm: 3, port, event: 2, numwant: 1 });
  for (let noted = 0; noted < 1.1 * room; noted += 100)
    await Promise.all(Array.from({ length: 100 }, (_, n) => announce(7000 + n)));
  await old.program.printed(/did not take over: it has read nothing for 10 s; this one goes on/, 30_000);
  assert.ok(performance.now() - stoodStill < 40_000);
  const snapshot = join(dataDir, 'swarms.snapshot');
  const savedAt = () => statSync(snapshot).mtimeMs;
  const before = savedAt();
  await until(() => savedAt() > before, 'another snapshot');
  assert.match(await askHttp(old.httpPort, 7002), /10:incompletei1e/);
  // And it can be taken over as ever, with all its swarms.
  const fresh = await start(test, dataDir, [...samePorts(old), ...words, '--takeover']);
  assert.equal((await old.program.exit()).code, 0);
  assert.ok(Number((await fresh.program.printed(/Took over \d+ peers in (\d+) torrents/))[1]) >= 20_000);
});

test(
  'the old tracker goes on when the new one has all swarms and does not get ready',
  fastPath,
  async (test) => {
    const dataDir = newDirectory();
    const old = await start(test, dataDir);
    const { socket, bytes } = await knock(test, dataDir);
    socket.write(`${take}\ncopy\n`);
    await until(() => bytes() > 100, 'the swarms');
    await old.program.printed(
      /it has all swarms and was not ready to serve within 10 s; this one goes on/,
      30_000,
    );
    await until(() => socket.closed, 'the end of the conversation');
    await askUdp(test, old.udpPort);
  },
);

for (const [name, line] of [
  ['another version', 'take 99.1'],
  ['no version at all', 'take'],
] as const) {
  test(`a new tracker of ${name} is turned away, and nothing is given up`, fastPath, async (test) => {
    const dataDir = newDirectory();
    const old = await start(test, dataDir);
    const socket = connect(join(dataDir, 'takeover.sock'));
    test.after(() => socket.destroy());
    let said = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
    });
    await once(socket, 'connect');
    socket.write(`${line}\n`);
    await once(socket, 'close');
    assert.deepEqual(JSON.parse(said), { version: takeoverVersion, protocols: [], more: 0 });
    await old.program.printed(/did not take over: it has version .* this one goes on/);
    assert.match(await askHttp(old.httpPort, 7001), /10:incompletei1e/);
  });
}

test(
  'a tracker that runs as another version is not taken over, and both versions are named',
  fastPath,
  async (test) => {
    const dataDir = newDirectory();
    let heard = '';
    let closed = false;
    // An old tracker that passes no version, as before there were any.
    const door = createServer((socket) => {
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard += text;
        socket.write('["UDP"]\n');
      });
      socket
        .on('error', () => {})
        .on('close', () => {
          closed = heard !== '';
        });
    }).listen(join(dataDir, 'takeover.sock'));
    test.after(() => door.close());
    await once(door, 'listening');
    await assert.rejects(
      start(test, dataDir, ['--takeover']),
      (error: Error) =>
        error.message.includes('it has version none of the takeover, this one 2.1; it goes on') &&
        error.message.includes('Stop it before this one starts'),
    );
    assert.equal(heard, `${take}\n`);
    await until(() => closed, 'the end of the conversation');
  },
);

test('the old tracker serves again when the new one ends after it stopped', fastPath, async (test) => {
  const { old, dataDir, socket } = await stopped(test);
  // Nobody answers; what comes now waits for whoever will.
  const waiting = askHttp(old.httpPort, 7002);
  await pause(100);
  socket.destroy();
  assert.match(await waiting, /10:incompletei2e/);
  await old.program.printed(/did not begin to serve; this one serves again/);
  assert.match(old.program.stdout, /Saved 1 peer \(/);
  await askUdp(test, old.udpPort);
  // And it can be taken over as ever.
  const fresh = await start(test, dataDir, [...samePorts(old), '--takeover']);
  assert.equal((await old.program.exit()).code, 0);
  assert.match(await askHttp(fresh.httpPort, 7003), /10:incompletei3e/);
});

test('a new tracker that cannot open its admin door leaves the old one serving', fastPath, async (test) => {
  const dataDir = newDirectory();
  const old = await start(test, dataDir);
  const other = await start(test, newDirectory(), ['--admin-port', 'any']);
  const [, adminPort] = await other.program.printed(/Admin listening on http:\/\/[^:]+:(\d+)/);
  await askHttp(old.httpPort, 7001);
  const words = [...samePorts(old), '--takeover', '--admin-port', adminPort];
  await assert.rejects(start(test, dataDir, words), /cannot open the admin door/);
  await old.program.printed(/this one serves again/);
  assert.match(await askHttp(old.httpPort, 7002), /10:incompletei2e/);
});

test('SIGUSR2 has a new tracker take over, and systemd follows it', fastPath, async (test) => {
  const receiver = openUnixReceiver(test);
  const dataDir = newDirectory();
  const old = await start(test, dataDir, [], { NOTIFY_SOCKET: receiver.path, WATCHDOG_USEC: '300000' });
  await askHttp(old.httpPort, 7001);
  old.program.signal('SIGUSR2');
  const said: string[] = [];
  const heard = (pattern: RegExp) => said.map((text) => pattern.exec(text)).find((match) => match !== null);
  await until(() => {
    said.push(...receiver.received());
    return heard(/^READY=1\n(?:.*\n)*MAINPID=/) !== undefined;
  }, 'a second READY');
  const pid = Number(heard(/^MAINPID=(\d+)$/)![1]);
  test.after(() => process.kill(pid, 'SIGKILL'));
  assert.notEqual(pid, old.program.pid);
  assert.equal(Number(heard(/MAINPID=(\d+)$/)![1]), pid);
  await until(() => !old.program.running, 'the end of the old tracker');
  receiver.received();
  await until(() => receiver.received().includes('WATCHDOG=1'), 'a ping of the new tracker');
  assert.match(await askHttp(old.httpPort, 7002), /10:incompletei2e/);
});

test('a successor that cannot start is told of, and the tracker goes on', fastPath, async (test) => {
  const dataDir = newDirectory();
  const old = await start(test, dataDir);
  const { socket } = await knock(test, dataDir);
  // Whoever copies already is not disturbed, so the successor is turned away.
  socket.write(`take ${takeoverVersion}\ncopy\n`);
  await pause(100);
  old.program.signal('SIGUSR2');
  await old.program.printed(/the new tracker did not take over: it ended with 1/, 30_000);
  assert.match(await askHttp(old.httpPort, 7001), /10:incompletei1e/);
});

test('without --data-dir SIGUSR2 changes nothing', fastPath, async (test) => {
  const program = startProgram(process.execPath, [mainScript, '--http-port', 'any', '--udp-port', '0']);
  test.after(() => program.kill());
  await program.printed(/Tracker running/);
  program.signal('SIGUSR2');
  await program.printed(/SIGUSR2: without --data-dir nothing can be taken over/);
});
