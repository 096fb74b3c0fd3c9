// Knows how answers are put into HTTP: header fields, lengths, gzip, and errors below the level of requests.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ByteWriter } from '../protocol/byte-writer.ts';
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

/** Sends a tracker's answer whose length is not known beforehand, as fast as the client takes it. */
export async function streamAnswer(
  response: ServerResponse,
  pieces: Iterable<Uint8Array>,
  gzip: boolean,
  close: boolean,
): Promise<void> {
  response.writeHead(200, answerFields(gzip, close));
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const source = Readable.from(pieces, { objectMode: false, highWaterMark: 1 });
  if (gzip) await pipeline(source, createGzip(), response);
  else await pipeline(source, response);
}

function answerFields(gzip: boolean, close: boolean): (string | number)[] {
  const fields: (string | number)[] = ['Content-Type', 'text/plain', 'Vary', 'Accept-Encoding'];
  if (gzip) fields.push('Content-Encoding', 'gzip');
  if (close) fields.push('Connection', 'close');
  return fields;
}

/** Sends a page or a refusal. */
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

/** What node:http reports of a request that never became one. */
export interface RequestFault {
  readonly code?: string;
  /** What was read last. */
  readonly rawPacket?: Buffer;
}

/** A refusal below the level of requests. */
export interface Refusal {
  readonly status: string;
  readonly text: string;
  /** Further header fields, each with its line end. */
  readonly fields?: string;
}

export const methodRefusal: Refusal = {
  status: '405 Method Not Allowed',
  text: 'method not allowed\n',
  fields: 'Allow: GET, HEAD\r\n',
};

export const timeoutRefusal: Refusal = { status: '408 Request Timeout', text: 'request took too long\n' };

export function refusalOf(fault: RequestFault): Refusal {
  switch (fault.code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: '431 Request Header Fields Too Large', text: 'request head too large\n' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return timeoutRefusal;
    case 'HPE_INVALID_METHOD':
      // The parser says the same of what is no HTTP at all, such as a TLS hello.
      if (/^[A-Za-z-]+ /.test(fault.rawPacket?.toString('latin1', 0, 32) ?? '')) return methodRefusal;
      break;
  }
  return { status: '400 Bad Request', text: 'bad request\n' };
}

/**
 * Writes a refusal straight to the connection and ends it. What the client still sends is read and dropped for a
 * moment, because closing on unread bytes would take the refusal away from it.
 */
export function sendRefusal(socket: Socket, refusal: Refusal, lingerMs: number): void {
  const { status, text, fields = '' } = refusal;
  socket.end(
    `HTTP/1.1 ${status}\r\n${fields}Content-Type: text/plain\r\nContent-Length: ${text.length}\r\n` +
      `Connection: close\r\n\r\n${text}`,
  );
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
}
