// SIGHUP again and again, with files that are good and files that are not, while requests go on.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '../certificates.ts';
import { pause } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

export const sighupSuite: FaultSuite = {
  fault: 'SIGHUP every 200 ms with good and bad files',
  limits: { lost: 0, ghost: 0, failed: 0, exits: 0, longestMs: 500 },
  atLeast: { signals: 15, acknowledged: 500 },
  skip: skipWithout('openssl'),
  async run({ seed, long }) {
    const directory = mkdtempSync(join(tmpdir(), 'caracal-sighup-'));
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(directory, name)) as [string, string];
    const authority = new TestAuthority();
    const good = [authority.issue(), authority.issue()];
    const install = (n: number) => {
      writeFileSync(cert, good[n]!.chain);
      writeFileSync(key, good[n]!.key);
    };
    install(0);
    const tracker = new TrackerUnderTest({ flags: ['--https-port', 'any', '--cert', cert, '--key', key] });
    const ledger = new Ledger();
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      const http = new HttpClient(tracker.httpPort);
      const options = { firstSwarm: 0, swarms: 40, seed, stoppedPercent: 20 };
      const loads = [
        new Load(ledger, { ...options, client: http, perSecond: 200 }),
        new Load(ledger, { ...options, client: udp, perSecond: 500, firstSwarm: 100 }),
      ];
      let signals = 0;
      for (; signals < (long ? 300 : 20); signals++) {
        if (signals % 3 === 0) install(signals % 2);
        else writeFileSync(signals % 3 === 1 ? cert : key, 'no certificate');
        tracker.program.signal('SIGHUP');
        await pause(200);
      }
      for (const load of loads) await load.stop();
      const longestMs = Math.round(Math.max(http.longestMs, udp.longestMs));
      const exits = Number(!tracker.program.running);
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      const acknowledged = loads.reduce((sum, load) => sum + load.acknowledged, 0);
      http.close();
      udp.close();
      return { signals, ...balance, exits, acknowledged, longestMs };
    } finally {
      await tracker.close();
      authority.close();
      rmSync(directory, { recursive: true });
    }
  },
};
