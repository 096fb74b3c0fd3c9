// What nodes say to each other looks like this in bytes: a head that every version has, what is said, and a signature.
//
//   head      magic `CRCB` | version | key's name | kind | length of the node's name | incarnation | number
//             | held | sent at | seconds of a tick | how many records | the node's name
//   record    flags | age in ticks (2) | info_hash (20) | address (4 or 16) | port (2): 29 or 41 bytes
//   total     flags | info_hash (20) | downloaded (4): how often a swarm has been downloaded, 25 bytes
//   signature 16 bytes over everything before it
//
// Numbers are little-endian; hashes, addresses and ports as a compact peer has them. In every version magic, version and
// the key's name come first and the signature last, so a message of another version, one that is signed with another
// secret and a damaged one are told from each other. `held` is how many milliseconds a message has waited for the engine,
// `sent at` when it leaves, in milliseconds of the engine's clock (8, a double); both are written then, as the signature.

import { infoHashWords } from '../protocol/info-hash.ts';
import {
  addressWords4,
  addressWords6,
  flag,
  largestRecord,
  peerAt,
  portBytes,
  totalAt,
  type WireRecord,
} from './record-layout.ts';

export const magic = 0x42435243;
/** To be raised when anything changes its meaning but what is JSON. */
export const wireVersion = 2;
export const signatureBytes = 16;

/** `news` hold records, `parked` parts of a state that is fetched by its name, `counts` those of counts-message.ts; notes are JSON. */
export const MessageKind = { news: 1, parked: 2, note: 3, counts: 4 } as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

const head = {
  magic: 0,
  version: 4,
  keyName: 6,
  kind: 10,
  nameLength: 11,
  incarnation: 12,
  number: 20,
  heldMs: 24,
  sentAt: 28,
  secondsPerTick: 36,
  records: 38,
  size: 42,
} as const;

if (head.keyName !== head.version + 2 || head.kind !== head.keyName + 4 || head.size !== head.records + 4)
  throw new RangeError('what every version says first, or the end of the head, is not where it was');
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** Who says something: its name, and a number that is another one each time it starts. */
export interface Sender {
  readonly node: string;
  readonly incarnation: bigint;
}

/** How messages are signed; what the secret is stays behind it. */
export interface Signature {
  /** Tells keys apart, and says nothing about them. */
  readonly keyName: number;
  /** `signatureBytes` of them. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Writes one message after another into one buffer; each is to be copied before the next one begins. */
export class MessageWriter {
  readonly #sender: Sender;
  readonly #name: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  records = 0;

