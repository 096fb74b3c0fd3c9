// Knows how answers are put into HTTP: header fields, lengths, gzip, all at once or piece by piece.
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ByteWriter } from '../../protocol/byte-writer.ts';
import { gzipIfSmaller } from './gzip.ts';

/** Sends a tracker's answer, status 200 whatever it says. Returns whether it went out compressed. */
export function sendAnswer(
  response: ServerResponse,
  writer: ByteWriter,
  gzip: boolean,
  close: boolean,
): boolean {
  const { bytes, length } = writer;
  const compressed = gzip ? gzipIfSmaller(bytes, length) : undefined;
  const fields = answerFields(compressed !== undefined, close);
  fields.push('Content-Length', compressed?.length ?? length);
  response.writeHead(200, fields);
  if (compressed !== undefined) response.end(compressed);
  // As text it leaves in one write together with the head, and the writer's memory is free again.
  else response.end(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1'), 'latin1');
  return compressed !== undefined;
}

/** Sends a tracker's answer whose length is not known beforehand, as fast as the client takes it; `pieces` are gzip's. */
export async function streamAnswer(
  response: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
  gzip: boolean,
  close: boolean,
): Promise<void> {
  response.writeHead(200, answerFields(gzip, close));
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  const source = Readable.from(pieces, { objectMode: false, highWaterMark: 1 });
  if (gzip) await pipeline(source, response);
  else await pipeline(source, createGunzip({ chunkSize: 1 << 16 }), response);
}

function answerFields(gzip: boolean, close: boolean): (string | number)[] {
  const fields: (string | number)[] = ['Content-Type', 'text/plain', 'Vary', 'Accept-Encoding'];
  if (gzip) fields.push('Content-Encoding', 'gzip');
  if (close) fields.push('Connection', 'close');
  return fields;
}

/** Sends a page or an error. */
export function sendText(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  ...fields: string[]
): void {
  const body = Buffer.from(text);
  response.writeHead(status, ['Content-Type', type, 'Content-Length', body.length, ...fields]);
  response.end(body);
}
