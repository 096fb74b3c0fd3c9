// A WebSocket client of its own for tests: opens with any fields, says and hears JSON, over TCP or TLS.
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeMaskedWebSocketFrame, WebSocketOpcode } from '../../../src/protocol/websocket-frames.ts';
import { faultOfUpgradeAnswer, upgradeFields } from '../../../src/protocol/websocket-handshake.ts';
import { type PartialMessage, WebSocketReader } from '../../../src/protocol/websocket-reader.ts';
import type { Received } from './signalling.ts';

export interface WsOptions {
  port: number;
  host?: string;
  path?: string;
  localAddress?: string;
  /** Fields besides those that a WebSocket needs: name, value. */
  fields?: readonly (readonly [string, string])[];
  /** A request over the same connection before, whose answer is waited for. */
  first?: string;
  /** Over TLS, with this root. */
  ca?: string | Buffer;
}

/** Refused, with what was answered. */
export class NotOpened extends Error {
  readonly status: number;

  constructor(head: string) {
    super(head);
    this.status = Number(head.split(' ')[1]);
  }
}

export class WsClient {
  readonly socket: Socket;
  /** JSON messages, control frames by name, and 'end' for the connection's. */
  readonly #heard: Received[] = [];
  #wake = () => {};
  readonly #reader = new WebSocketReader('server', 1 << 26);
  #partial: PartialMessage | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    const end = () => this.#hear('end');
    socket.on('close', end).on('error', () => {});
  }

  static async open({
    port,
    host = '127.0.0.1',
    path = '/',
    fields = [],
    ca,
    localAddress,
    first,
  }: WsOptions): Promise<WsClient> {
    const to = { port, host, ...(localAddress !== undefined && { localAddress }) };
    const socket = ca === undefined ? connect(to) : connectTls({ ...to, ca, servername: 'localhost' });
    await new Promise((resolve, reject) =>
      socket.once(ca === undefined ? 'connect' : 'secureConnect', resolve).once('error', reject),
    );
    if (first !== undefined) await askFirst(socket, first);
    const key = randomBytes(16).toString('base64');
    const lines = [['Host', `localhost:${port}`], ...upgradeFields(key), ...fields];
    socket.write(
      `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    let received = Buffer.alloc(0);
    while (!received.includes('\r\n\r\n')) {
      const chunk = await new Promise<Buffer | undefined>((resolve) => {
        socket.once('data', resolve).once('close', () => resolve(undefined));
      });
      if (chunk === undefined) throw new NotOpened(`ended ${received.toString('latin1')}`);
      received = Buffer.concat([received, chunk]);
    }
    const end = received.indexOf('\r\n\r\n');
    const head = received.toString('latin1', 0, end);
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
    const fault = head.startsWith('HTTP/1.1 101 ')
      ? faultOfUpgradeAnswer(
          {
            upgrade: field('Upgrade'),
            connection: field('Connection'),
            accept: field('Sec-WebSocket-Accept'),
            extensions: field('Sec-WebSocket-Extensions'),
            protocol: field('Sec-WebSocket-Protocol'),
          },
          key,
          (text) => createHash('sha1').update(text, 'latin1').digest('base64'),
        )
      : head;
    if (fault !== undefined) {
      socket.destroy();
      throw new NotOpened(fault);
    }
    socket.removeAllListeners('data');
    const client = new WsClient(socket);
    if (received.length > end + 4) client.#receive(received.subarray(end + 4));
    return client;
  }

  say(message: object | string, opcode: WebSocketOpcode = WebSocketOpcode.text): this {
    const payload = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    const frame = new Uint8Array(payload.length + 14);
    this.socket.write(frame.subarray(0, encodeMaskedWebSocketFrame(frame, 0, opcode, 0x7a3b5c1d, payload)));
    return this;
  }

  /** The next that is heard; throws after five seconds. Pings are answered and not told. */
  async hear(deadlineMs = 10_000): Promise<Received> {
    const end = performance.now() + deadlineMs;
    while (this.#heard.length === 0) {
      const left = end - performance.now();
      if (left <= 0) throw new Error('nothing was heard');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#heard.shift();
  }

  /** Whether something has come that was not heard yet. */
  get hasHeard(): boolean {
    return this.#heard.length > 0;
  }

  end(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#partial = this.#reader.read(this.#partial, chunk, 0, chunk.length, {
      message: (bytes, at, end) => {
        this.#hear(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at, end))));
        return true;
      },
      ping: (bytes, at, end) => {
        this.say(Buffer.from(bytes.subarray(at, end)).toString(), WebSocketOpcode.pong);
        return true;
      },
      pong: () => {
        this.#hear('pong');
        return true;
      },
      close: (code) => this.#hear(`close ${code}`),
      broken: (code, reason) => this.#hear(`broken ${code} ${reason}`),
    });
  }

  #hear(what: Received): void {
    this.#heard.push(what);
    this.#wake();
  }
}

async function askFirst(socket: Socket, request: string): Promise<void> {
  let received = '';
  const whole = new Promise<void>((resolve) => {
    const hear = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const length = /content-length: (\d+)/i.exec(received);
      if (length === null || received.length < received.indexOf('\r\n\r\n') + 4 + Number(length[1])) return;
      socket.off('data', hear);
      resolve();
    };
    socket.on('data', hear);
  });
  socket.write(request);
  await whole;
}
