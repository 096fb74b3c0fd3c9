// Where a peer's record lies, as `FamilyPeers.find` found it: valid while the shard's lock is held and until the next
// change of its swarm.
//
// One object a user (a store of a thread, a loader), filled again and again, because an announce may allocate nothing.

export class FoundPeer {
  /** Word of the block. */
  block = 0;
  /** Index of its record there; −1 when nothing was found. */
  index = -1;
  isSeeder = false;
  /** Keyed hash of its endpoint; only of peers of large swarms. */
  hash = 0;
}

/** For whoever is in no swarm: never written to. */
export const nobody: Readonly<FoundPeer> = Object.freeze(new FoundPeer());
