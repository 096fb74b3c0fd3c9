/** Knows percent-encoding (RFC 3986) of raw bytes; in a tracker's query a plus sign is a plus sign. */

const PERCENT = 0x25;

/**
 * Decodes `bytes[at .. end)` into `out` from its beginning and returns the number of bytes; -1 when a percent sign is
 * not followed by two hexadecimal digits, or when `out` is too small.
 */
export function decodePercent(bytes: Uint8Array, at: number, end: number, out: Uint8Array): number {
  const room = out.length;
  let length = 0;
  for (let i = at; i < end; i++) {
    let byte = bytes[i];
    if (byte === PERCENT) {
      if (i + 2 >= end) return -1;
      byte = (digits[bytes[i + 1]] << 4) | digits[bytes[i + 2]];
      if (byte < 0) return -1;
      i += 2;
    }
    if (length === room) return -1;
    out[length++] = byte;
  }
  return length;
}

/** The value of a hexadecimal digit by its character, −1 for every other. */
const digits = Int8Array.from({ length: 256 }, (_, character) => {
  const text = String.fromCharCode(character);
  return /[0-9a-fA-F]/.test(text) ? Number.parseInt(text, 16) : -1;
});

const spelled = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._~-]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** `bytes` as query text: letters, digits and `-._~` as they are, everything else as `%XX`. */
export function formatPercent(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += spelled[byte];
  return text;
}
