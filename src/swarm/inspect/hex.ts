// How words of shared memory are written for a reader: the bytes in their order, as hexadecimal digits.

/** `count` words from `at` on; an info_hash or a peer_id by default. */
export function hexOf(words: Int32Array, at: number, count = 5): string {
  let text = '';
  for (let i = 0; i < count * 4; i++) {
    const byte = (words[at + (i >>> 2)] >>> ((i & 3) * 8)) & 0xff;
    text += byte.toString(16).padStart(2, '0');
  }
  return text;
}
