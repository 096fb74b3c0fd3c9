// A small Debian of this machine's own release in a directory, from the mirror that apt here is configured with. Its base is
// fetched once, for all test runs.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { directoryOf, fetchOnce } from '../fetched-packages.ts';
import type { MachineFiles } from './systemd-machine.ts';

/** Why none can be made here; `undefined` when it can be tried. */
export function noDebianHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (spawnSync('mmdebstrap', ['--version']).error !== undefined) return 'mmdebstrap is not here';
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

/** What has been fetched gets older; `apt-get update` in a copy has apt bring along what it needs newer. */
function fetchBase(): string {
  const { codename, address } = findMirror()!;
  const directory = directoryOf('debian', codename);
  fetchOnce(directory, (fresh) => {
    // A directory is no machine that could lose power: nothing waits for the disk, here and in what apt does later.
    const words = ['--mode=root', '--variant=minbase', '--quiet', '--dpkgopt=force-unsafe-io'];
    const made = spawnSync('mmdebstrap', [...words, codename, join(fresh, 'base'), address], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`mmdebstrap failed: ${made.stderr.slice(-3000)}`);
    return true;
  });
  return join(directory, 'base');
}

export class DebianRoot implements MachineFiles {
  readonly root: string;

  /** @param root a directory that does not exist; the first time half a minute or so, most of it the mirror's */
  constructor(root: string) {
    this.root = root;
    const copied = spawnSync('cp', ['--archive', fetchBase(), root], { encoding: 'utf8' });
    if (copied.status !== 0) throw new Error(`cp failed: ${copied.stderr}`);
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
