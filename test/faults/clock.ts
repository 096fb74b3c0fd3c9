// The wall clock set a day forward and a day back under a running tracker, and over a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../program.ts';
import { UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, fill } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';
import { createWallClock, skipWithoutWallClock } from './wall-clock.ts';

const day = 86_400;

export const clockSuite: FaultSuite = {
  fault: 'the wall clock set a day forward and a day back',
  limits: { lost: 0, ghost: 0, failed: 0, refusedIds: 0 },
  // The tracker must really have seen the other time, or this would show nothing.
  atLeast: { settings: 4, clockSeen: 4 },
  skip: skipWithoutWallClock,
  async run() {
    const directory = mkdtempSync(join(tmpdir(), 'caracal-clock-'));
    const clock = createWallClock(directory);
    const tracker = new TrackerUnderTest({
      // A round of expiry each second.
      flags: ['--log-format', 'json', '--snapshot-interval', '1', '--peer-ttl', '60', '--interval', '50'],
      env: clock.env,
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
      for (const offset of [day, -day, day, 0]) {
        clock.set(offset);
        settings++;
        await pause(2500);
        tracker.program.signal('SIGHUP');
        await pause(200);
        clockSeen += Number(daysOff(tracker.program.stdout) * day === offset);
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
        clock.set(offset === -day ? day : -day);
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
  // No negative zero.
  return Math.round((Date.parse(time) - Date.now()) / 86_400_000) || 0;
}
