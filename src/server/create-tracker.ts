// How the tracker is made from the options: its rules, and the tables that protect it.
import type { SwarmStore } from '../swarm/swarm-store.ts';
import { Protection, type RateMemory } from '../tracker/protection.ts';
import { TokenBuckets, type TokenRate } from '../tracker/token-buckets.ts';
import { Tracker, type TrackerSettings } from '../tracker/tracker.ts';
import type { AccessLists } from './lists/access-lists.ts';
import type { Configuration } from './options/configuration.ts';

export function createTracker(store: SwarmStore, configuration: Configuration, access: AccessLists): Tracker {
  return new Tracker(
    store,
    trackerSettingsOf(configuration),
    new Protection({ ...createRates(configuration), access: access.memory }),
  );
}

export function trackerSettingsOf(configuration: Configuration): TrackerSettings {
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
  return {
    interval,
    minInterval,
    maxPeers,
    maxScrapeHashes,
    fullScrape,
    trackerId,
    ipv4Mapped: !noIpv4Mapped,
    refusedPorts,
  };
}

/** Memory for new rate limits, which all threads share. */
export function createRates({ rateLimit: { udp, http } }: Configuration): RateMemory {
  const memoryOf = (rate: TokenRate | undefined) =>
    rate && TokenBuckets.create(rate, crypto.getRandomValues(new Int32Array(2))).buffer;
  return { udp: memoryOf(udp), http: memoryOf(http) };
}
