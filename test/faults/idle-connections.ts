// Connections that are opened and then say nothing, as many as descriptors allow, while good requests go on.
import { connect, type Socket } from 'node:net';
import { Event } from '../../src/protocol/event.ts';
import { pause } from '../program.ts';
import { HttpClient, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

/** Below the number of connections that one address may have. */
const perAddress = 200;

export const idleConnectionsSuite: FaultSuite = {
  fault: 'thousands of idle connections, and more than there are descriptors',
  limits: { lost: 0, ghost: 0, failed: 0, longestMs: 500 },
  atLeast: { idle: 300, acknowledged: 300 },
  skip: process.platform === 'linux' ? false : 'needs 127.0.0.0/8',
  async run({ seed, long }) {
    let wanted = long ? 18_000 : 400;
    const tracker = new TrackerUnderTest({ openFiles: long ? 20_000 : 600 });
    const ledger = new Ledger();
    const idle = new Set<Socket>();
    try {
      await tracker.start();
      const http = new HttpClient(tracker.httpPort);
      const udp = new UdpClient(tracker.udpPort);
      let next = 0;
      let most = 0;
      const open = () => {
        const socket = connect({
          host: '127.0.0.1',
          port: tracker.httpPort,
          localAddress: `127.0.${1 + Math.floor(next / (perAddress * 250))}.${2 + (Math.floor(next / perAddress) % 250)}`,
        });
        next = (next + 1) % wanted;
        idle.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => idle.delete(socket));
      };
      // The tracker ends those that say nothing for 5 s; others take their place.
      const refill = setInterval(() => {
        for (let i = 0; i < 500 && idle.size < wanted; i++) open();
        most = Math.max(most, idle.size);
      }, 20);
      await pause(1500);
      const options = { firstSwarm: 0, swarms: 40, seed, stoppedPercent: 20 };
      const loads = [
        new Load(ledger, { ...options, client: http, perSecond: long ? 1000 : 100 }),
        new Load(ledger, { ...options, client: udp, perSecond: 100, firstSwarm: 100 }),
      ];
      await pause(long ? 30_000 : 5000);
      for (const load of loads) await load.stop();
      // Now more than the tracker may have descriptors: who is connected and who uses UDP is served all the same.
      wanted *= 2;
      const beyond = new Load(ledger, { ...options, client: udp, perSecond: 100, firstSwarm: 200 });
      await pause(long ? 10_000 : 3000);
      await beyond.stop();
      const longestMs = Math.round(Math.max(http.longestMs, udp.longestMs));
      clearInterval(refill);
      for (const socket of idle) socket.destroy();
      await pause(500);
      await http.announce({ swarm: 300, port: 20_000, event: Event.none, numwant: 0 });
      ledger.acknowledge(300, 20_000, true);
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      const acknowledged = loads.reduce((sum, load) => sum + load.acknowledged, 0);
      const { retries } = http;
      http.close();
      udp.close();
      return { idle: most, ...balance, acknowledged, retried: retries, longestMs };
    } finally {
      for (const socket of idle) socket.destroy();
      await tracker.close();
    }
  },
};
