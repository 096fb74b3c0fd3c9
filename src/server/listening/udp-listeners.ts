// How UDP listeners are opened: on threads of their own where Linux allows it, and otherwise on the main thread.
import { closeSync } from 'node:fs';
import { ConnectionIds } from '../../protocol/connection-id.ts';
import { askUdp } from '../../transport/udp/ask-self.ts';
import { createUdpCounters } from '../../transport/udp/udp-counters.ts';
import { udpCounts, udpTallies } from '../../transport/udp/udp-counts.ts';
import { UdpDgramTransport } from '../../transport/udp/udp-dgram.ts';
import { UdpDgramAddresses } from '../../transport/udp/udp-dgram-addresses.ts';
import { monotonicSeconds } from '../clock.ts';
import type { Log } from '../log/log.ts';
import { isWildcard } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import type { Threads } from './threads.ts';

/** Bytes of waiting datagrams below which a burst of a few thousand is lost; twice Linux's usual limit. */
const wantedReceiveBuffer = 400 * 1024;

export function createUdpOpener(parts: ListenerParts, threads: Threads | undefined): TransportOpener {
  return threads ? createWorkerOpener(threads, parts) : createDgramOpener(parts);
}

function createWorkerOpener({ workers, serving }: Threads, { log }: ListenerParts): TransportOpener {
  return {
    open: async (planned) => {
      const { port, receiveBuffer } = planned.inherited
        ? workers.adopt(planned.inherited, planned.inheritedBeside)
        : workers.bind(planned.address, planned.port);
      // A tracker without socket workers has sockets on single addresses, which may have come from one.
      const inherited = [planned.inherited, ...(planned.inheritedBeside ?? [])];
      const addresses = new Set([planned.address, ...inherited.flatMap((socket) => socket?.address ?? [])]);
      if (receiveBuffer < wantedReceiveBuffer) warnOfSmallBuffer(receiveBuffer, log);
      return {
        planned,
        port,
        descriptors: () => [...addresses].flatMap((address) => workers.descriptorsAt(address, port)),
        close: (graceMs) => workers.close(graceMs),
      };
    },
    counts: () => udpCounts(workers.counters(), workers.xdpCounts()),
    tallies: () => udpTallies(workers.counters()),
    askSelf: askUdp,
    threads: serving,
  };
}

function createDgramOpener({ tracker, keys, failed, log }: ListenerParts): TransportOpener {
  const ids = new ConnectionIds(keys.current, keys.previous);
  const all: Float64Array[] = [];
  return {
    open: async (planned) => {
      const counters = createUdpCounters();
      all.push(counters);
      const { address: host, port, inherited, inheritedBeside = [] } = planned;
      const options = { host, port, tracker, ids, counters, clock: monotonicSeconds, onException: failed };
      if (isWildcard(host) && inherited?.address !== host) {
        const transport = await UdpDgramAddresses.listen({
          ...options,
          inherited: inherited ? [inherited, ...inheritedBeside] : [],
          onUnbound: (address, { message }) =>
            log.warn('UDP cannot be answered on an address of this machine', { address, reason: message }),
        });
        return {
          planned,
          port: transport.port,
          descriptors: () => transport.descriptors(),
          close: () => transport.close(),
        };
      }
      const transport = await UdpDgramTransport.listen({ ...options, fd: inherited?.fd });
      // One socket is all that this transport serves.
      for (const { fd } of inheritedBeside) closeSync(fd);
      return {
        planned,
        port: transport.port,
        descriptors: () => [transport.descriptor],
        close: () => transport.close(),
      };
    },
    counts: () => udpCounts(all),
    tallies: () => udpTallies(all),
    askSelf: askUdp,
  };
}

function warnOfSmallBuffer(bytes: number, log: Log): void {
  log.warn(
    `the UDP receive buffer is ${Math.round(bytes / 1024)} KiB; ` +
      'for bursts raise it: sysctl -w net.core.rmem_max=8388608',
  );
}
