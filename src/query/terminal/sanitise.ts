// Knows which characters of a hostile text may reach a terminal, a JSON document or a CSV cell, and how to show the rest.

// Controls (C0, DEL, C1); format characters, among them all that change direction or take no room; lone surrogates;
// line and paragraph separators; and what is invisible by default, such as variation selectors and fillers.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** `\x1b`, `\u202e`, `\u{e0001}`: a visible name for what must not be shown itself. */
function visible(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\u{${code.toString(16)}}`;
}

/** The text with every control, invisible and direction-changing character replaced by its visible name. */
export function printable(text: string): string {
  return text.replace(unsafe, visible);
}

/**
 * A JSON text of `value` in which the unsafe characters are `\uXXXX` escapes, so nothing is lost and nothing is raw.
 * `JSON.stringify` alone escapes only C0, the quote, the backslash and lone surrogates.
 */
export function formatJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  // Line feeds that indentation put between tokens are ours; within strings they are already escaped.
  return text.replace(unsafe, (character) => {
    if (character === '\n') return character;
    let escaped = '';
    for (let at = 0; at < character.length; at++) {
      escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

const formulaStart = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** One CSV cell (RFC 4180): never a raw control character, never the start of a spreadsheet formula. */
export function formatCsvCell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = printable(value);
  const safe = formulaStart.test(text) ? `'${text}` : text;
  return /[",]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One CSV row with its CRLF (RFC 4180). */
export function formatCsvRow(cells: readonly (string | number | null | undefined)[]): string {
  return `${cells.map(formatCsvCell).join(',')}\r\n`;
}

/** Text of bytes that a tracker sent: UTF-8 where they are, Latin-1 where they are not; at most `limit` bytes. */
export function decodeText(bytes: Uint8Array, limit = 1000): string {
  const cut = bytes.length > limit;
  const kept = cut ? bytes.subarray(0, limit) : bytes;
  const buffer = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength);
  // A cut may split the last character, which alone is no reason to think that the text is not UTF-8.
  const utf8 = cut ? buffer.toString('utf8').replace(/\ufffd$/, '') : buffer.toString('utf8');
  return (utf8.includes('\ufffd') ? buffer.toString('latin1') : utf8) + (cut ? '…' : '');
}

/** At most `limit` UTF-16 units of `text`, never half a character. */
export function cutText(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit).replace(/[\ud800-\udbff]$/, '')}…`;
}
