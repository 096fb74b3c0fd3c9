// Every fault suite there is, in the order of docs/reliability.md.
import { oneAddressSuite, oneNetworkSuite, pinnedMemorySuite, randomSwarmsSuite } from './abuse.ts';
import { activationSuite, successorSuite } from './activation.ts';
import { clockSuite } from './clock.ts';
import { clusterFlappingSuite } from './cluster-flapping.ts';
import { clusterNodesSuite } from './cluster-nodes.ts';
import { clusterSplitSuite } from './cluster-split.ts';
import { damagedSuite } from './damaged.ts';
import type { FaultSuite } from './figures.ts';
import { fullDiskSuite } from './full-disk.ts';
import { fuzzSuite } from './fuzz.ts';
import { idleConnectionsSuite } from './idle-connections.ts';
import { killSuite } from './kill.ts';
import { longListsSuite } from './long-lists.ts';
import { noDescriptorsSuite } from './no-descriptors.ts';
import { sighupSuite } from './sighup.ts';
import { takeoverSuite } from './takeover.ts';

/** What breaks under a tracker. */
export const breakingSuites: readonly FaultSuite[] = [
  killSuite,
  takeoverSuite,
  activationSuite,
  successorSuite,
  fullDiskSuite,
  damagedSuite,
  clockSuite,
  idleConnectionsSuite,
  noDescriptorsSuite,
  sighupSuite,
  longListsSuite,
];

/** What comes from outside. */
export const attackingSuites: readonly FaultSuite[] = [
  randomSwarmsSuite,
  pinnedMemorySuite,
  oneNetworkSuite,
  oneAddressSuite,
  fuzzSuite,
];

/** What breaks between several trackers. */
export const clusterSuites: readonly FaultSuite[] = [
  clusterNodesSuite,
  clusterSplitSuite,
  clusterFlappingSuite,
];

export const suites: readonly FaultSuite[] = [...breakingSuites, ...clusterSuites, ...attackingSuites];
