// deploy/install.sh on a machine that has the earlier tracker, or an older version of this one: nothing is lost, and what
// fails is undone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { noMachineHere, StandInMachine } from './stand-in-machine.ts';
import { unpackPackage } from './unpacked-package.ts';

/** What the shipped file sets by itself, whatever the earlier tracker was told. */
const ofItself = 'max-scrape-hashes = 74';

const script = '#!/usr/bin/env python3\nprint("the earlier tracker")\n';
const unit = `[Unit]
Description=BitTorrent tracker

[Service]
User=tracker
ExecStart=/usr/bin/python3 /opt/tracker/tracker_server.py \\
  --http-port 18080 \\
  --udp-port 16969 \\
  --tracker-id MyTracker \\
  --interval 1800 \\
  --max-peers 150 --frobnicate 3

[Install]
WantedBy=multi-user.target
`;
const unitFile = 'etc/systemd/system/tracker.service';
const settings = 'etc/tracker/tracker.toml';

/** What is set in a file of settings. */
function inForce(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && line !== ofItself);
}

describe('install.sh on a machine of its own', { skip: noMachineHere() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-machine-'));
  let unpacked: string;
  let machine: StandInMachine;
  let count = 0;

  before(() => {
    chmodSync(directory, 0o755);
    unpacked = unpackPackage(directory);
  });
  after(() => rmSync(directory, { recursive: true }));
  beforeEach(() => {
    machine = new StandInMachine(join(directory, String(++count)), unpacked);
  });

  const installed = () => {
    const { status, stdout, stderr } = machine.install();
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  };
  function addEarlierTracker(text = unit) {
    machine.run('useradd tracker');
    machine.write('opt/tracker/tracker_server.py', script, 0o640);
    machine.write(unitFile, text);
    machine.run(
      'chown -R tracker:tracker /opt/tracker; chmod 750 /opt/tracker; systemctl enable --now tracker.service',
    );
  }
  const breakUnit = () => {
    const shipped = readFileSync(join(unpacked, 'deploy', 'tracker.service'));
    machine.write('state/broken', `${createHash('sha256').update(shipped).digest('hex')}  -\n`);
  };
  const assertEarlierTracker = () => {
    assert.equal(machine.read('opt/tracker/tracker_server.py'), script);
    assert.equal(machine.read(unitFile), unit);
    assert.equal(machine.run('stat -c %U:%a /opt/tracker').stdout, 'tracker:750\n');
    assert.ok(!machine.has('usr/local/bin/tracker-server') && !machine.has('local/bin/tracker-server'));
    assert.ok(!machine.has('etc/systemd/system/tracker.socket'));
    assert.ok(machine.isEnabled('tracker.service') && machine.isActive('tracker.service'));
  };

  test('carries the flags of the earlier tracker over, keeps it in a backup and starts in its place', () => {
    addEarlierTracker();
    const stdout = installed();
    assert.match(stdout, /an earlier tracker is here/);
    assert.match(stdout, /no flag of the earlier tracker: --frobnicate 3/);
    assert.deepEqual(inForce(machine.read(settings)).sort(), [
      'http-port = 18080',
      'interval = 1800',
      'max-peers = 150',
      'tracker-id = "MyTracker"',
      'udp-port = 16969',
    ]);
    assert.equal(machine.run(`stat -c %U:%G:%a /${settings}`).stdout, 'root:tracker:640\n');
    assert.match(machine.read(unitFile), /^ExecStart=\/usr\/local\/bin\/tracker-server /m);
    assert.ok(machine.isEnabled('tracker.service') && machine.isActive('tracker.service'));
    assert.equal(
      machine.run('cat /var/backups/tracker/*/files/opt/tracker/tracker_server.py').stdout,
      script,
    );
    const check = `/usr/local/bin/tracker-server --config /${settings} --check`;
    const { stdout: shown, status } = machine.run(check);
    assert.equal(status, 0, shown);
    assert.match(shown, /^http-port = 18080/m);
  });

  test('does not call it an error that what it replaces has the ports', async (t) => {
    const running = createServer().listen(0);
    t.after(() => running.close());
    await once(running, 'listening');
    const { port } = running.address() as AddressInfo;
    addEarlierTracker(unit.replace('18080', String(port)));
    const stdout = installed();
    assert.match(stdout, /ports or data are in use now/);
    assert.doesNotMatch(stdout, /# error|it would not start here/);
  });

  test('goes back to it with --rollback, and leaves the backup of it when it updates', () => {
    addEarlierTracker();
    installed();
    installed();
    installed();
    assert.equal(machine.run('ls /var/backups/tracker | wc -l').stdout, '2\n');
    for (const _ of [1, 2]) assert.equal(machine.install('--rollback').status, 0);
    assertEarlierTracker();
    assert.ok(!machine.has(settings));
    const { status, stderr } = machine.install('--rollback');
    assert.equal(status, 1);
    assert.match(stderr, /nothing to go back to/);
  });

  test('shows the plan in a dry run and changes nothing', () => {
    addEarlierTracker();
    const all = 'find /opt /etc /var /run /tmp /local -printf "%p %s %y\\n" | sort';
    const was = machine.run(all).stdout;
    const { status, stdout, stderr } = machine.install('--dry-run');
    assert.equal(status, 0, stderr);
    for (const part of [
      /an earlier tracker is here/,
      /http-port = 18080/,
      /--frobnicate 3/,
      /would run: systemctl/,
    ])
      assert.match(stdout, part);
    assert.equal(machine.run(all).stdout, was);
    assertEarlierTracker();
  });

  test('puts the earlier tracker back when the new one does not start', () => {
    addEarlierTracker();
    breakUnit();
    const { status, stdout, stderr } = machine.install();
    assert.equal(status, 1, stdout);
    assert.match(stderr, /it did not start/);
    assertEarlierTracker();
    assert.ok(!machine.has(settings));
    assert.equal(machine.run('ls -A /var/backups/tracker /opt').stdout.includes('.new'), false);
  });

  test('stops nothing when the settings carried over are wrong, and leaves them to be mended', () => {
    addEarlierTracker(unit.replace('--interval 1800', '--domain not/a/domain'));
    const calls = machine.read('state/calls');
    const { status, stdout, stderr } = machine.install();
    assert.equal(status, 1, stdout);
    assert.match(stderr, /would not start with these settings/);
    assert.match(stdout, /--domain|domain/);
    assert.equal(machine.read('opt/tracker/tracker_server.py'), script);
    assert.match(machine.read(`${settings}.rejected`), /^domain = "not\/a\/domain"$/m);
    const since = machine.read('state/calls').slice(calls.length);
    assert.doesNotMatch(since, /stop|disable|restart/);
    assert.ok(machine.isActive('tracker.service'));
  });

  test('an update with settings that the new program refuses leaves the old one at work', () => {
    installed();
    machine.write('opt/tracker/package.json', `${machine.read('opt/tracker/package.json')} `);
    const program = machine.read('opt/tracker/package.json');
    machine.write(settings, 'no-such-option = 1\n');
    const calls = machine.read('state/calls');
    const { status, stderr } = machine.install();
    assert.equal(status, 1);
    assert.match(stderr, /What runs now goes on/);
    assert.equal(machine.read('opt/tracker/package.json'), program);
    assert.equal(machine.read(settings), 'no-such-option = 1\n');
    assert.doesNotMatch(machine.read('state/calls').slice(calls.length), /stop|disable|restart/);
    assert.deepEqual(machine.run('ls /opt').stdout, 'tracker\n');
  });

  test('an update that does not start is undone', () => {
    installed();
    machine.write('opt/tracker/package.json', `${machine.read('opt/tracker/package.json')} `);
    machine.write(unitFile, machine.read(unitFile).replace('WatchdogSec=30', 'WatchdogSec=40'));
    machine.write('opt/tracker/deploy/tracker.service', machine.read(unitFile));
    const program = machine.read('opt/tracker/package.json');
    breakUnit();
    assert.equal(machine.install().status, 1);
    assert.equal(machine.read('opt/tracker/package.json'), program);
    assert.match(machine.read(unitFile), /WatchdogSec=40/);
    assert.ok(machine.isActive('tracker.service'));
  });

  test('takes an override of ExecStart out of the way and a certificate along', () => {
    addEarlierTracker();
    const { status } = spawnSync('openssl', [
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=t.example'.split(
        ' ',
      ),
      ...[
        '-keyout',
        join(machine.root, 'opt/tracker/t.key'),
        '-out',
        join(machine.root, 'opt/tracker/t.pem'),
      ],
    ]);
    assert.equal(status, 0);
    machine.write(
      `${unitFile}.d/override.conf`,
      '[Service]\nExecStart=\nExecStart=/usr/bin/python3 /opt/tracker/tracker_server.py --http-port 0 ' +
        '--https-port 18443 --cert /opt/tracker/t.pem --key t.key --udp-port 16969\nWorkingDirectory=/opt/tracker\n',
    );
    machine.write(`${unitFile}.d/limits.conf`, '[Service]\nLimitNOFILE=99999\n');
    installed();
    assert.deepEqual(inForce(machine.read(settings)).sort(), [
      'cert = "/etc/tracker/t.pem"',
      'http-port = 0',
      'https-port = 18443',
      'key = "/etc/tracker/t.key"',
      'udp-port = 16969',
    ]);
    assert.ok(!machine.has(`${unitFile}.d/override.conf`));
    assert.ok(machine.has(`${unitFile}.d/limits.conf`));
    assert.equal(machine.run('stat -c %U:%G:%a /etc/tracker/t.key').stdout, 'root:tracker:640\n');
  });

  test('--uninstall touches nothing of an earlier tracker', () => {
    addEarlierTracker();
    assert.equal(machine.install('--uninstall --purge').status, 0);
    assertEarlierTracker();
    assert.equal(machine.run('getent passwd tracker').status, 0);
  });

  test('a directory /opt/tracker of somebody else is kept in the backup too', () => {
    machine.write('opt/tracker/notes.txt', 'mine');
    installed();
    assert.equal(machine.run('cat /var/backups/tracker/*/files/opt/tracker/notes.txt').stdout, 'mine');
  });
});
