// How many WebTorrent peers a node has looks like this in a message of kind `counts`:
//
//   statement (4) | record, record …      record: info_hash (20) | seeders (4) | leechers (4), zeros for none any more
//
// Now and then a node says everything again, which is a statement with a higher number; what a statement has not named is
// gone when the next one begins. Numbers are little-endian.

import { infoHashWords } from '../protocol/info-hash.ts';

const statementBytes = 4;
const recordAt = { infoHash: 0, seeders: 20, leechers: 24, size: 28 } as const;

if (
  recordAt.infoHash + 4 * infoHashWords !== recordAt.seeders ||
  recordAt.seeders + 4 !== recordAt.leechers ||
  recordAt.leechers + 4 !== recordAt.size
)
  throw new RangeError('the fields of a record do not follow each other');

export interface CountRecord {
  readonly infoHash: Int32Array;
  readonly seeders: number;
  readonly leechers: number;
}

/** One message after another; a body is to be copied before the next begins. */
export class CountsWriter {
  readonly #view: DataView;
  #at = statementBytes;

  /** @param room bytes of a body */
  constructor(room: number) {
    this.#view = new DataView(new ArrayBuffer(room));
  }

  begin(statement: number): void {
    this.#view.setUint32(0, statement, true);
    this.#at = statementBytes;
  }

  get isEmpty(): boolean {
    return this.#at === statementBytes;
  }

  get hasRoom(): boolean {
    return this.#at + recordAt.size <= this.#view.byteLength;
  }

  add(infoHash: Int32Array, seeders: number, leechers: number): void {
    for (let i = 0; i < infoHashWords; i++)
      this.#view.setInt32(this.#at + recordAt.infoHash + 4 * i, infoHash[i], true);
    this.#view.setUint32(this.#at + recordAt.seeders, seeders, true);
    this.#view.setUint32(this.#at + recordAt.leechers, leechers, true);
    this.#at += recordAt.size;
  }

  get body(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#at);
  }
}

/** `undefined` for bytes that are none; the record is the same object each time. */
export function readCounts(
  body: Uint8Array,
): { statement: number; records: Generator<CountRecord> } | undefined {
  if (body.length < statementBytes || (body.length - statementBytes) % recordAt.size !== 0) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return { statement: view.getUint32(0, true), records: read(view) };
}

function* read(view: DataView): Generator<CountRecord> {
  const record = { infoHash: new Int32Array(infoHashWords), seeders: 0, leechers: 0 };
  for (let at = statementBytes; at < view.byteLength; at += recordAt.size) {
    for (let i = 0; i < infoHashWords; i++)
      record.infoHash[i] = view.getInt32(at + recordAt.infoHash + 4 * i, true);
    record.seeders = view.getUint32(at + recordAt.seeders, true);
    record.leechers = view.getUint32(at + recordAt.leechers, true);
    yield record;
  }
}
