/** Knows the options that may follow a UDP announce (BEP 41): how to walk them, and how to say a URL's path and query. */

const END_OF_OPTIONS = 0;
const NOP = 1;
const URL_DATA = 2;
const maxPieceBytes = 255;

/**
 * Joins the URL data among the options in `bytes[at .. end)` into `out` and returns its length; 0 when there is none.
 * Unknown options are skipped by their length byte. An option that runs past the end stops the walk and does not
 * count, and neither do pieces that `out` has no room for: what is returned is never more than was sent.
 */
export function decodeUrlData(bytes: Uint8Array, at: number, end: number, out: Uint8Array): number {
  let length = 0;
  let cursor = at;
  while (cursor < end) {
    const option = bytes[cursor++];
    if (option === END_OF_OPTIONS) break;
    if (option === NOP) continue;
    if (cursor >= end) break;
    const start = cursor + 1;
    const size = bytes[cursor];
    cursor = start + size;
    if (cursor > end) break;
    if (option !== URL_DATA) continue;
    if (length + size > out.length) break;
    for (let i = 0; i < size; i++) out[length++] = bytes[start + i];
  }
  return length;
}

/** The options that carry `urlData` (a path with its query string) and end the list; nothing for nothing. */
export function encodeUrlData(urlData: Uint8Array): Uint8Array<ArrayBuffer> {
  if (urlData.length === 0) return new Uint8Array(0);
  const pieces = Math.ceil(urlData.length / maxPieceBytes);
  const options = new Uint8Array(urlData.length + pieces * 2 + 1);
  let at = 0;
  for (let start = 0; start < urlData.length; start += maxPieceBytes) {
    const piece = urlData.subarray(start, start + maxPieceBytes);
    options[at++] = URL_DATA;
    options[at++] = piece.length;
    options.set(piece, at);
    at += piece.length;
  }
  // The last byte is END_OF_OPTIONS, which is 0.
  return options;
}
