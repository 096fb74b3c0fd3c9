// Reads the records of a message one by one, so that its reader decides on the pace.
import { infoHashWords } from '../protocol/info-hash.ts';
import {
  addressWords4,
  addressWords6,
  createRecord,
  flag,
  peerAt,
  portBytes,
  totalAt,
  type WireRecord,
} from './record-layout.ts';
import type { Message } from './wire.ts';

export class RecordReader {
  readonly record: WireRecord = createRecord();
  /** Of a total, whose info_hash is in the record; −1 where the record is a peer. */
  downloaded = -1;
  readonly #view: DataView;
  #at = 0;

  constructor({ body }: Message) {
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** False when there is none left, or what is left is none. @param record what a peer is written to */
  next(record: WireRecord = this.record): boolean {
    const view = this.#view;
    const left = view.byteLength - this.#at;
    if (left < 1) return false;
    const flags = view.getUint8(this.#at);
    if ((flags & flag.total) !== 0) {
      if (left < totalAt.size) return false;
      this.#infoHash(this.#at + totalAt.infoHash, record);
      this.downloaded = view.getUint32(this.#at + totalAt.downloaded, true);
      this.#at += totalAt.size;
      return true;
    }
    const addressWords = (flags & flag.ipv6) === 0 ? addressWords4 : addressWords6;
    if (left < peerAt.address + 4 * addressWords + portBytes) return false;
    this.downloaded = -1;
    record.family = addressWords === addressWords4 ? 4 : 6;
    record.seeder = (flags & flag.seeder) !== 0;
    record.partial = (flags & flag.partial) !== 0;
    record.counted = (flags & flag.counted) !== 0;
    record.completed = (flags & flag.completed) !== 0;
    record.gone = (flags & flag.gone) !== 0;
    record.stays = (flags & flag.stays) !== 0;
    record.age = view.getUint16(this.#at + peerAt.age, true);
    this.#infoHash(this.#at + peerAt.infoHash, record);
    const address = this.#at + peerAt.address;
    for (let i = 0; i < addressWords6; i++)
      record.address[i] = i < addressWords ? view.getInt32(address + 4 * i, true) : 0;
    record.port = view.getUint16(address + 4 * addressWords, true);
    this.#at = address + 4 * addressWords + portBytes;
    return true;
  }

  #infoHash(at: number, { infoHash }: WireRecord): void {
    for (let i = 0; i < infoHashWords; i++) infoHash[i] = this.#view.getInt32(at + 4 * i, true);
  }
}
