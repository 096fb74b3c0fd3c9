// How the tracker is made from the options: its rules, and the tables that protect it.
import type { SwarmStore } from '../swarm/swarm-store.ts';
import { Protection } from '../tracker/protection.ts';
import { TokenBuckets, type TokenRate } from '../tracker/token-buckets.ts';
import { Tracker } from '../tracker/tracker.ts';
import type { AccessLists } from './lists/access-lists.ts';
import type { Configuration } from './options/configuration.ts';

export function createTracker(
  store: SwarmStore,
  configuration: Configuration,
  access: AccessLists | undefined,
): Tracker {
  const {
    interval,
    minInterval,
    maxPeers,
    maxScrapeHashes,
    fullScrape,
    trackerId,
    noIpv4Mapped,
    refusedPorts,
  } = configuration;
  const settings = {
    interval,
    minInterval,
    maxPeers,
    maxScrapeHashes,
    fullScrape,
    trackerId,
    ipv4Mapped: !noIpv4Mapped,
    refusedPorts,
  };
  return new Tracker(store, settings, createProtection(configuration, access));
}

function createProtection(
  { rateLimit: { udp, http } }: Configuration,
  access: AccessLists | undefined,
): Protection {
  const memoryOf = (rate: TokenRate | undefined) =>
    rate && TokenBuckets.create(rate, crypto.getRandomValues(new Int32Array(2))).buffer;
  return new Protection({ udp: memoryOf(udp), http: memoryOf(http), access: access?.memory });
}
