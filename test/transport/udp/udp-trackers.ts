// Starts a tracker's UDP transport each of the ways there are: node:dgram, batches in this thread, socket workers.
import { findFastPath } from '../../../src/net/availability.ts';
import { DatagramBatch } from '../../../src/net/datagram-batch.ts';
import { closeUdpSockets, openUdpSockets } from '../../../src/net/udp-socket.ts';
import { ConnectionIds } from '../../../src/protocol/connection-id.ts';
import { SocketWorkers } from '../../../src/server/listening/socket-workers.ts';
import type { SwarmStore } from '../../../src/swarm/swarm-store.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { UdpBatchTransport } from '../../../src/transport/udp/udp-batch.ts';
import { createUdpCounters, sumUdpCounters } from '../../../src/transport/udp/udp-counters.ts';
import { UdpDgramTransport } from '../../../src/transport/udp/udp-dgram.ts';

export interface StartedUdp {
  port: number;
  counters(): ReturnType<typeof sumUdpCounters>;
  exceptions: unknown[];
  close(): Promise<void>;
}

export type StartUdp = (
  host: string,
  tracker: Tracker,
  store: SwarmStore,
  clock?: () => number,
) => Promise<StartedUdp>;

const key = new Uint8Array(16).fill(1);
const previousKey = new Uint8Array(16).fill(2);
const at1000 = () => 1000;

export const { calls, reason: noFastPath } = findFastPath();

export const startDgram: StartUdp = async (host, tracker, _store, clock = at1000) => {
  const counters = createUdpCounters();
  const exceptions: unknown[] = [];
  const transport = await UdpDgramTransport.listen({
    host,
    port: 0,
    tracker,
    ids: new ConnectionIds(key, previousKey),
    counters,
    clock,
    onException: (error) => exceptions.push(error),
  });
  return {
    port: transport.port,
    counters: () => sumUdpCounters([counters]),
    exceptions,
    close: () => transport.close(),
  };
};

/** The batches of the socket workers, but read every millisecond by this thread. */
const startBatch: StartUdp = (...server) => openBatch((transport) => transport.answerArrived(), ...server);

/** The same, read in between others' work, but for every tenth time. */
const startBetween: StartUdp = (...server) => {
  let times = 0;
  return openBatch(
    (transport) => {
      if (times++ % 10 === 0) transport.answerArrived();
      else transport.answerSome();
    },
    ...server,
  );
};

async function openBatch(
  read: (transport: UdpBatchTransport) => void,
  host: string,
  tracker: Tracker,
  _store: SwarmStore,
  clock = at1000,
): ReturnType<StartUdp> {
  const [socket] = openUdpSockets(calls!, { address: host, port: 0 });
  const batch = new DatagramBatch(calls!, socket!);
  const counters = createUdpCounters();
  const exceptions: unknown[] = [];
  const transport = new UdpBatchTransport(batch, {
    family: socket.family,
    tracker,
    ids: new ConnectionIds(key, previousKey),
    counters,
    clock,
    onException: (error) => exceptions.push(error),
  });
  const timer = setInterval(() => read(transport), 1);
  return {
    port: socket.port,
    counters: () => sumUdpCounters([counters]),
    exceptions,
    close: async () => {
      clearInterval(timer);
      closeUdpSockets(calls!, [socket!]);
      batch.close();
    },
  };
}

export const startWorkers: StartUdp = async (host, tracker, store) => {
  const exceptions: unknown[] = [];
  const workers = new SocketWorkers(calls!, {
    workers: 2,
    store,
    settings: tracker.settings,
    keys: { current: key, previous: previousKey },
    failed: (error) => exceptions.push(error),
  });
  const { port } = workers.sockets.bind(host, 0);
  await workers.start();
  workers.serve();
  return {
    port,
    counters: () => sumUdpCounters(workers.counters()),
    exceptions,
    close: () => workers.close(),
  };
};

/** The ways that can be had here; with CI=true all of them must. */
export const udpTransports: [name: string, start: StartUdp][] = [['UDP through node:dgram', startDgram]];
if (calls) {
  udpTransports.push(
    ['UDP in batches', startBatch],
    ['UDP in between', startBetween],
    ['UDP on socket workers', startWorkers],
  );
} else if (process.env.CI === 'true') {
  throw new Error(`the fast path must be tested here: ${noFastPath}`);
} else {
  console.log(`# SKIPPED: UDP in batches and on socket workers (${noFastPath})`);
}
