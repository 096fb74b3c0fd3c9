// Knows how a request that is no proper one is answered: with a status of 4xx, and the end of the connection.
import type { Socket } from 'node:net';

/** An error of HTTP itself, as against a tracker's failure. */
export interface HttpError {
  readonly status: number;
  /** What HTTP calls it. */
  readonly phrase: string;
  readonly text: string;
  /** Further header fields: name, value, … */
  readonly fields: readonly string[];
}

export const badRequest = httpError(400, 'Bad Request', 'bad request');
export const unwantedBody = httpError(400, 'Bad Request', 'no body is wanted');
export const unknownPath = httpError(404, 'Not Found', 'not found');
export const wrongMethod = httpError(405, 'Method Not Allowed', 'method not allowed', 'Allow', 'GET, HEAD');
export const tooSlow = httpError(408, 'Request Timeout', 'request took too long');
export const tooOften = httpError(429, 'Too Many Requests', 'too many requests');
export const headTooLarge = httpError(431, 'Request Header Fields Too Large', 'request head too large');

export function httpError(status: number, phrase: string, text: string, ...fields: string[]): HttpError {
  return { status, phrase, text: `${text}\n`, fields };
}

/** What node:http reports of a request that never became one. */
export interface ClientError {
  readonly code?: string;
  /** What was read last, and how far it could be read. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

export function httpErrorOf(error: ClientError): HttpError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return headTooLarge;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return tooSlow;
    case 'HPE_INVALID_METHOD':
    case 'HPE_INVALID_CONSTANT':
      return hasOtherMethod(error) ? wrongMethod : badRequest;
    default:
      return badRequest;
  }
}

/** Whether the line in error is a request line with another method; the parser says the same of what is no HTTP. */
function hasOtherMethod({ rawPacket, bytesParsed = 0 }: ClientError): boolean {
  if (rawPacket === undefined) return false;
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1;
  const line = rawPacket.toString('latin1', start, start + 8192);
  return /^(?!GET |HEAD )[A-Za-z-]{1,32} [^ \r\n]+ HTTP\/1\.[01]\r?\n/.test(line);
}

/**
 * Writes an error straight to the connection and ends it. What the client still sends is read and dropped for a
 * moment, because closing on unread bytes would take the answer away from it.
 */
export function sendHttpError(
  socket: Socket,
  { status, phrase, text, fields }: HttpError,
  lingerMs: number,
): void {
  const head = [
    'Content-Type',
    'text/plain',
    'Content-Length',
    String(text.length),
    'Connection',
    'close',
    ...fields,
  ];
  let message = `HTTP/1.1 ${status} ${phrase}\r\n`;
  for (let i = 0; i < head.length; i += 2) message += `${head[i]}: ${head[i + 1]}\r\n`;
  socket.end(`${message}\r\n${text}`);
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
}
