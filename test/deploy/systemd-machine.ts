// The machine of stand-in-machine.ts with a real systemd as its first process, in namespaces and cgroups of its own: no
// network but its loopback, and nothing of this system is started or changed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { noMachineHere, StandInMachine } from './stand-in-machine.ts';

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const cgroups = '/sys/fs/cgroup';
const init = '/lib/systemd/systemd';

/** Why none can be made here; `undefined` when it can be tried. */
export function noSystemdHere(): string | undefined {
  if (!existsSync(init)) return 'systemd is not here';
  const reason = noMachineHere();
  if (reason !== undefined) return reason;
  try {
    for (const group of makeGroups(`caracal-try-${process.pid}`)) rmdirSync(group);
    return undefined;
  } catch {
    return 'no cgroups can be made here';
  }
}

/** One in each hierarchy, or the one of version 2. */
function makeGroups(name: string): string[] {
  const unified = existsSync(join(cgroups, 'cgroup.controllers'));
  const parents = unified
    ? [cgroups]
    : readdirSync(cgroups, { withFileTypes: true })
        .filter((item) => item.isDirectory())
        .map((item) => join(cgroups, item.name));
  return parents.map((parent) => {
    const group = join(parent, name);
    mkdirSync(group);
    for (const setting of ['cpuset.cpus', 'cpuset.mems']) {
      if (!unified && existsSync(join(parent, setting)))
        writeFileSync(join(group, setting), readFileSync(join(parent, setting)));
    }
    return group;
  });
}

function removeGroups(name: string): void {
  spawnSync('find', [cgroups, '-depth', '-type', 'd', '-path', `*/${name}*`, '-exec', 'rmdir', '{}', ';']);
}

/** What tests read and write of a machine's files, from outside. */
export type MachineFiles = Pick<StandInMachine, 'root' | 'read' | 'write' | 'has'>;

export class SystemdMachine {
  readonly files: MachineFiles;
  readonly #name: string;
  readonly #unshare: ChildProcess;
  readonly #pid: number;

  private constructor(files: MachineFiles, name: string, unshare: ChildProcess, pid: number) {
    this.files = files;
    this.#name = name;
    this.#unshare = unshare;
    this.#pid = pid;
  }

  /**
   * @param directory an empty one; @param unpacked the package, which is /package on the machine
   * @returns what systemd says where it does not come up: that says nothing of the tracker
   */
  static async boot(directory: string, unpacked: string): Promise<SystemdMachine | string> {
    const files = new StandInMachine(directory, unpacked);
    rmSync(join(files.root, 'local/bin/systemctl'));
    for (const folder of ['sys', 'root', 'var/log']) mkdirSync(join(files.root, folder), { recursive: true });
    files.write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/sbin/nologin\n');
    files.write('etc/group', 'root:x:0:\nnogroup:x:65534:\nsystemd-journal:x:999:\n');
    files.write('etc/machine-id', '');
    return SystemdMachine.bootFrom(files, mountsOfThisSystem(unpacked));
  }

  /**
   * @param files a root directory with everything that systemd needs, or that `mounts` brings
   * @param mounts lines of a shell, in that directory, before it becomes the machine's root
   * @returns as `boot`
   */
  static async bootFrom(files: MachineFiles, mounts = ''): Promise<SystemdMachine | string> {
    files.write('boot.sh', bootScript(files.root, mounts));
    const name = `caracal-machine-${process.pid}`;
    const groups = makeGroups(name);
    const enter = groups.map((group) => `echo $$ >'${group}/cgroup.procs'`).join(' && ');
    const flags = '--mount --pid --uts --ipc --net --cgroup --fork --kill-child';
    const unshare = spawn('sh', ['-c', `${enter} && exec unshare ${flags} sh '${files.root}/boot.sh'`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [unshare.stdout, unshare.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    for (let tries = 0; tries < 150 && unshare.exitCode === null; tries++) {
      await pause(200);
      const { stdout } = spawnSync('pgrep', ['-x', '-P', String(unshare.pid), 'systemd'], {
        encoding: 'utf8',
      });
      if (stdout === '') continue;
      const machine = new SystemdMachine(files, name, unshare, Number(stdout));
      const state = machine.run('systemctl is-system-running --wait').stdout.trim();
      if (state === 'running') return machine;
    }
    unshare.kill('SIGKILL');
    await pause(200);
    removeGroups(name);
    return `systemd did not come up: ${said}`;
  }

  /** A command line of the machine's shell, as root. */
  run(line: string) {
    const environment = [
      '-i',
      'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
      'HOME=/root',
      'LANG=C.UTF-8',
    ];
    const words = ['-t', String(this.#pid), '-m', '-p', '-u', '-i', '-n', '-C', '-r', '-w'];
    return spawnSync('nsenter', [...words, 'env', ...environment, 'bash', '-c', `cd /; ${line}`], {
      encoding: 'utf8',
    });
  }

  /** One property of a unit. */
  show(unit: string, property: string): string {
    return this.run(`systemctl show --value -p ${property} ${unit}`).stdout.trim();
  }

  /** Waits until a unit's property is this. */
  async comesTo(unit: string, property: string, wanted: (value: string) => boolean): Promise<string> {
    for (let tries = 0; ; tries++) {
      const value = this.show(unit, property);
      if (wanted(value)) return value;
      if (tries === 300) throw new Error(`${property} of ${unit} stayed ${value}\n${this.journal(unit)}`);
      await pause(100);
    }
  }

  journal(unit: string): string {
    return this.run(`journalctl --no-pager -o cat -n 40 -u ${unit}`).stdout;
  }

  async halt(): Promise<void> {
    const ended = new Promise((resolve) => this.#unshare.once('exit', resolve));
    process.kill(this.#pid, 'SIGKILL');
    await ended;
    removeGroups(this.#name);
  }
}

/** This system's programs, none of its services, everything else the machine's own. */
function mountsOfThisSystem(unpacked: string): string {
  return `mount --rbind /usr usr
for wants in usr/lib/systemd/system/*.wants; do
  case $wants in */sockets.target.wants) ;; *) mount -t tmpfs none "$wants" ;; esac
done
mount --bind local usr/local
mount --bind '${unpacked}' package
mount --bind '${modules}' modules/node_modules
mount --bind '${process.execPath}' node`;
}

/** What becomes the first process. */
function bootScript(root: string, mounts: string): string {
  return `set -e
mount --make-rprivate /
cd '${root}'
mount --bind . .
cd '${root}'
${mounts}
mount -t proc none proc
mount -t sysfs -o ro none sys
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 none sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 none sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd none sys/fs/cgroup/systemd
  mount -t cgroup2 none sys/fs/cgroup/unified
fi
mount -t tmpfs -o mode=755 none dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 none run
mount -t tmpfs -o mode=1777 none tmp
mkdir .before
pivot_root . .before
umount -l .before
exec env -i container=other PATH=/usr/bin:/bin:/usr/sbin:/sbin ${init} --system --unit=multi-user.target
`;
}
