// The package's own door: a tracker within a program.
import { EmbeddedTracker } from './embedded-tracker.ts';
import { readOptions } from './read-options.ts';
import type { Tracker } from './tracker.ts';
import type { TrackerOptions } from './tracker-options.ts';

export { Failure, type FailureKind, failureKinds } from '../protocol/failure.ts';
export type { AnnounceFilter, FilterAnswer, FilteredPeer, FilterQuestion } from './announce-filter.ts';
export type {
  AnnounceAnswer,
  AnnounceEvent,
  AnnounceQuestion,
  HandleOptions,
  InfoHash,
  Peer,
  ScrapedTorrent,
  Swarm,
  Tracker,
  TrackerAddress,
  TrackerEvents,
  TrackerStats,
  TransportStats,
} from './tracker.ts';
export type { ListenPort, LogLine, TrackerOptions, TransportPorts } from './tracker-options.ts';

/**
 * A tracker that opens nothing yet: `listen` does. It has no signal handlers, prints nothing and changes nothing that is global.
 * @throws TypeError that names every option that is wrong, and why
 */
export function createTracker(options: TrackerOptions = {}): Tracker {
  return new EmbeddedTracker(readOptions(options));
}
