// Connections that are opened and then say nothing, or never say all, as many as descriptors allow and twice as many,
// while good requests go on.
import { fileURLToPath } from 'node:url';
import { Event } from '../../src/protocol/event.ts';
import { type Program, pause, startProgram } from '../program.ts';
import { p99Of } from './address-client.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

const holderScript = fileURLToPath(new URL('./connection-holder.js', import.meta.url));

export const idleConnectionsSuite: FaultSuite = {
  fault: 'thousands of idle connections and half requests, and more than there are descriptors',
  limits: {
    lost: 0,
    ghost: 0,
    failed: 0,
    retried: 0,
    udpLongestMs: 500,
    httpP99Ms: 200,
    httpLongestMs: 1500,
  },
  atLeast: { idle: 350, halfRequests: 350, beyond: 350, opened: 2000, acknowledged: 500 },
  skip: process.platform === 'linux' ? false : 'needs 127.0.0.0/8',
  async run({ seed, long }) {
    // More than it may have descriptors is what the third part comes to.
    const openFiles = long ? 20_000 : 600;
    const connections = long ? 18_000 : 450;
    const phaseMs = long ? 30_000 : 2500;
    const tracker = new TrackerUnderTest({ openFiles });
    const ledger = new Ledger();
    const holders: Program[] = [];
    // The tracker ends each after 5 s, so it takes 3,600 new ones a second to hold 18,000.
    const perSecond = long ? 4000 : 400;
    const hold = async (network: number, how: 'silent' | 'dribble', rate: number) => {
      const words = [tracker.httpPort, connections, rate, network, how].map(String);
      holders.push(startProgram(process.execPath, [holderScript, ...words]));
      await holders.at(-1)!.printed(/"held"/);
    };
    try {
      await tracker.start();
      const own = tracker.descriptors;
      const udp = new UdpClient(tracker.udpPort);
      const kept = new HttpClient(tracker.httpPort);
      const fresh = new HttpClient(tracker.httpPort, { fresh: true });
      const load = (client: typeof udp | typeof kept, firstSwarm: number, perSecond: number) =>
        new Load(ledger, { client, perSecond, firstSwarm, swarms: 40, seed, stoppedPercent: 20 });
      const suffer = async (firstSwarm: number, ms = phaseMs) => {
        // While they come, and when they are there.
        const loads = [
          load(kept, firstSwarm, long ? 500 : 50),
          load(fresh, firstSwarm + 40, long ? 500 : 50),
          load(udp, firstSwarm + 80, 100),
        ];
        await pause(ms);
        const open = tracker.descriptors - own;
        for (const each of loads) await each.stop();
        return { open, acknowledged: loads.reduce((sum, each) => sum + each.acknowledged, 0) };
      };
      // Compiled code and connections first.
      await suffer(600, 1000);
      await hold(1, 'silent', perSecond);
      const silent = await suffer(0);
      await holders[0].kill();
      await hold(2, 'dribble', perSecond);
      const halves = await suffer(200);
      await hold(3, 'silent', perSecond / 4);
      const beyond = await suffer(400);
      const opened = holders.reduce((sum, holder) => sum + openedBy(holder), 0);
      for (const holder of holders) await holder.kill();
      const udpLongestMs = Math.round(udp.longestMs);
      const httpLongestMs = Math.round(Math.max(kept.longestMs, fresh.longestMs));
      const httpP99Ms = Math.round(p99Of([...kept.times, ...fresh.times]));
      const retried = kept.retries + fresh.retries + udp.retries;
      await kept.announce({ swarm: 900, port: 20_000, event: Event.none, numwant: 0 });
      ledger.acknowledge(900, 20_000, true);
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      const acknowledged = silent.acknowledged + halves.acknowledged + beyond.acknowledged;
      for (const client of [kept, fresh, udp]) client.close();
      return {
        idle: silent.open,
        halfRequests: halves.open,
        beyond: beyond.open,
        opened,
        ...balance,
        acknowledged,
        retried,
        endedIdle: kept.endedIdle,
        udpLongestMs,
        httpP99Ms,
        httpLongestMs,
      };
    } finally {
      for (const holder of holders) await holder.kill();
      await tracker.close();
    }
  },
};

function openedBy({ stdout }: Program): number {
  return Number(/"opened":(\d+)\}\s*$/.exec(stdout)?.[1] ?? 0);
}
