// The packages on a Debian with nothing but its base, and a systemd of its own: the .deb installs, upgrades under load, is removed
// and purged. Then the .rpm does the same, by Debian's rpm, as no other distribution can be made here: what it needs of one
// (`--nodeps`) is not seen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { temporaryDirectory } from '../temporary-directory.ts';
import { buildPackages, checkout, settings, version } from './built-packages.ts';
import { DebianRoot, noDebianHere } from './debian-root.ts';
import { noSystemdHere, SystemdMachine } from './systemd-machine.ts';

const directory = temporaryDirectory('packages');
const next = version.replace(/\d+$/, (patch) => String(Number(patch) + 1));

describe('the packages on a Debian of their own', {
  skip: noDebianHere() ?? noSystemdHere() ?? false,
}, () => {
  let program: string;
  let runtime: string;
  let debian: DebianRoot;
  let machine: SystemdMachine | string = 'it was not booted';
  const onMachine = (name: string, body: (machine: SystemdMachine) => Promise<void> | void) =>
    test(name, async (t: TestContext) => {
      if (typeof machine === 'string') t.skip(machine);
      else await body(machine);
    });
  const done = ({ status, stdout, stderr }: ReturnType<DebianRoot['run']>) => {
    assert.equal(status, 0, stdout + stderr);
    return stdout + stderr;
  };
  const answers = (machine: SystemdMachine) => {
    for (const url of ['udp://127.0.0.1:6969/announce', 'http://127.0.0.1:6969/announce'])
      done(machine.run(`tracker-query -t ${url}`));
  };

  const intervalOf = (machine: SystemdMachine) => {
    const { stdout } = machine.run('tracker-query -t http://127.0.0.1:6969/announce -o json');
    return (JSON.parse(stdout) as { interval: number }).interval;
  };
  const upgradesUnderLoad = (machine: SystemdMachine, upgrade: string) => {
    copyFileSync(join(checkout, 'test', 'deploy', 'announce-steadily.mjs'), join(debian.root, 'load.mjs'));
    const before = machine.show('tracker.service', 'MainPID');
    machine.run('rm -f /stop /load.json');
    machine.run('/usr/lib/caracal-node/bin/node /load.mjs 6969 /stop >/load.json 2>/load.err &');
    const said = done(machine.run(`sleep 2; ${upgrade}; sleep 2; touch /stop`));
    assert.match(said, /tracker\.service runs the new version/);
    assert.doesNotMatch(said, /scriptlet failed|error:/);
    assert.notEqual(machine.show('tracker.service', 'MainPID'), before);
    assert.equal(machine.show('tracker.service', 'NRestarts'), '0');
    machine.run('for i in $(seq 100); do [ -s /load.json ] && break; sleep 0.1; done');
    const load = JSON.parse(machine.files.read('load.json')) as { answered: number; failed: number };
    assert.equal(load.failed, 0, JSON.stringify(load));
    assert.ok(load.answered > 100, JSON.stringify(load));
  };

  before(async () => {
    const build = (...words: string[]) => buildPackages(directory, '--arch', 'amd64', ...words);
    const rpm = ['--format', 'rpm', '--name', 'caracal', '--version'];
    // They are made while the mirror is waited for.
    const building = Promise.all([build('--format', 'deb'), build(...rpm, version), build(...rpm, next)]);
    debian = new DebianRoot(join(directory, 'debian'));
    mkdirSync(join(debian.root, 'pkgs'));
    const packages = (await building).flat();
    [program, runtime] = packages;
    for (const file of packages) copyFileSync(file, join(debian.root, 'pkgs', basename(file)));
  });
  after(async () => {
    if (typeof machine !== 'string') await machine.halt();
  });

  test('apt installs them with what they need and nothing of the operator is touched', async () => {
    done(debian.run('apt-get update -qq'));
    done(debian.run('apt-get install -y -qq --no-install-recommends /pkgs/caracal*.deb'));
    assert.equal(done(debian.run('caracal --version')), `caracal ${version}\n`);
    assert.equal(done(debian.run(`stat -c %U:%G:%a /${settings}`)), 'root:tracker:640\n');
    done(debian.run('apt-get install -y -qq --no-install-recommends rpm'));
    // In a directory nothing was to be started; from now on it is a machine.
    done(debian.run('rm /usr/sbin/policy-rc.d'));
    machine = await SystemdMachine.bootFrom(debian);
  });

  onMachine('the tracker starts with the machine, as its own user, and answers', async (machine) => {
    await machine.comesTo('tracker.service', 'ActiveState', (state) => state === 'active');
    answers(machine);
    const pid = machine.show('tracker.service', 'MainPID');
    assert.equal(machine.run(`stat -c %U /proc/${pid}`).stdout, 'tracker\n');
    assert.equal(machine.run(`readlink /proc/${pid}/exe`).stdout, '/usr/lib/caracal-node/bin/node\n');
    assert.doesNotMatch(machine.journal('tracker'), /cannot be used/);
  });

  onMachine('a reload takes up what was edited, with the programs that a base has', (machine) => {
    machine.files.write(settings, `${machine.files.read(settings)}\ninterval = 1234\n`);
    done(machine.run('systemctl reload tracker'));
    assert.equal(intervalOf(machine), 1234);
  });

  onMachine('an upgrade under load loses no request and keeps the settings', (machine) => {
    newerVersion(join(debian.root, 'pkgs', basename(program)), join(debian.root, 'pkgs', 'next.deb'));
    upgradesUnderLoad(machine, 'dpkg -i --force-confold /pkgs/next.deb');
    assert.match(machine.journal('tracker'), new RegExp(`tracker-server ${next.replaceAll('.', '\\.')} `));
    assert.equal(intervalOf(machine), 1234);
  });

  onMachine('an upgrade that the settings do not fit leaves the tracker that runs', async (machine) => {
    const good = machine.files.read(settings);
    machine.files.write(settings, `${good}\nno-such-option = 1\n`);
    const before = machine.show('tracker.service', 'MainPID');
    const said = done(machine.run('dpkg -i --force-confold /pkgs/next.deb'));
    assert.match(said, /still runs the earlier version/);
    assert.equal(machine.show('tracker.service', 'MainPID'), before);
    answers(machine);
    machine.files.write(settings, good);
    done(machine.run(`chgrp tracker /${settings}; systemctl restart tracker`));
  });

  onMachine('the sockets of systemd take its place, and an upgrade their tracker’s', async (machine) => {
    machine.files.write(
      'etc/systemd/system/tracker-http.socket.d/port.conf',
      '[Socket]\nListenStream=\nListenStream=127.0.0.1:6969\n',
    );
    done(
      machine.run(
        'systemctl daemon-reload; systemctl disable --now tracker.service; systemctl enable --now tracker.socket tracker-http.socket && systemctl start tracker-activated',
      ),
    );
    answers(machine);
    const said = done(machine.run('dpkg -i --force-confold /pkgs/next.deb'));
    assert.match(said, /tracker-activated\.service runs the new version/);
    assert.equal(machine.show('tracker.service', 'ActiveState'), 'inactive', 'what was disabled stays so');
    answers(machine);
  });

  onMachine('removing leaves settings and data, purging nothing', (machine) => {
    // In a container with the first version of cgroups systemd waits for no process that it did not start, such as one that took
    // over, and kills it at once; what is seen of that here says nothing of the package.
    done(machine.run('systemctl restart tracker-activated'));
    done(machine.run('dpkg --remove caracal'));
    assert.equal(machine.run('find /proc -maxdepth 1 -user tracker').stdout, '');
    assert.ok(machine.files.has(settings) && machine.files.has('var/lib/tracker'));
    assert.ok(!machine.files.has('usr/lib/caracal') && !machine.files.has('usr/bin/caracal'));
    machine.run('rm -r /etc/systemd/system/tracker-http.socket.d');
    done(machine.run('dpkg --purge caracal caracal-node'));
    const left = machine.run(
      "find /etc /usr /var /run -xdev '(' -name '*caracal*' -o -name 'tracker*' ')' -not -path '/var/log/*' -not -path '/var/cache/apt/*'",
    );
    assert.equal(left.stdout, '');
    assert.equal(
      machine.run('systemctl --failed --no-legend').stdout,
      '',
      machine.journal('tracker-activated'),
    );
  });

  const rpm = (machine: SystemdMachine, words: string) => {
    const said = done(machine.run(`rpm ${words} 2>&1`));
    // rpm goes on behind a script that fails.
    assert.doesNotMatch(said, /scriptlet failed|error:/, said);
    return said;
  };

  onMachine('the .rpm makes the user and starts nothing', (machine) => {
    done(machine.run(`userdel tracker; dpkg -i /pkgs/${basename(runtime)}`));
    rpm(machine, `-i --nodeps /pkgs/caracal-${version}-1.x86_64.rpm`);
    assert.equal(done(machine.run('caracal --version')), `caracal ${version}\n`);
    assert.equal(done(machine.run(`stat -c %U:%G:%a /${settings}`)), 'root:tracker:640\n');
    assert.equal(machine.show('tracker.service', 'ActiveState'), 'inactive');
    assert.equal(done(machine.run('rpm -V --nodeps caracal')), '');
  });

  onMachine('an upgrade of the .rpm under load loses no request and keeps the settings', async (machine) => {
    machine.files.write(settings, `${machine.files.read(settings)}\ninterval = 1235\n`);
    done(machine.run(`chgrp tracker /${settings}; systemctl enable --now tracker`));
    answers(machine);
    upgradesUnderLoad(machine, `rpm -U --nodeps /pkgs/caracal-${next}-1.x86_64.rpm 2>&1`);
    assert.equal(intervalOf(machine), 1235);
  });

  onMachine('an .rpm that the settings do not fit leaves the tracker that runs', (machine) => {
    const good = machine.files.read(settings);
    machine.files.write(settings, `${good}\nno-such-option = 1\n`);
    const before = machine.show('tracker.service', 'MainPID');
    const said = rpm(machine, `-U --oldpackage --nodeps /pkgs/caracal-${version}-1.x86_64.rpm`);
    assert.match(said, /still runs the earlier version/);
    assert.equal(machine.show('tracker.service', 'MainPID'), before);
    answers(machine);
    machine.files.write(settings, good);
    // As above: a tracker that systemd did not start itself is not what is to be seen here.
    done(machine.run(`chgrp tracker /${settings}; systemctl restart tracker`));
  });

  onMachine('erasing the .rpm stops the tracker and leaves data and edited settings', (machine) => {
    assert.match(rpm(machine, '-e --nodeps caracal'), /tracker\.toml saved as .*tracker\.toml\.rpmsave/);
    assert.equal(machine.run('find /proc -maxdepth 1 -user tracker').stdout, '');
    assert.ok(machine.files.has(`${settings}.rpmsave`) && machine.files.has('var/lib/tracker'));
    const left = machine.run(
      "find /etc /usr -xdev '(' -name '*caracal*' -o -name 'tracker*' ')' -not -name '*.rpmsave' -not -path /etc/caracal -not -path '*/caracal-node*'",
    );
    assert.equal(left.stdout, '');
    assert.equal(machine.run('systemctl --failed --no-legend').stdout, '', machine.journal('tracker'));
  });
});

/** The same package under a later version, with its program saying so; as building anew would make it, in a moment. */
function newerVersion(deb: string, target: string): void {
  const tree = join(directory, 'next');
  execFileSync('dpkg-deb', ['--raw-extract', deb, tree]);
  for (const [path, pattern, text] of [
    ['DEBIAN/control', /^Version: .*$/m, `Version: ${next}-1`],
    ['usr/lib/caracal/package.json', /"version": "[^"]+"/, `"version": "${next}"`],
  ] as const) {
    const file = join(tree, path);
    writeFileSync(file, readFileSync(file, 'utf8').replace(pattern, text));
  }
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, target]);
}
