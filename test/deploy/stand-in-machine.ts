// A machine of its own for install.sh: a root directory with this system's /usr, its own users, and stand-ins for systemd
// and npm that write down what they were asked.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Why none can be made here; `undefined` when it can. */
export function noMachineHere(): string | undefined {
  const words = ['-m', 'sh', '-c', 'mount -t tmpfs none /mnt && chroot / true'];
  return spawnSync('unshare', words).status === 0 ? undefined : 'no mounts of our own can be made here';
}

const systemctl = `#!/bin/bash
# State lies in files: /state/enabled/NAME, /state/active/NAME; a unit that stands in /state/broken does not start.
echo "$*" >>/state/calls
words=() now=no quiet=no
for word; do case $word in --now) now=yes ;; --quiet) quiet=yes ;; -*) ;; *) words+=("$word") ;; esac; done
verb=\${words[0]}
start() {
  if grep -qsxF -- "$(sha256sum </etc/systemd/system/$1 2>/dev/null)" /state/broken; then exit 1; fi
  touch "/state/active/$1"
}
for name in "\${words[@]:1}"; do
  case $verb in
    is-enabled) [ -e "/state/enabled/$name" ] || exit 1 ;;
    is-active) [ -e "/state/active/$name" ] || exit 1 ;;
    enable) touch "/state/enabled/$name"; if [ $now = yes ]; then start "$name"; fi ;;
    disable) rm -f "/state/enabled/$name"; if [ $now = yes ]; then rm -f "/state/active/$name"; fi ;;
    stop) rm -f "/state/active/$name" ;;
    start | restart) rm -f "/state/active/$name"; start "$name" ;;
  esac
done
exit 0
`;

export class StandInMachine {
  readonly root: string;

  /** @param directory an empty one; @param unpacked the package, which is /package on the machine */
  constructor(directory: string, unpacked: string) {
    this.root = join(directory, 'machine');
    const folders = [
      'usr',
      'local/bin',
      'proc',
      'dev',
      'tmp',
      'package',
      'modules/node_modules',
      'opt',
      'var/lib',
      'etc/systemd/system',
    ];
    for (const folder of [...folders, 'run/systemd/system', 'state/enabled', 'state/active'])
      mkdirSync(join(this.root, folder), { recursive: true });
    for (const link of ['bin', 'sbin', 'lib', 'lib64']) {
      if (existsSync(`/${link}`) && lstatSync(`/${link}`).isSymbolicLink())
        symlinkSync(readlinkSync(`/${link}`), join(this.root, link));
    }
    this.write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
    this.write('etc/group', 'root:x:0:\n');
    this.write('etc/nsswitch.conf', 'passwd: files\ngroup: files\n');
    this.write('node', '', 0o755);
    this.write('local/bin/systemctl', systemctl, 0o755);
    this.write('local/bin/npm', '#!/bin/sh\nln -s /modules/node_modules node_modules\n', 0o755);
    this.write(
      'local/bin/useradd',
      '#!/bin/sh\necho tracker:x:777:777::/:/sbin/nologin >>/etc/passwd\necho tracker:x:777: >>/etc/group\n',
      0o755,
    );
    this.write('local/bin/userdel', '#!/bin/sh\nsed -i /^tracker:/d /etc/passwd /etc/group\n', 0o755);
    this.write('enter.sh', enter(this.root, unpacked), 0o755);
  }

  write(path: string, text: string, mode = 0o644): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** A command line of the machine's shell. */
  run(line: string) {
    return spawnSync('unshare', ['-m', 'sh', join(this.root, 'enter.sh'), line], { encoding: 'utf8' });
  }

  install(words = '') {
    return this.run(`/package/deploy/install.sh --node /node ${words}`);
  }

  isActive(unit: string): boolean {
    return this.has(`state/active/${unit}`);
  }

  isEnabled(unit: string): boolean {
    return this.has(`state/enabled/${unit}`);
  }
}

function enter(root: string, unpacked: string): string {
  return `set -e
cd '${root}'
mount --rbind /usr usr
mount --bind local usr/local
mount --rbind /proc proc
mount --rbind /dev dev
mount --bind '${unpacked}' package
mount --bind '${modules}' modules/node_modules
mount --bind '${process.execPath}' node
exec chroot . /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/ bash -c "$1"
`;
}
