// Where the fields of a record of a message stand (its bytes are in wire.ts), and what holds one that is written or read.
import { infoHashWords } from '../protocol/info-hash.ts';

/** Of a record's first byte. */
export const flag = {
  ipv6: 1,
  seeder: 2,
  partial: 4,
  counted: 8,
  completed: 16,
  gone: 32,
  total: 64,
  stays: 128,
} as const;

/** Of a peer's record; the port stands behind the address. */
export const peerAt = { flags: 0, age: 1, infoHash: 3, address: 23 } as const;
export const totalAt = { flags: 0, infoHash: 1, downloaded: 21, size: 25 } as const;
export const portBytes = 2;
export const addressWords4 = 1;
export const addressWords6 = 4;
export const largestRecord = peerAt.address + 4 * addressWords6 + portBytes;

if (
  peerAt.infoHash + 4 * infoHashWords !== peerAt.address ||
  totalAt.infoHash + 4 * infoHashWords !== totalAt.downloaded ||
  totalAt.downloaded + 4 !== totalAt.size ||
  totalAt.size > largestRecord
)
  throw new RangeError('the fields of a record do not follow each other, or it is longer than the largest');
if (Object.values(flag).some((bit) => bit > 0x80 || (bit & (bit - 1)) !== 0))
  throw new RangeError('the flags of a record are no bits of a byte');

/** A record that is written or read; the same object each time. Ages are ticks of the sender. */
export interface WireRecord {
  readonly infoHash: Int32Array;
  readonly address: Int32Array;
  family: 4 | 6;
  /** In wire order, as a record of the store holds it. */
  port: number;
  seeder: boolean;
  partial: boolean;
  counted: boolean;
  completed: boolean;
  gone: boolean;
  /** News only of when it was seen: who knows it knows it as it is. */
  stays: boolean;
  age: number;
}

export function createRecord(): WireRecord {
  return {
    infoHash: new Int32Array(infoHashWords),
    address: new Int32Array(addressWords6),
    ...{ family: 4, port: 0, age: 0 },
    ...{ seeder: false, partial: false, counted: false, completed: false, gone: false, stays: false },
  };
}
