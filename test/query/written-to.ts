// What a program wrote to a stream, whole: newer Node lines hand it out piece by piece.
import type { PassThrough } from 'node:stream';

export function writtenTo(stream: PassThrough): string {
  let text = '';
  for (let piece = stream.read(); piece !== null; piece = stream.read()) text += piece;
  return text;
}
