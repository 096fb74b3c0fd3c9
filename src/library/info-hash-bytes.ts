// How an info_hash and a peer_id that a program gives are read, and how they are given to it.
import { infoHashWords } from '../protocol/info-hash.ts';

/**
 * The 20 bytes of an info_hash as 5 words.
 * @throws TypeError when it is neither 40 hexadecimal digits nor 20 bytes
 */
export function parseInfoHash(infoHash: unknown): Int32Array<ArrayBuffer> {
  if (typeof infoHash === 'string' && /^[0-9a-f]{40}$/i.test(infoHash))
    return wordsOf(Buffer.from(infoHash, 'hex'));
  if (infoHash instanceof Uint8Array && infoHash.length === 20) return wordsOf(infoHash);
  throw new TypeError(`infoHash must be 40 hexadecimal digits or 20 bytes, not ${shown(infoHash)}`);
}

/**
 * Several info_hashes, each as `parseInfoHash` gives it.
 * @throws TypeError when they are not in an array, or one is wrong
 */
export function parseInfoHashes(infoHashes: unknown): Int32Array<ArrayBuffer>[] {
  if (!Array.isArray(infoHashes))
    throw new TypeError(`infoHashes must be an array of info_hashes, not ${shown(infoHashes)}`);
  return infoHashes.map(parseInfoHash);
}

/**
 * The 20 bytes of a peer_id as 5 words.
 * @throws TypeError when it is neither 20 characters of latin1 nor 20 bytes
 */
export function parsePeerId(peerId: unknown): Int32Array<ArrayBuffer> {
  if (typeof peerId === 'string' && /^[\0-\xff]{20}$/.test(peerId))
    return wordsOf(Buffer.from(peerId, 'latin1'));
  if (peerId instanceof Uint8Array && peerId.length === 20) return wordsOf(peerId);
  throw new TypeError(`peerId must be 20 characters or 20 bytes, not ${shown(peerId)}`);
}

/** The 20 bytes whose words begin at `at`, in memory of their own. */
export function bytesOf(words: Int32Array, at: number): Uint8Array {
  return new Uint8Array(words.slice(at, at + infoHashWords).buffer);
}

/** 40 hexadecimal digits. */
export function formatInfoHash(words: Int32Array, at: number): string {
  return Buffer.from(words.buffer, words.byteOffset + at * 4, 20).toString('hex');
}

function wordsOf(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  // A Buffer lies in the memory of others, and its `slice` does too.
  return new Int32Array(new Uint8Array(bytes).buffer);
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} byte${value.length === 1 ? '' : 's'}`;
  return typeof value === 'string' ? `'${value.slice(0, 60)}'` : String(value);
}
