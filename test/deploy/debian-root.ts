// A small Debian of this machine's own release in a directory, from the mirror that apt here is configured with.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MachineFiles } from './systemd-machine.ts';

/** Why none can be made here; `undefined` when it can be tried. */
export function noDebianHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (spawnSync('debootstrap', ['--version']).error !== undefined) return 'debootstrap is not here';
  return findMirror() === undefined ? 'apt here knows no mirror of this release of Debian' : undefined;
}

/** The mirror of this machine's release, where it is a Debian. */
export function findMirror(): { codename: string; address: string } | undefined {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const words = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', `Codename: ${codename}`];
  const { stdout } = spawnSync('apt-get', words, { encoding: 'utf8' });
  const address = stdout?.split('\n', 1)[0];
  return codename === undefined || !address ? undefined : { codename, address };
}

export class DebianRoot implements MachineFiles {
  readonly root: string;

  /** @param root a directory that does not exist; a minute or so, most of it the mirror's */
  constructor(root: string) {
    this.root = root;
    const { codename, address } = findMirror()!;
    const made = spawnSync('debootstrap', ['--variant=minbase', codename, root, address], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`debootstrap failed: ${made.stdout.slice(-2000)}${made.stderr}`);
    for (const file of ['/etc/resolv.conf', '/etc/hosts'])
      if (existsSync(file)) copyFileSync(file, join(root, file));
    // Debian's way to say that nothing is started while this is only a directory.
    this.write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
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

  /** A command line in the directory as root, with this machine's network. */
  run(line: string) {
    const mounts = `mount -t proc none '${this.root}/proc' && mount --rbind /dev '${this.root}/dev'`;
    const environment =
      'PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive';
    const chroot = `exec chroot '${this.root}' env -u TMPDIR -u NODE_OPTIONS -u NODE_EXTRA_CA_CERTS ${environment} sh -c "$1"`;
    return spawnSync('unshare', ['--mount', 'sh', '-c', `${mounts} && ${chroot}`, 'sh', line], {
      encoding: 'utf8',
    });
  }
}
