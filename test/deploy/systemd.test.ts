// The units under a real systemd: what they promise in docs/install.md of start, reload, change of program, crash and hang.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { noSystemdHere, SystemdMachine } from './systemd-machine.ts';
import { unpackPackage } from './unpacked-package.ts';

const settings = 'etc/tracker/tracker.toml';

describe('under systemd', { skip: noSystemdHere() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-systemd-'));
  let booted: SystemdMachine | string = 'it was not booted';

  before(async () => {
    chmodSync(directory, 0o755);
    booted = await SystemdMachine.boot(directory, unpackPackage(directory));
  });
  after(async () => {
    if (typeof booted !== 'string') await booted.halt();
    rmSync(directory, { recursive: true });
  });

  /** A test on the machine; where systemd itself does not come up there is nothing to be seen of the tracker. */
  const onMachine = (name: string, body: (machine: SystemdMachine) => Promise<void> | void) =>
    test(name, async (t: TestContext) => {
      if (typeof booted === 'string') t.skip(booted);
      else await body(booted);
    });

  const answers = (machine: SystemdMachine) => {
    for (const url of ['udp://127.0.0.1:6969/announce', 'http://127.0.0.1:6969/announce']) {
      const { status, stdout, stderr } = machine.run(`tracker-query -t ${url}`);
      assert.equal(status, 0, stdout + stderr);
    }
  };
  const isReady = async (machine: SystemdMachine, unit = 'tracker.service') => {
    await machine.comesTo(unit, 'ActiveState', (state) => state === 'active');
    answers(machine);
  };
  const installed = (machine: SystemdMachine, words = '') => {
    const { status, stdout, stderr } = machine.run(`/package/deploy/install.sh --node /node ${words}`);
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  };
  /** To the port that the settings name, and one for HTTPS. */
  const moveSockets = (machine: SystemdMachine) => {
    for (const [unit, lines] of [
      ['tracker-http', 'ListenStream=\nListenStream=127.0.0.1:6969\n'],
      ['tracker-https', 'ListenStream=\nListenStream=127.0.0.1:6970\n'],
    ])
      machine.files.write(`etc/systemd/system/${unit}.socket.d/port.conf`, `[Socket]\n${lines}`);
  };
  const mainProcess = (machine: SystemdMachine) => machine.show('tracker.service', 'MainPID');

  onMachine('what install.sh installs runs as its own user, and says when it is ready', async (machine) => {
    assert.match(installed(machine), /Active: active \(running\)/);
    await isReady(machine);
    assert.match(machine.show('tracker.service', 'StatusText'), /^Serving on HTTP 0\.0\.0\.0:6969, UDP/);
    assert.equal(machine.run(`stat -c %U /proc/${mainProcess(machine)}`).stdout, 'tracker\n');
    assert.equal(machine.run('systemctl is-enabled tracker').stdout, 'enabled\n');
  });

  onMachine('an update says nothing of errors, and leaves one tracker', async (machine) => {
    assert.doesNotMatch(installed(machine), /error/);
    await isReady(machine);
    assert.equal(machine.run('pgrep -c -u tracker').stdout, '1\n');
  });

  onMachine('a reload keeps the process', async (machine) => {
    const before = mainProcess(machine);
    assert.equal(machine.run('systemctl reload tracker').status, 0);
    await isReady(machine);
    assert.equal(mainProcess(machine), before);
  });

  onMachine('SIGUSR2 has another process go on, and systemd with it', async (machine) => {
    const before = mainProcess(machine);
    machine.run('systemctl kill --kill-who=main --signal=SIGUSR2 tracker');
    await machine.comesTo('tracker.service', 'MainPID', (pid) => pid !== before && pid !== '0');
    await isReady(machine);
    assert.equal(machine.show('tracker.service', 'NRestarts'), '0');
    assert.equal(machine.run(`test -e /proc/${before} && echo there`).stdout, '');
  });

  onMachine('one that crashes or hangs is started again', async (machine) => {
    machine.files.write(
      'etc/systemd/system/tracker.service.d/soon.conf',
      '[Service]\nWatchdogSec=2\nTimeoutAbortSec=2\n',
    );
    machine.run('systemctl daemon-reload; systemctl restart tracker');
    await isReady(machine);
    for (const [times, signal] of [
      [1, 'KILL'],
      [2, 'STOP'],
    ] as const) {
      machine.run(`systemctl kill --kill-who=main --signal=SIG${signal} tracker`);
      await machine.comesTo('tracker.service', 'NRestarts', (restarts) => Number(restarts) >= times);
      await isReady(machine);
    }
    assert.match(machine.journal('tracker'), /Watchdog timeout/);
    machine.run('rm -r /etc/systemd/system/tracker.service.d; systemctl daemon-reload');
  });

  onMachine('a wrong setting fails at once, and is named', async (machine) => {
    const good = machine.files.read(settings);
    machine.files.write(settings, `${good}\nno-such-option = 1\n`);
    assert.equal(machine.run('systemctl restart tracker').status, 1);
    assert.equal(machine.show('tracker.service', 'ExecMainStatus'), '2');
    assert.equal(machine.show('tracker.service', 'ActiveState'), 'failed');
    assert.match(machine.journal('tracker'), /no-such-option/);
    machine.files.write(settings, good);
    assert.equal(machine.run('systemctl restart tracker').status, 0);
    await isReady(machine);
  });

  onMachine('sockets from systemd take its place, answer, and outlive a restart', async (machine) => {
    moveSockets(machine);
    assert.match(installed(machine, '--activated'), /Active: active \(running\)/);
    await isReady(machine, 'tracker-activated.service');
    assert.equal(machine.show('tracker.service', 'ActiveState'), 'inactive');
    assert.equal(machine.show('tracker-https.socket', 'ActiveState'), 'inactive', 'nobody asked for HTTPS');
    const { status, stdout, stderr } = machine.run(
      'systemctl stop tracker-activated; systemctl is-active tracker-activated; tracker-query -t http://127.0.0.1:6969/announce',
    );
    assert.match(stdout, /^inactive/);
    assert.equal(status, 0, `the question starts it: ${stdout}${stderr}`);
    await isReady(machine, 'tracker-activated.service');
  });

  onMachine('with HTTPS in the settings its socket comes from systemd too', async (machine) => {
    moveSockets(machine);
    const [key, cert] = ['key', 'pem'].map((name) => join(machine.files.root, `etc/tracker/t.${name}`));
    const words =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=t.example';
    assert.equal(spawnSync('openssl', [...words.split(' '), '-keyout', key, '-out', cert]).status, 0);
    machine.run('chgrp tracker /etc/tracker/t.*; chmod 640 /etc/tracker/t.*');
    const secure = 'https-port = 6970\ncert = "/etc/tracker/t.pem"\nkey = "/etc/tracker/t.key"\n';
    machine.files.write(settings, `${machine.files.read(settings)}\n${secure}`);
    machine.run(`chgrp tracker /${settings}`);
    installed(machine, '--activated');
    await isReady(machine, 'tracker-activated.service');
    const { status, stdout } = machine.run('tracker-query -k -t https://127.0.0.1:6970/announce');
    assert.equal(status, 0, stdout);
  });

  onMachine('going back and removing it leave nothing that failed', async (machine) => {
    installed(machine);
    await isReady(machine);
    assert.equal(machine.show('tracker.socket', 'ActiveState'), 'inactive');
    assert.equal(machine.run('/opt/tracker/deploy/install.sh --node /node --rollback').status, 0);
    await isReady(machine, 'tracker-activated.service');
    assert.equal(machine.show('tracker.service', 'ActiveState'), 'inactive');
    assert.equal(machine.run('/package/deploy/install.sh --uninstall --purge').status, 0);
    assert.equal(machine.run('systemctl --failed --no-legend').stdout, '');
    assert.equal(
      machine.run('pgrep -c tracker-server; ls /opt /etc/tracker 2>/dev/null').stdout,
      '0\n/opt:\n',
    );
  });
});
