// Knows how to open a WebSocket to a tracker, send texts and wait for messages; pings are answered by the way.
import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  CloseCode,
  encodeClosePayload,
  encodeMaskedWebSocketFrame,
  longestClientHead,
  WebSocketOpcode,
} from '../../protocol/websocket-frames.ts';
import { faultOfUpgradeAnswer, upgradeFields } from '../../protocol/websocket-handshake.ts';
import { type PartialMessage, WebSocketReader, type WebSocketSink } from '../../protocol/websocket-reader.ts';
import type { Deadline } from './deadline.ts';
import type { HttpOptions } from './http-client.ts';
import { bothFamilies, resolveName } from './name-lookup.ts';
import { connectFirst, reasonOf, startTls } from './tcp-connect.ts';
import { TrackerError } from './tracker-error.ts';
import { hostHeader, type TrackerUrl, targetWith } from './tracker-url.ts';
import { readUpgradeReply, type UpgradeReply } from './upgrade-reply.ts';

/** libtorrent takes 128 KiB; the reply to a full scrape may be longer. */
const maxMessage = 1 << 20;
/** Messages that wait to be asked for; a tracker that sends more than this loses the later ones. */
const maxWaiting = 1000;
const maxWaitingBytes = 8 << 20;

export interface WebSocketTimings {
  resolveMs: number;
  connectMs: number;
  tlsMs: number | null;
  /** From the request to the 101. */
  upgradeMs: number;
}

/** What the two sides of a handshake derive from its key. */
export function sha1Base64(text: string): string {
  return createHash('sha1').update(text, 'latin1').digest('base64');
}

