/** Knows IP addresses as text, as 4 or 16 bytes, and as the words an announce carries; it reads only exact literals. */

const DOT = 0x2e;
const COLON = 0x3a;

/** An address is 4 or 16 bytes in network order; its length is its family. */
export type IpBytes = Uint8Array;

/**
 * The bytes of an IPv4 or IPv6 literal, or undefined. IPv4 is four decimal numbers without leading zeros; IPv6 is RFC
 * 4291's text form, also with an IPv4 tail, without a zone. `::ffff:a.b.c.d` stays 16 bytes: see `unmapIp`.
 */
export function parseIp(text: string): IpBytes | undefined {
  // No literal is longer; longer text is not worth looking at.
  if (text.length > 45) return undefined;
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text, 0);
}

function parseIpv4(text: string, start: number): IpBytes | undefined {
  const bytes = new Uint8Array(4);
  let at = start;
  for (let i = 0; i < 4; i++) {
    const first = at;
    let number = 0;
    for (; at < text.length && at - first < 3; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
    }
    const digits = at - first;
    if (digits === 0 || number > 255) return undefined;
    if (digits > 1 && text.charCodeAt(first) === 48) return undefined;
    bytes[i] = number;
    if (i < 3 && text.charCodeAt(at++) !== DOT) return undefined;
  }
  return at === text.length ? bytes : undefined;
}

function parseIpv6(text: string): IpBytes | undefined {
  const bytes = new Uint8Array(16);
  let filled = 0;
  let gapAt = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gapAt = 0;
    at = 2;
  }
  while (at < text.length) {
    if (filled === 16) return undefined;
    const end = endOfHex(text, at);
    if (text.charCodeAt(end) === DOT) {
      const tail = filled <= 12 ? parseIpv4(text, at) : undefined;
      if (tail === undefined) return undefined;
      bytes.set(tail, filled);
      filled += 4;
      break;
    }
    if (end === at || end - at > 4) return undefined;
    const group = Number.parseInt(text.slice(at, end), 16);
    bytes[filled++] = group >> 8;
    bytes[filled++] = group & 0xff;
    at = end;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== COLON || at === text.length) return undefined;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gapAt >= 0) return undefined;
    gapAt = filled;
    at++;
  }
  if (gapAt < 0) return filled === 16 ? bytes : undefined;
  if (filled === 16) return undefined;
  bytes.copyWithin(16 - (filled - gapAt), gapAt, filled);
  bytes.fill(0, gapAt, 16 - (filled - gapAt));
  return bytes;
}

function endOfHex(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const lower = code | 0x20;
    if (!((code >= 48 && code <= 57) || (lower >= 0x61 && lower <= 0x66))) break;
  }
  return at;
}

/** The text of the 4 or 16 bytes at `at`; IPv6 as RFC 5952 wants it, `::ffff:a.b.c.d` included. */
export function formatIp(bytes: Uint8Array, at = 0, length: number = bytes.length - at): string {
  if (length === 4) return formatIpv4(bytes, at);
  if (isMapped(bytes, at)) return `::ffff:${formatIpv4(bytes, at + 12)}`;
  const [gapStart, gapEnd] = longestZeroRun(bytes, at);
  let text = '';
  for (let i = 0; i < 8; i++) {
    if (i === gapStart) {
      text += '::';
      i = gapEnd - 1;
      continue;
    }
    if (i > 0 && i !== gapEnd) text += ':';
    text += ((bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]).toString(16);
  }
  return text;
}

/** `address:port`, with brackets around IPv6. */
export function formatEndpoint(bytes: Uint8Array, port: number): string {
  const text = formatIp(bytes);
  return bytes.length === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}

function formatIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** The first of the longest runs of two or more zero groups, as [first, after]; [8, 8] when there is none. */
function longestZeroRun(bytes: Uint8Array, at: number): [number, number] {
  let best: [number, number] = [8, 8];
  let start = -1;
  for (let i = 0; i <= 8; i++) {
    const zero = i < 8 && bytes[at + 2 * i] === 0 && bytes[at + 2 * i + 1] === 0;
    if (zero && start < 0) start = i;
    if (zero || start < 0) continue;
    if (i - start > Math.max(1, best[1] - best[0])) best = [start, i];
    start = -1;
  }
  return best;
}

/** Whether the 16 bytes at `at` are an IPv4 address in IPv6 clothes, `::ffff:a.b.c.d`. */
export function isMapped(bytes: Uint8Array, at = 0): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

/** The 4 bytes within `::ffff:a.b.c.d`; any other address as it is. */
export function unmapIp(bytes: IpBytes): IpBytes {
  return bytes.length === 16 && isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** Writes the address as little-endian words, 1 or 4 of them, from `at` on; returns its family. */
export function encodeIpWords(bytes: IpBytes, words: Int32Array, at = 0): 4 | 6 {
  for (let i = 0; i < bytes.length; i += 4) {
    words[at + i / 4] = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
  }
  return bytes.length === 4 ? 4 : 6;
}

/** The bytes of the address whose words lie at `at`. */
export function decodeIpWords(words: Int32Array, at: number, family: 4 | 6): IpBytes {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[at + (i >> 2)] >>> ((i & 3) * 8);
  return bytes;
}

/** Whether this stands for all addresses of its family. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
