// Which network an address belongs to, read from the words of a record: /24 for IPv4, /48 for IPv6.

/** Whether two addresses, each 1 or 4 little-endian words, are in one network. */
export function inOneNetwork(family: 4 | 6, a: Int32Array, aAt: number, b: Int32Array, bAt: number): boolean {
  // The first bytes in network order are the lowest ones of a word.
  if (family === 4) return ((a[aAt] ^ b[bAt]) & 0xffffff) === 0;
  return a[aAt] === b[bAt] && ((a[aAt + 1] ^ b[bAt + 1]) & 0xffff) === 0;
}
