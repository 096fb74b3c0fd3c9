// Which characters may stand in a line that somebody reads as they are; the rest becomes visible escapes.

// C0, DEL and C1 steer terminals and break lines; bidirectional and zero-width characters make a line read as
// something else than it is; lone surrogates are no text at all.
const unsafe =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Writes each character that is not plain text as `\xNN` or `\uNNNN`, so that the line stays one line. */
export function escapeForLog(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** A value from outside as a message quotes it: in single quotes, escaped, shortened to `most` characters. */
export function quoteForLog(value: string, most = 60): string {
  const shown = value.length > most ? `${value.slice(0, most)}…` : value;
  return `'${escapeForLog(shown)}'`;
}
