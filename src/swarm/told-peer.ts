// What other machines say of a peer, and by what they name it.

export interface NamedPeer {
  readonly infoHash: Int32Array;
  readonly address: Int32Array;
  readonly family: 4 | 6;
  /** In wire order, as a record holds it. */
  readonly port: number;
}

/** What is told of a peer; ages are ticks of this store. */
export interface ToldPeer extends NamedPeer {
  readonly seeder: boolean;
  readonly partial: boolean;
  /** Its `completed` was counted at some time, or just now, so that it is to be counted here too. */
  readonly counted: boolean;
  readonly completed: boolean;
}
