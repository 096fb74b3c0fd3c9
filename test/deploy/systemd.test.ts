// The units under a real systemd: what they promise in docs/install.md of start, reload, change of program, crash and hang.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noSystemdHere, SystemdMachine } from './systemd-machine.ts';
import { unpackPackage } from './unpacked-package.ts';

const settings = 'etc/tracker/tracker.toml';
const backupPage = fileURLToPath(new URL('../../../docs/backup.md', import.meta.url));

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

  onMachine(
    'the commands of docs/backup.md save what there is, put it back, and go back a version',
    async (machine) => {
      const [save, restore, back] = [
        ...readFileSync(backupPage, 'utf8').matchAll(/^```bash\n([\s\S]*?)^```$/gm),
      ].map(([, block]) => block);
      const hash = 'c'.repeat(40);
      const succeeds = (line: string) => {
        const { status, stdout, stderr } = machine.run(`set -e; ${line}`);
        assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
        return stdout;
      };
      const keys = 'cd /var/lib/tracker && sha256sum *.key';
      succeeds(`tracker-query -t udp://127.0.0.1:6969/announce -H ${hash} --no-cleanup`);
      const before = succeeds(keys);
      const saved = succeeds(save);
      for (const file of [
        'etc/tracker/tracker.toml',
        'var/lib/tracker/swarms.snapshot',
        'etc/systemd/system/tracker.service',
      ])
        assert.match(saved, new RegExp(`^${file}$`, 'm'));
      succeeds('systemctl stop tracker; rm -rf /var/lib/tracker /etc/tracker');
      assert.match(succeeds(restore), /Loaded 1 peer in 1 torrent from/);
      await isReady(machine);
      assert.equal(succeeds(keys), before);
      assert.match(succeeds(`tracker-server swarm ${hash}`), /127\.0\.0/);
      installed(machine);
      assert.match(succeeds(back), /everything is as it was before the last installation/);
      await isReady(machine);
    },
  );

  onMachine(
    'two instances run beside each other, each with its own settings, data and admin socket',
    async (machine) => {
      const ports = { one: 7001, two: 7002 };
      for (const [name, port] of Object.entries(ports)) {
        machine.files.write(
          `etc/caracal/${name}.toml`,
          `host = "127.0.0.1"\nhttp-port = ${port}\nudp-port = [${port}, 1${port}]\n`,
        );
        const { status, stdout, stderr } = machine.run(`systemctl enable --now tracker@${name}`);
        assert.equal(status, 0, stdout + stderr + machine.journal(`tracker@${name}`));
      }
      for (const [name, port] of Object.entries(ports)) {
        for (const url of [
          `http://127.0.0.1:${port}`,
          `udp://127.0.0.1:${port}`,
          `udp://127.0.0.1:1${port}`,
        ]) {
          const { status, stdout, stderr } = machine.run(`tracker-query -t ${url}/announce`);
          assert.equal(status, 0, stdout + stderr);
        }
        const { stdout } = machine.run(
          `tracker-server status --admin-socket /run/caracal/${name}/admin.sock`,
        );
        assert.match(stdout, /all listeners answer/);
        assert.equal(machine.run(`stat -c %U:%a /var/lib/caracal/${name}`).stdout, 'tracker:700\n');
      }
      // One reload, and only that one.
      machine.files.write(
        'etc/caracal/one.toml',
        'host = "127.0.0.1"\nhttp-port = 7001\nudp-port = 7001\ninterval = 77\n',
      );
      assert.equal(machine.run('systemctl reload tracker@one').status, 0);
      await machine.comesTo('tracker@one.service', 'ActiveState', (state) => state === 'active');
      const told = machine.journal('tracker@one');
      assert.match(told, /In force now: interval = 77\./);
      assert.match(told, /udp-port: needs a restart \(or --takeover\)/);
      machine.run('systemctl stop tracker@one');
      assert.equal(machine.run('tracker-query -t udp://127.0.0.1:7002/announce').status, 0);
      answers(machine);
      assert.match(installed(machine), /tracker@two\.service runs the program of before/);
      machine.run('systemctl disable --now tracker@two');
    },
  );

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