/** Opens `url` (ws or wss). Throws a TrackerError that says how far it came. */
export async function openWebSocket(
  url: TrackerUrl,
  options: HttpOptions,
  deadline: Deadline,
): Promise<WebSocketClient> {
  const families = options.families ?? bothFamilies;
  const resolvingMs = performance.now();
  const addresses = options.pinned ? [options.pinned] : await resolveName(url.host, families, deadline);
  const resolveMs = performance.now() - resolvingMs;
  const connected = await connectFirst(addresses, url.port, deadline);
  let socket: Socket = connected.socket;
  try {
    const localAddress = socket.localAddress ?? '';
    let tlsMs: number | null = null;
    if (url.scheme === 'wss') {
      const startedMs = performance.now();
      const tls = { host: url.host, insecure: options.insecure ?? false };
      const secured: TLSSocket = await startTls(socket, tls, deadline);
      socket = secured;
      tlsMs = performance.now() - startedMs;
      options.onTls?.(secured);
    }
    const startedMs = performance.now();
    const reply = await upgrade(socket, url, options.userAgent, deadline);
    const timings = { resolveMs, connectMs: connected.ms, tlsMs, upgradeMs: performance.now() - startedMs };
    return new WebSocketClient(socket, reply.rest, connected.address, localAddress, timings);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function upgrade(
  socket: Socket,
  url: TrackerUrl,
  userAgent: string,
  deadline: Deadline,
): Promise<UpgradeReply> {
  const key = randomBytes(16).toString('base64');
  const fields = [['Host', hostHeader(url)], ['User-Agent', userAgent], ...upgradeFields(key)];
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.write(`GET ${targetWith(url, '')} HTTP/1.1\r\n${head}\r\n`, 'latin1');
  const reply = await deadline.race(readUpgradeReply(socket), () => socket.destroy(), {
    trouble: 'answer-silent',
    seen: 'the connection stands and an upgrade to WebSocket is asked for, but nothing comes back',
  });
  if (reply.status !== 101) throw refusedUpgrade(reply);
  const fault = faultOfUpgradeAnswer(reply, key, sha1Base64);
  if (fault === undefined) return reply;
  throw new TrackerError(`the answer to the upgrade is wrong: ${fault}`, { trouble: 'bad-upgrade' });
}

function refusedUpgrade({ status, location }: UpgradeReply): TrackerError {
  if (status >= 300 && status < 400 && location !== undefined) {
    const to = location.replace(/\?.*/s, '').slice(0, 200);
    return new TrackerError(`redirected (${status}) to ${to}: no WebSocket client follows that`, {
      trouble: 'no-upgrade',
    });
  }
  return new TrackerError(`HTTP status ${status} instead of an upgrade to WebSocket`, {
    trouble: 'no-upgrade',
  });
}

/** An open connection. */
export class WebSocketClient {
  readonly address: string;
  /** Ours. */
  readonly localAddress: string;
  readonly timings: WebSocketTimings;
  readonly #socket: Socket;
  readonly #reader = new WebSocketReader('server', maxMessage);
  #partial: PartialMessage | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #pongs = 0;
  /** Set when no more will come, and why. */
  #ended: TrackerError | undefined;
  #wake: () => void = () => {};

  /** @param rest what came behind the head of the 101 */
  constructor(
    socket: Socket,
    rest: Buffer,
    address: string,
    localAddress: string,
    timings: WebSocketTimings,
  ) {
    this.#socket = socket;
    this.address = address;
    this.localAddress = localAddress;
    this.timings = timings;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', (error) =>
      this.#end(new TrackerError(reasonOf(error), { trouble: 'closed', cause: error })),
    );
    socket.on('close', () => this.#end(closed('')));
    if (rest.length > 0) this.#read(rest);
    socket.resume();
  }

  /** Whether nothing can be sent or received any more. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  send(text: string): void {
    this.#write(WebSocketOpcode.text, Buffer.from(text));
  }

  /** The next message as text, in the order they came. */
  async receive(deadline: Deadline): Promise<string> {
    for (;;) {
      const text = this.#waiting.shift();
      if (text !== undefined) {
        this.#waitingBytes -= text.length;
        return text;
      }
      if (this.#ended) throw this.#ended;
      await this.#news(deadline);
    }
  }

  /** Resolves when the other end has answered a ping. */
  async ping(deadline: Deadline): Promise<void> {
    const before = this.#pongs;
    this.#write(WebSocketOpcode.ping, randomBytes(8));
    while (this.#pongs === before) {
      if (this.#ended) throw this.#ended;
      await this.#news(deadline);
    }
  }

  /** Says that it ends, and ends it. */
  close(): void {
    if (this.#ended === undefined) {
      const payload = new Uint8Array(2);
      encodeClosePayload(payload, 0, CloseCode.normal);
      this.#write(WebSocketOpcode.close, payload);
      this.#end(closed(''));
    }
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async #news(deadline: Deadline): Promise<void> {
    const news = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await deadline.race(news, undefined, {
      trouble: 'answer-silent',
      seen: 'the WebSocket stands and the question is sent, but no answer comes',
    });
  }

  readonly #sink: WebSocketSink = {
    message: (bytes, at, end) => {
      if (this.#waiting.length < maxWaiting && this.#waitingBytes < maxWaitingBytes) {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString('utf8');
        this.#waiting.push(text);
        this.#waitingBytes += text.length;
      }
      return true;
    },
    ping: (bytes, at, end) => {
      this.#write(WebSocketOpcode.pong, bytes.slice(at, end));
      return true;
    },
    pong: () => {
      this.#pongs++;
      return true;
    },
    close: (code, bytes, reasonAt, reasonEnd) => {
      const reason = Buffer.from(bytes.subarray(reasonAt, reasonEnd)).toString('utf8').slice(0, 123);
      const said =
        code === CloseCode.noStatus ? '' : ` with code ${code}${reason === '' ? '' : ` ('${reason}')`}`;
      this.#end(closed(said));
      this.#socket.end();
    },
    broken: (code, reason) => {
      this.#end(
        new TrackerError(`what comes is no WebSocket: ${reason} (${code})`, { trouble: 'bad-upgrade' }),
      );
      this.#socket.destroy();
    },
  };

  #read(bytes: Buffer): void {
    if (this.#ended) return;
    this.#partial = this.#reader.read(this.#partial, bytes, 0, bytes.length, this.#sink);
    this.#wake();
  }

  #write(opcode: WebSocketOpcode, payload: Uint8Array): void {
    if (this.#ended) throw this.#ended;
    const frame = Buffer.allocUnsafe(longestClientHead + payload.length);
    const end = encodeMaskedWebSocketFrame(frame, 0, opcode, randomInt(2 ** 32), payload);
    this.#socket.write(frame.subarray(0, end));
  }

  #end(error: TrackerError): void {
    this.#ended ??= error;
    this.#wake();
  }
}

function closed(how: string): TrackerError {
  return new TrackerError(`the tracker closed the WebSocket${how}`, { trouble: 'closed' });
}
