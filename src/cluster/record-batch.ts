// Some records of news at a time, so that what they need of main memory is fetched side by side; see PeersAhead.
import { createRecord, type WireRecord } from './record-layout.ts';
import type { RecordReader } from './record-reader.ts';

/** Enough for the waits to overlap, and few enough that what was fetched is still there when its record's turn comes. */
export const batchRecords = 64;

export class RecordBatch {
  readonly records: readonly WireRecord[] = Array.from({ length: batchRecords }, createRecord);
  /** How many of them are read. */
  count = 0;

  /** Reads the next peers; false when there are none left. Totals are passed over. */
  read(reader: RecordReader): boolean {
    this.count = 0;
    while (this.count < batchRecords) {
      if (!reader.next(this.records[this.count])) return false;
      if (reader.downloaded < 0) this.count++;
    }
    return true;
  }
}
