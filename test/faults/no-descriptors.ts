// A limit of descriptors that is taken away from under a running tracker: it can accept nobody, and goes on for the rest.
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { Event } from '../../src/protocol/event.ts';
import { pause } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, Load } from './load.ts';
import { ProcessorWaits } from './processor-waits.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

/** Announces a second, over UDP and over an HTTP connection that is there already. */
const perSecond = 100;

export const noDescriptorsSuite: FaultSuite = {
  fault: 'no descriptor left to accept a connection with',
  limits: {
    lost: 0,
    ghost: 0,
    failed: 0,
    retried: 0,
    exits: 0,
    processorPercent: 60,
    logLines: 10,
    longestMs: 500,
  },
  // How many is a matter of processors: 400 to 1,600 in the short form on two busy ones. That none is left waiting has a test of its
  // own, accept-reserve.
  atLeast: { turnedAway: 20, recovered: 1, acknowledged: 300 },
  skip: process.platform === 'linux' ? skipWithout('prlimit') : 'needs /proc and prlimit',
  async run({ seed, long }) {
    const tracker = new TrackerUnderTest({ openFiles: 1000 });
    const ledger = new Ledger();
    let waits: ProcessorWaits | undefined;
    try {
      await tracker.start();
      const udp = new UdpClient(tracker.udpPort);
      // Never more than one connection, which is open before there is no descriptor for another.
      const http = new HttpClient(tracker.httpPort, { connections: 1 });
      await http.announce({ swarm: 1, port: 20_000, event: Event.started, numwant: 0 });
      ledger.acknowledge(1, 20_000, true);
      // Just past the highest: those kept in reserve to turn connections away with would be of no use beyond the limit.
      limitDescriptors(tracker.program.pid, tracker.highestDescriptor + 1);
      const loads = [udp, http].map(
        (client, i) =>
          new Load(ledger, {
            client,
            perSecond,
            firstSwarm: 100 + 100 * i,
            swarms: 40,
            seed,
            stoppedPercent: 20,
          }),
      );
      waits = new ProcessorWaits(tracker.program.pid);
      for (const client of [udp, http]) client.waits = waits;
      const before = tracker.processorSeconds;
      const start = performance.now();
      const turnedAway = await knock(tracker.httpPort, long ? 30_000 : 3000);
      const seconds = (performance.now() - start) / 1000;
      const processorPercent = Math.round((100 * (tracker.processorSeconds - before)) / seconds);
      for (const load of loads) await load.stop();
      const exits = Number(!tracker.program.running);
      const logLines = tracker.program.stdout.split('\n').slice(tracker.startLines).length - 1;
      limitDescriptors(tracker.program.pid, 1000);
      const next = new HttpClient(tracker.httpPort, { fresh: true });
      await next.announce({ swarm: 1, port: 20_001, event: Event.started, numwant: 0 });
      ledger.acknowledge(1, 20_001, true);
      const recovered = Number(next.retries === 0);
      const longestMs = Math.round(Math.max(http.longestMs, udp.longestMs));
      const retried = udp.retries + http.retries;
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      const acknowledged = loads.reduce((sum, load) => sum + load.acknowledged, 0);
      for (const client of [udp, http, next]) client.close();
      return {
        turnedAway,
        ...balance,
        acknowledged,
        retried,
        exits,
        recovered,
        processorPercent,
        logLines,
        longestMs,
        longestByClockMs: Math.round(Math.max(http.longestByClockMs, udp.longestByClockMs)),
      };
    } finally {
      waits?.close();
      await tracker.close();
    }
  },
};

function limitDescriptors(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

/** Connects again and again for `ms`, a hundred at a time; returns how many connections were ended. */
async function knock(port: number, ms: number): Promise<number> {
  const open = new Set<Socket>();
  let ended = 0;
  const timer = setInterval(() => {
    while (open.size < 100) {
      const socket = connect({ host: '127.0.0.1', port });
      open.add(socket);
      socket.on('error', () => {});
      socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n'));
      socket.resume();
      socket.on('close', () => {
        open.delete(socket);
        ended++;
      });
    }
  }, 20);
  await pause(ms);
  clearInterval(timer);
  for (const socket of open) socket.destroy();
  return ended;
}
