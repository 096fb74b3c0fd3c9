// How UDP is listened on: by the socket workers where there are such, and otherwise on the main thread.
import { closeSync } from 'node:fs';
import { ConnectionIds } from '../../protocol/connection-id.ts';
import { isWildcard } from '../../protocol/ip-address.ts';
import type { CreateOpener, DatagramWorkers, Opener, OpenerParts } from '../opener.ts';
import { askUdp } from './ask-self.ts';
import { createUdpCounters } from './udp-counters.ts';
import { udpCounts, udpTallies } from './udp-counts.ts';
import { UdpDgramTransport } from './udp-dgram.ts';
import { UdpDgramAddresses } from './udp-dgram-addresses.ts';

/** Bytes of waiting datagrams below which a burst of a few thousand is lost; twice Linux's usual limit. */
const wantedReceiveBuffer = 400 * 1024;

export const createOpener: CreateOpener = (parts) =>
  parts.workers ? createWorkerOpener(parts.workers, parts) : createDgramOpener(parts);

function createWorkerOpener(workers: DatagramWorkers, { warn }: OpenerParts): Opener {
  return {
    open: async ({ address: planned, port: wanted, inherited, inheritedBeside = [] }) => {
      const { port, receiveBuffer } = inherited
        ? workers.adopt(inherited, inheritedBeside)
        : workers.bind(planned, wanted);
      // A tracker without socket workers has sockets on single addresses, which may have come from one.
      const passed = inherited ? [inherited, ...inheritedBeside] : [];
      const addresses = new Set([planned, ...passed.map(({ address }) => address)]);
      if (receiveBuffer < wantedReceiveBuffer) warnOfSmallBuffer(receiveBuffer, warn);
      return {
        port,
        descriptors: () => [...addresses].flatMap((address) => workers.descriptorsAt(address, port)),
        close: (graceMs) => workers.close(graceMs),
      };
    },
    counts: () => workers.counts(),
    tallies: () => workers.tallies?.() ?? {},
    askSelf: askUdp,
    threads: workers.serving,
  };
}

function createDgramOpener({ tracker, keys, clock, failed, warn }: OpenerParts): Opener {
  const ids = new ConnectionIds(keys.current, keys.previous);
  const all: Float64Array[] = [];
  return {
    open: async ({ address: host, port, inherited, inheritedBeside = [] }) => {
      const counters = createUdpCounters();
      all.push(counters);
      const options = { host, port, tracker, ids, counters, clock, onException: failed };
      if (isWildcard(host) && inherited?.address !== host) {
        const transport = await UdpDgramAddresses.listen({
          ...options,
          inherited: inherited ? [inherited, ...inheritedBeside] : [],
          onUnbound: (address, { message }) =>
            warn('UDP cannot be answered on an address of this machine', { address, reason: message }),
        });
        return {
          port: transport.port,
          descriptors: () => transport.descriptors(),
          close: () => transport.close(),
        };
      }
      const transport = await UdpDgramTransport.listen({ ...options, fd: inherited?.fd });
      // One socket is all that this transport serves.
      for (const { fd } of inheritedBeside) closeSync(fd);
      return {
        port: transport.port,
        descriptors: () => [transport.descriptor],
        close: () => transport.close(),
      };
    },
    counts: () => udpCounts(all),
    tallies: () => udpTallies(all),
    askSelf: askUdp,
    shareKeys: ({ current, previous, aheadSeconds }) => ids.share(current, previous, aheadSeconds),
  };
}

function warnOfSmallBuffer(bytes: number, warn: OpenerParts['warn']): void {
  warn(
    `the UDP receive buffer is ${Math.round(bytes / 1024)} KiB; ` +
      'for bursts raise it: sysctl -w net.core.rmem_max=8388608',
  );
}
