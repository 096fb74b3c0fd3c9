import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceManager } from '../../../src/server/operators/service-manager.ts';
import { fastPath } from '../../net/fast-path.ts';
import { openUnixReceiver } from '../../net/unix-receiver.ts';

const noWarning = (message: string) => assert.fail(message);
const withoutSystemCalls = () => ({ reason: 'no koffi' });

test('systemd hears of ready, reloading, status and stopping', fastPath, (test) => {
  const receiver = openUnixReceiver(test);
  const manager = new ServiceManager({ NOTIFY_SOCKET: receiver.path }, noWarning);
  const before = process.hrtime.bigint() / 1000n;
  manager.ready('serving 2 listeners');
  manager.reloading();
  manager.status('3 torrents\nWATCHDOG=1');
  manager.stopping();
  manager.stillStopping();
  const [ready, reloading, status, stopping, stillStopping] = receiver.received();
  assert.equal(ready, 'READY=1\nSTATUS=serving 2 listeners');
  const [, microseconds] = /^RELOADING=1\nMONOTONIC_USEC=([0-9]+)$/.exec(reloading!)!;
  assert.ok(BigInt(microseconds) >= before && BigInt(microseconds) <= before + 5_000_000n);
  assert.equal(status, 'STATUS=3 torrents WATCHDOG=1');
  assert.match(stopping, /^STOPPING=1\n/);
  assert.equal(stillStopping, 'EXTEND_TIMEOUT_USEC=40000000');
});

test('the watchdog is pinged while the tracker is well, and only then', fastPath, async (test) => {
  const receiver = openUnixReceiver(test);
  const manager = new ServiceManager(
    { NOTIFY_SOCKET: receiver.path, WATCHDOG_USEC: '60000', WATCHDOG_PID: String(process.pid) },
    noWarning,
  );
  let well = true;
  manager.startWatchdog(() => well);
  const pings: string[] = [];
  for (let tries = 0; tries < 100 && pings.length < 2; tries++) {
    await sleep(20);
    pings.push(...receiver.received());
  }
  assert.ok(pings.length >= 2, 'no two pings in 2 s');
  assert.ok(pings.every((ping) => ping === 'WATCHDOG=1'));
  well = false;
  receiver.received();
  await sleep(100);
  assert.deepEqual(receiver.received(), []);
  manager.stopping();
});

test("another process's watchdog is left alone", fastPath, async (test) => {
  const receiver = openUnixReceiver(test);
  const environment = { NOTIFY_SOCKET: receiver.path, WATCHDOG_USEC: '30000', WATCHDOG_PID: '1' };
  new ServiceManager(environment, noWarning).startWatchdog(() => true);
  await sleep(60);
  assert.deepEqual(receiver.received(), []);
});

test('without a service manager nothing is sent and nothing is said', () => {
  const manager = new ServiceManager({}, noWarning);
  manager.ready('');
  manager.startWatchdog(() => true);
  manager.stopping();
});

test('a notification socket that is gone is reported once', fastPath, () => {
  const warnings: string[] = [];
  const manager = new ServiceManager({ NOTIFY_SOCKET: '/nonexistent/notify' }, (text) => warnings.push(text));
  manager.ready('');
  manager.stopping();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /\/nonexistent\/notify/);
});

function fakeSystemdNotify(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-notify-'));
  test.after(() => rmSync(directory, { recursive: true }));
  const command = join(directory, 'systemd-notify');
  writeFileSync(command, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >>'${directory}/log'\n`);
  chmodSync(command, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${directory}${delimiter}${before}`;
  test.after(() => {
    process.env.PATH = before;
  });
  return join(directory, 'log');
}

test('without system calls the command systemd-notify is used, in order', async (test) => {
  const log = fakeSystemdNotify(test);
  const manager = new ServiceManager({ NOTIFY_SOCKET: '/run/notify' }, noWarning, withoutSystemCalls);
  manager.ready('up');
  manager.status('still up');
  manager.stopping();
  const read = () => {
    try {
      return readFileSync(log, 'utf8');
    } catch {
      return '';
    }
  };
  for (let tries = 0; tries < 100 && !read().includes('STOPPING'); tries++) await sleep(20);
  assert.equal(
    read(),
    '/run/notify READY=1 STATUS=up\n' +
      '/run/notify STATUS=still up\n' +
      '/run/notify STOPPING=1 STATUS=Shutting down.\n',
  );
});

test('without system calls and without the command there is one warning', async () => {
  const warnings: string[] = [];
  const path = process.env.PATH;
  process.env.PATH = '/nonexistent';
  try {
    const environment = { NOTIFY_SOCKET: '/run/notify' };
    const manager = new ServiceManager(environment, (text) => warnings.push(text), withoutSystemCalls);
    manager.ready('');
    manager.stopping();
    for (let tries = 0; tries < 100 && warnings.length === 0; tries++) await sleep(10);
    await sleep(50);
  } finally {
    process.env.PATH = path;
  }
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /no koffi, and .*systemd-notify/);
});