  /** @param room bytes that what is said may have */
  constructor(sender: Sender, room: number) {
    this.#sender = sender;
    this.#name = utf8.encode(sender.node);
    if (this.#name.length > 255) throw new RangeError(`the node's name ${sender.node} is too long`);
    this.#bytes = new Uint8Array(head.size + this.#name.length + room + signatureBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  begin(kind: MessageKind, number: number, secondsPerTick: number): void {
    const view = this.#view;
    view.setUint32(head.magic, magic, true);
    view.setUint16(head.version, wireVersion, true);
    view.setUint8(head.kind, kind);
    view.setUint8(head.nameLength, this.#name.length);
    view.setBigUint64(head.incarnation, this.#sender.incarnation, true);
    view.setUint32(head.number, number, true);
    view.setUint32(head.heldMs, 0, true);
    view.setFloat64(head.sentAt, 0, true);
    view.setUint16(head.secondsPerTick, secondsPerTick, true);
    this.#bytes.set(this.#name, head.size);
    this.#at = head.size + this.#name.length;
    this.records = 0;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#at;
  }

  /** Whether one more record of any kind fits. */
  get hasRoom(): boolean {
    return this.#at + largestRecord + signatureBytes <= this.#bytes.length;
  }

  peer(record: Readonly<WireRecord>): void {
    const view = this.#view;
    let at = this.#at;
    let flags = record.family === 6 ? flag.ipv6 : 0;
    if (record.seeder) flags |= flag.seeder;
    if (record.partial) flags |= flag.partial;
    if (record.counted) flags |= flag.counted;
    if (record.completed) flags |= flag.completed;
    if (record.gone) flags |= flag.gone;
    if (record.stays) flags |= flag.stays;
    view.setUint8(at + peerAt.flags, flags);
    view.setUint16(at + peerAt.age, Math.min(record.age, 0xffff), true);
    this.#infoHash(at + peerAt.infoHash, record.infoHash);
    at += peerAt.address;
    const addressWords = record.family === 4 ? addressWords4 : addressWords6;
    for (let i = 0; i < addressWords; i++, at += 4) view.setInt32(at, record.address[i], true);
    view.setUint16(at, record.port, true);
    this.#at = at + portBytes;
    this.records++;
  }

  total(infoHash: Int32Array, downloaded: number): void {
    const view = this.#view;
    view.setUint8(this.#at + totalAt.flags, flag.total);
    this.#infoHash(this.#at + totalAt.infoHash, infoHash);
    view.setUint32(this.#at + totalAt.downloaded, downloaded, true);
    this.#at += totalAt.size;
    this.records++;
  }

  #infoHash(at: number, words: Int32Array): void {
    for (let i = 0; i < infoHashWords; i++) this.#view.setInt32(at + 4 * i, words[i], true);
  }

  /** @throws RangeError when it is longer than there is room for */
  text(text: string): void {
    this.raw(utf8.encode(text));
  }

  /** As `text`. */
  raw(bytes: Uint8Array): void {
    if (this.#at + bytes.length + signatureBytes > this.#bytes.length)
      throw new RangeError('a message is too long');
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The message, to be sealed before it is sent. */
  end(): Uint8Array {
    this.#view.setUint32(head.records, this.records, true);
    return this.#bytes.slice(0, this.#at + signatureBytes);
  }
}

/** Writes down how long a message has waited and when it leaves, and signs it; again where it is sent again. */
export function sealMessage(message: Uint8Array, heldMs: number, signature: Signature, sentAt = 0): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  view.setUint32(head.keyName, signature.keyName, true);
  view.setUint32(head.heldMs, Math.max(0, Math.min(heldMs, 0xffffffff)), true);
  view.setFloat64(head.sentAt, sentAt, true);
  const end = message.length - signatureBytes;
  message.set(signature.sign(message.subarray(0, end)), end);
}

/** What a message says before its records or text. */
export interface Message extends Sender {
  readonly kind: number;
  readonly number: number;
  readonly heldMs: number;
  /** Milliseconds of the engine's clock; 0 of one that is fetched by its name. */
  readonly sentAt: number;
  readonly secondsPerTick: number;
  readonly records: number;
  readonly body: Uint8Array;
}

/** Why a message cannot be read: cut or changed, signed with another secret, or of another version. */
export type MessageFault = 'damaged' | 'otherSecret' | 'otherVersion';

export function openMessage(message: Uint8Array, signature: Signature): Message | MessageFault {
  if (message.length < head.kind + signatureBytes) return 'damaged';
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(head.magic, true) !== magic) return 'damaged';
  if (view.getUint32(head.keyName, true) !== signature.keyName) return 'otherSecret';
  const end = message.length - signatureBytes;
  if (!isEqual(message.subarray(end), signature.sign(message.subarray(0, end)))) return 'damaged';
  if (view.getUint16(head.version, true) !== wireVersion) return 'otherVersion';
  const bodyAt = head.size + (message.length > head.size ? view.getUint8(head.nameLength) : 0);
  if (bodyAt > end) return 'damaged';
  return {
    node: fromUtf8.decode(message.subarray(head.size, bodyAt)),
    incarnation: view.getBigUint64(head.incarnation, true),
    kind: view.getUint8(head.kind),
    number: view.getUint32(head.number, true),
    heldMs: view.getUint32(head.heldMs, true),
    sentAt: view.getFloat64(head.sentAt, true),
    secondsPerTick: Math.max(1, view.getUint16(head.secondsPerTick, true)),
    records: view.getUint32(head.records, true),
    body: message.subarray(bodyAt, end),
  };
}

export function readText({ body }: Message): string {
  return fromUtf8.decode(body);
}

/** All bytes are looked at, so that the time it takes tells nothing. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let differing = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) differing |= a[i] ^ b[i];
  return differing === 0;
}
