// Knows how many terminal columns a text takes, and how to cut or pad it to a number of them.
import { eastAsianWidth } from 'get-east-asian-width';

const combining = /\p{Mn}|\p{Me}/u;

/** Columns that `text` takes; it must be printable already. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (character.length === 1 && character < '\u0300') width++;
    else if (!combining.test(character)) width += eastAsianWidth(character.codePointAt(0)!);
  }
  return width;
}

/** At most `columns` columns of `text`, ended by `…` where something is left out. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

export function padToWidth(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

/** Lines of at most `columns` columns, broken between words; a longer word stands alone. */
export function wrapToWidth(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
