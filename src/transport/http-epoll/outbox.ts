// What a thread's WebSockets send in one turn of its loop: gathered, so that the frames of a connection leave in one call.
//
// A call of the kernel costs more than all else that is done for a frame; in a busy swarm a connection gets its reply,
// offers and answers within one turn.

/** Whom the gathered bytes are for. The outbox alone changes its numbers. */
export interface OutboxOwner {
  /** Number of its first and last piece, −1 when there is none. */
  firstPiece: number;
  lastPiece: number;
  /** Bytes of all its pieces. */
  gathered: number;
  /** Takes all that was gathered, in order: `bytes[0 .. end)`, its own until it returns. Called in several parts if need be. */
  sendGathered(bytes: Uint8Array, end: number): void;
}

const arenaBytes = 512 * 1024;
const mostPieces = 4096;
/** Longer ones do not gain by being gathered. */
const longestPiece = 64 * 1024;

/** One for each thread. */
export class Outbox {
  readonly #arena = new Uint8Array(arenaBytes);
  readonly #pieceAt = new Int32Array(mostPieces);
  readonly #pieceEnd = new Int32Array(mostPieces);
  readonly #nextPiece = new Int32Array(mostPieces);
  readonly #owners: OutboxOwner[] = [];
  readonly #output: Uint8Array;
  #used = 0;
  #pieces = 0;

  /** @param output where what goes out is put together; at least as long as the longest piece */
  constructor(output: Uint8Array) {
    if (output.length < longestPiece) throw new RangeError('the output is shorter than what is gathered');
    this.#output = output;
  }

  /** Keeps a copy of `bytes[at .. end)` for its owner until `flush`; false when it is too long to be kept. */
  add(owner: OutboxOwner, bytes: Uint8Array, at: number, end: number): boolean {
    const length = end - at;
    if (length > longestPiece) return false;
    if (this.#used + length > arenaBytes || this.#pieces === mostPieces) this.flush();
    this.#arena.set(bytes.subarray(at, end), this.#used);
    const piece = this.#pieces++;
    this.#pieceAt[piece] = this.#used;
    this.#used += length;
    this.#pieceEnd[piece] = this.#used;
    this.#nextPiece[piece] = -1;
    if (owner.lastPiece >= 0) this.#nextPiece[owner.lastPiece] = piece;
    else {
      owner.firstPiece = piece;
      this.#owners.push(owner);
    }
    owner.lastPiece = piece;
    owner.gathered += length;
    return true;
  }

  /** Has every owner send what was gathered for it. */
  flush(): void {
    if (this.#pieces === 0) return;
    for (const owner of this.#owners) this.flushOwner(owner);
    this.#owners.length = 0;
    this.#pieces = this.#used = 0;
  }

  /** Has one of them send at once. */
  flushOwner(owner: OutboxOwner): void {
    let piece = owner.firstPiece;
    this.drop(owner);
    const output = this.#output;
    let length = 0;
    while (piece >= 0) {
      const at = this.#pieceAt[piece];
      const end = this.#pieceEnd[piece];
      if (length + end - at > output.length) {
        owner.sendGathered(output, length);
        length = 0;
      }
      output.set(this.#arena.subarray(at, end), length);
      length += end - at;
      piece = this.#nextPiece[piece];
    }
    if (length > 0) owner.sendGathered(output, length);
  }

  /** Forgets what was gathered for it. */
  drop(owner: OutboxOwner): void {
    owner.firstPiece = owner.lastPiece = -1;
    owner.gathered = 0;
  }
}
