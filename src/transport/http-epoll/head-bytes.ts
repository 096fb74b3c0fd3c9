// The parts of a request's head as bytes: which may stand where, how far a part goes, and what it says (RFC 9112, 2 and 3).

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const STAR = 0x2a;
const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const DEL = 0x7f;

/** What names of fields are made of. */
export const tokenBytes = tableOf(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
);
const authorityBytes = tableOf(
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.!~*'()%;:&=+$,[]@",
);
const schemeEnd = bytesOf('://');

/** Where the target that begins at `at` ends: at the blank behind it. 0 when more has to come, −1 when it is none. */
export function readTarget(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  let at = start;
  if (bytes[at] !== SLASH && bytes[at] !== STAR) {
    at = readAuthority(bytes, at, end);
    if (at <= 0) return at;
  }
  // Printable ASCII without the blank.
  while (at < end && bytes[at] > SPACE && bytes[at] < DEL) at++;
  if (at >= end) return 0;
  return bytes[at] === SPACE || bytes[at] === CR || bytes[at] === LF ? at : -1;
}

/** Behind `scheme://authority` of an absolute target, as a proxy sends it; returns as `readTarget` does. */
function readAuthority(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isLetter(bytes[at])) at++;
  if (at >= end) return 0;
  if (at === start) return -1;
  for (let i = 0; i < schemeEnd.length; i++, at++) {
    if (at >= end) return 0;
    if (bytes[at] !== schemeEnd[i]) return -1;
  }
  const hostAt = at;
  while (at < end && authorityBytes[bytes[at]] === 1) at++;
  if (at >= end) return 0;
  const next = bytes[at];
  if (next !== SLASH && next !== QUESTION_MARK && next !== SPACE && next !== CR && next !== LF) return -1;
  return at === hostAt && next <= SPACE ? -1 : at;
}

/** Behind CR LF at `at`; 0 when more has to come, −1 when something else stands there. */
export function readLineEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  if (bytes[at] !== CR) return -1;
  if (at + 1 >= end) return 0;
  return bytes[at + 1] === LF ? at + 2 : -1;
}

export function isValueByte(byte: number): boolean {
  return byte >= SPACE ? byte !== DEL : byte === TAB;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

export function isMethodByte(byte: number): boolean {
  return isLetter(byte) || byte === 0x2d;
}

/** Whether `name`, in lower case, stands at `at` in any case. */
export function is(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[at + i];
    if (byte !== name[i] && (!isLetter(byte) || (byte | 0x20) !== name[i])) return false;
  }
  return true;
}

export function startsWith(bytes: Uint8Array, at: number, end: number, text: Uint8Array): boolean {
  if (end - at < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** `bytes[at .. end)` as text, a character a byte. */
export function latin1(bytes: Uint8Array, at: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('latin1');
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of bytesOf(characters)) table[byte] = 1;
  return table;
}
