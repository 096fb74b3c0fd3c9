// A disk without room while the swarms are saved: answers go on, the last snapshot stays, one line says so.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../program.ts';
import { UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && canMount();

export const fullDiskSuite: FaultSuite = {
  fault: 'a disk that is full while the swarms are saved',
  limits: { lost: 0, ghost: 0, failed: 0, longestMs: 500, logLines: 1, snapshotDamaged: 0 },
  atLeast: { logLines: 1, recovered: 1 },
  skip: mayMount ? false : 'needs root to mount a small file system',
  async run({ seed, long }) {
    const dataDir = mount();
    const tracker = new TrackerUnderTest({ dataDir, flags: ['--snapshot-interval', '1'] });
    const ledger = new Ledger();
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      await fill(ledger, udp, 0, 20);
      await tracker.nextSnapshot();
      const ballast = join(dataDir, 'ballast');
      fillDisk(ballast);
      const before = statSync(join(dataDir, 'swarms.snapshot'));
      // More to save than there is room for.
      await fill(ledger, udp, 20, 20);
      const load = new Load(ledger, {
        client: udp,
        perSecond: 1000,
        firstSwarm: 0,
        swarms: 40,
        seed,
        stoppedPercent: 20,
      });
      await tracker.program.printed(/cannot save the snapshot/);
      await pause(long ? 20_000 : 3000);
      const after = statSync(join(dataDir, 'swarms.snapshot'));
      const logLines = tracker.program.stdout.split('cannot save the snapshot').length - 1;
      const snapshotDamaged = Number(after.ino !== before.ino || after.size !== before.size);
      rmSync(ballast);
      await tracker.program.printed(/could be saved again/);
      await load.stop();
      await tracker.nextSnapshot();
      tracker.program.signal('SIGKILL');
      await tracker.program.exited;
      await tracker.start();
      const longestMs = Math.round(udp.longestMs);
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      udp.close();
      return {
        ...balance,
        longestMs,
        logLines,
        snapshotDamaged,
        recovered: 1,
        acknowledged: load.acknowledged,
      };
    } finally {
      await tracker.close();
      unmount(dataDir);
    }
  },
};

function mount(): string {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-full-'));
  const { status, stderr } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    'size=512k,mode=700',
    'tmpfs',
    directory,
  ]);
  if (status !== 0) throw new Error(`cannot mount: ${stderr}`);
  return directory;
}

function unmount(directory: string): void {
  spawnSync('umount', ['--lazy', directory]);
  rmdirSync(directory);
}

function canMount(): boolean {
  try {
    unmount(mount());
    return true;
  } catch {
    return false;
  }
}

/** Leaves a few KiB. */
function fillDisk(path: string): void {
  for (let size = 512; size > 0; size -= 4) {
    try {
      writeFileSync(path, Buffer.alloc(size * 1024));
      return;
    } catch {
      rmSync(path, { force: true });
    }
  }
}
