// The wall clock set a day forward and a day back under a running tracker, and over a restart.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../program.ts';
import { UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const library = `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`;

export const clockSuite: FaultSuite = {
  fault: 'the wall clock set a day forward and a day back',
  limits: { lost: 0, ghost: 0, failed: 0, refusedIds: 0 },
  // The tracker must really have seen the other time, or this would show nothing.
  atLeast: { settings: 4, clockSeen: 4 },
  skip: existsSync(library) ? false : 'needs libfaketime',
  async run() {
    const directory = mkdtempSync(join(tmpdir(), 'caracal-clock-'));
    const clock = join(directory, 'clock');
    const setClock = (offset: string) => writeFileSync(clock, `${offset}\n`);
    setClock('+0');
    const tracker = new TrackerUnderTest({
      // A round of expiry each second.
      flags: ['--log-format', 'json', '--snapshot-interval', '1', '--peer-ttl', '60', '--interval', '50'],
      env: {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        // What the kernel does when somebody sets the clock: CLOCK_MONOTONIC goes on as it was.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    });
    const ledger = new Ledger();
    let settings = 0;
    let clockSeen = 0;
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      await fill(ledger, udp, 0, 5);
      let refusedIds = 0;
      const balance = { lost: 0, ghost: 0, failed: 0 };
      for (const offset of ['+1d', '-1d', '+1d', '+0']) {
        setClock(offset);
        settings++;
        await pause(2500);
        tracker.program.signal('SIGHUP');
        await pause(200);
        clockSeen += Number(daysOff(tracker.program.stdout) === Number.parseInt(offset, 10));
        const retries = udp.retries;
        const found = await ledger.balance((swarm) => askForPeers(udp, swarm));
        // The client's id is from before; a tracker that refused it would have made the client ask again.
        refusedIds += udp.retries - retries;
        balance.lost += found.lost;
        balance.ghost += found.ghost;
        balance.failed += found.failed;
        if (settings < 2) continue;
        // Saved under one clock, loaded under another.
        await tracker.nextSnapshot();
        tracker.program.signal('SIGKILL');
        await tracker.program.exited;
        setClock(offset === '-1d' ? '+1d' : '-1d');
        await tracker.start();
        balance.lost += (await ledger.balance((swarm) => askForPeers(udp, swarm))).lost;
      }
      udp.close();
      return { ...balance, refusedIds, settings, clockSeen };
    } finally {
      await tracker.close();
      rmSync(directory, { recursive: true });
    }
  },
};

/** How many days the last line of a log is away from now. */
function daysOff(log: string): number {
  const { time } = JSON.parse(log.trim().split('\n').at(-1)!) as { time: string };
  return Math.round((Date.parse(time) - Date.now()) / 86_400_000);
}
