// Files as other systems leave them: UTF-8 with a byte order mark or without, and UTF-16, which PowerShell's redirection writes.
import { readFileSync } from 'node:fs';
import { UsageError } from '../cli/usage-error.ts';

/**
 * The text of a file without its byte order mark.
 * @throws UsageError for what holds no text, and Node's error where it cannot be read
 */
export function readText(path: string): string {
  const bytes = readFileSync(path);
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  if (text.includes('\0')) throw new UsageError(`${path} is no text`);
  return text;
}

function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}
