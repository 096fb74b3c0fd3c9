/** Knows how raw bytes are spelled as text and back, one character (0 to 255) per byte; JavaScript's own `latin1` is windows-1252. */

// Few enough to be passed as arguments; joining single characters would cost a long string 32 bytes for each.
const pieceBytes = 1024;

/** `bytes[at .. end)` as text. */
export function formatLatin1(bytes: Uint8Array, at = 0, end = bytes.length): string {
  let text = '';
  for (let i = at; i < end; i += pieceBytes) {
    text += String.fromCharCode(...bytes.subarray(i, Math.min(i + pieceBytes, end)));
  }
  return text;
}

/** The bytes that `text` spells; characters over 255 lose their upper bits. */
export function parseLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
