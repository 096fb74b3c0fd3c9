// An HTTP client that sends exactly the bytes it is told to, for requests that no proper client would make.
import { connect, type Socket } from 'node:net';

export interface RawReply {
  status: number;
  /** Names in lower case. */
  fields: Map<string, string>;
  body: Buffer;
}

/** One connection. Every wait is bounded by `deadlineMs`. */
export class RawHttp {
  readonly socket: Socket;
  /** The connection has ended from the other side, or been cut off. */
  closed = false;
  readonly #deadlineMs: number;
  #received = Buffer.alloc(0);
  #wake = () => {};

  private constructor(socket: Socket, deadlineMs: number) {
    this.socket = socket;
    this.#deadlineMs = deadlineMs;
    socket.on('data', (piece) => {
      this.#received = Buffer.concat([this.#received, piece]);
      this.#wake();
    });
    const end = () => {
      this.closed = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  static async open(
    port: number,
    host = '127.0.0.1',
    localAddress?: string,
    deadlineMs = 5000,
  ): Promise<RawHttp> {
    const socket = connect({ port, host, allowHalfOpen: true, ...(localAddress ? { localAddress } : {}) });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawHttp(socket, deadlineMs);
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next reply; undefined when the connection ends without one. `head`: it answers HEAD, so it has no body. */
  async reply(head = false): Promise<RawReply | undefined> {
    if (!(await this.#until(() => this.#received.includes('\r\n\r\n')))) return undefined;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    const [statusLine, ...lines] = this.#received.toString('latin1', 0, headEnd).split('\r\n');
    const fields = new Map(lines.map((line) => splitField(line)));
    this.#received = this.#received.subarray(headEnd + 4);
    const body = head ? Buffer.alloc(0) : await this.#body(fields);
    return { status: Number(statusLine.split(' ')[1]), fields, body };
  }

  /** Waits for the other end to end the connection. */
  async end(): Promise<void> {
    if (!(await this.#until(() => this.closed))) throw new Error('the connection stays open');
  }

  close(): void {
    this.socket.destroy();
  }

  async #body(fields: Map<string, string>): Promise<Buffer> {
    if (fields.get('transfer-encoding') === 'chunked') return this.#chunks();
    const text = fields.get('content-length');
    await this.#until(() => (text === undefined ? this.closed : this.#received.length >= Number(text)));
    return this.#take(text === undefined ? this.#received.length : Number(text));
  }

  async #chunks(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    while (true) {
      if (!(await this.#until(() => this.#received.includes('\r\n')))) throw new Error('cut off in a chunk');
      const lineEnd = this.#received.indexOf('\r\n');
      const size = Number.parseInt(this.#received.toString('latin1', 0, lineEnd), 16);
      this.#take(lineEnd + 2);
      if (!(await this.#until(() => this.#received.length >= size + 2)))
        throw new Error('cut off in a chunk');
      pieces.push(this.#take(size));
      this.#take(2);
      if (size === 0) return Buffer.concat(pieces);
    }
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  /** Whether `done` came true before the connection ended. */
  async #until(done: () => boolean): Promise<boolean> {
    const deadline = AbortSignal.timeout(this.#deadlineMs);
    while (!done()) {
      if (this.closed) return false;
      if (deadline.aborted) throw new Error(`nothing for ${this.#deadlineMs} ms`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return true;
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
