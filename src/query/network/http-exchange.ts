// Knows one HTTP exchange over a connection that is already open: the request, and a reply of bounded size.

import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { formatCount } from '../../cli/format-count.ts';
import type { Deadline } from './deadline.ts';
import { reasonOf } from './tcp-connect.ts';
import { TrackerError } from './tracker-error.ts';

const maxReplyBytes = 4 << 20;
// Every answer of a tracker is a bencoded dictionary.
const dictionaryBegins = 0x64;

export interface HttpReply {
  status: number;
  headers: IncomingHttpHeaders;
  /** Decompressed. */
  body: Uint8Array;
  /** Bytes as they came. */
  sentBytes: number;
  /** From the request to the head of the reply. */
  firstByteMs: number;
}

export interface HttpQuestion {
  host: string;
  target: string;
  userAgent: string;
}

/** Sends a GET and reads the whole reply. The socket is closed afterwards. Throws a TrackerError. */
export async function exchangeHttp(
  socket: Socket,
  question: HttpQuestion,
  deadline: Deadline,
): Promise<HttpReply> {
  const startedMs = performance.now();
  try {
    const seen = 'the connection stands and the request is sent, but nothing comes back';
    const incoming = await deadline.race(sendGet(socket, question), () => socket.destroy(), {
      trouble: 'answer-silent',
      seen,
    });
    const firstByteMs = performance.now() - startedMs;
    const raw = await deadline.race(readBody(incoming), () => socket.destroy(), {
      trouble: 'answer-silent',
      seen: 'the answer begins, but does not end',
    });
    const body = await deadline.race(decompress(raw, incoming.headers['content-encoding']));
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body,
      sentBytes: raw.length,
      firstByteMs,
    };
  } finally {
    socket.destroy();
  }
}

function sendGet(socket: Socket, question: HttpQuestion): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      method: 'GET',
      path: question.target,
      // As forgiving as libtorrent and aria2, which take lines that end in a bare LF; no second request can follow.
      insecureHTTPParser: true,
      setHost: false,
      headers: {
        Host: question.host,
        'User-Agent': question.userAgent,
        'Accept-Encoding': 'gzip',
        Connection: 'close',
      },
    });
    sent.once('response', resolve);
    // Kept for ever: the parser may complain again after the reply has begun.
    sent.on('error', (error) => reject(exchangeError(error)));
    sent.once('close', () => reject(closed()));
    sent.end();
  });
}

function closed(cause?: Error): TrackerError {
  return new TrackerError('the connection was closed without an answer', { trouble: 'closed', cause });
}

function exchangeError(error: NodeJS.ErrnoException): TrackerError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new TrackerError('the head of the reply is larger than 16 KiB', { cause: error });
  }
  if (error.code?.startsWith('HPE_')) {
    const message = `not an HTTP reply (${error.message.replace(/^Parse Error: /, '')})`;
    return new TrackerError(message, { trouble: 'not-http', cause: error });
  }
  if (error.message === 'socket hang up') return closed(error);
  const trouble = error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'closed' : undefined;
  return new TrackerError(reasonOf(error), { trouble, cause: error });
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of incoming) {
      size += (piece as Buffer).length;
      if (size > maxReplyBytes) throw new TrackerError(`the reply is larger than ${maxReplyBytes >> 20} MiB`);
      pieces.push(piece as Buffer);
    }
  } catch (error) {
    if (error instanceof TrackerError) throw error;
    throw new TrackerError(`the reply ended early, after ${formatCount(size, 'byte')}`, { cause: error });
  }
  return Buffer.concat(pieces);
}

async function decompress(raw: Buffer, encoding: string | undefined): Promise<Uint8Array> {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return raw;
  if (name !== 'gzip' && name !== 'x-gzip') {
    // `none`, `utf-8`: libtorrent and aria2 look only for what they can undo, and take the rest as it is.
    if (raw[0] === dictionaryBegins) return raw;
    throw new TrackerError(`the reply is encoded as '${name}', not gzip`);
  }
  try {
    return await promisify(gunzip)(raw, { maxOutputLength: maxReplyBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new TrackerError(`the reply inflates to more than ${maxReplyBytes >> 20} MiB`, { cause: error });
    }
    throw new TrackerError('the reply says gzip but is not', { cause: error });
  }
}
