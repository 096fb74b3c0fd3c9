// A debugger for tests: Node's inspector over its WebSocket, and the sessions of worker threads within it.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: the protocol's own objects, as they come
type Message = Record<string, any>;

/** One session: what is asked is answered by number, and events come by their name. */
export class Session {
  readonly #send: (message: string) => void;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #events = new Map<string, Message[]>();
  readonly #waiting = new Map<string, (params: Message) => void>();
  #number = 0;

  constructor(send: (message: string) => void) {
    this.#send = send;
  }

  /** Resolves to the result; rejects with the debugger's error. */
  async ask(method: string, params: Message = {}): Promise<Message> {
    const id = ++this.#number;
    const answered = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** The next event of that name, or one that nobody has taken. */
  event(name: string): Promise<Message> {
    const kept = this.#events.get(name)?.shift();
    if (kept !== undefined) return Promise.resolve(kept);
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  take(text: string): void {
    const { id, method, params, ...rest } = JSON.parse(text) as Message;
    if (id !== undefined) {
      this.#answers.get(id)?.(rest);
      return;
    }
    const waiting = this.#waiting.get(method);
    if (waiting) {
      this.#waiting.delete(method);
      waiting(params);
    } else this.#events.set(method, [...(this.#events.get(method) ?? []), params]);
  }
}

/** Connects to what `Debugger listening on …` names. */
export async function openDebugger(url: string): Promise<{ main: Session; close: () => void }> {
  const { hostname, port, pathname } = new URL(url);
  const headers = {
    ...{ Connection: 'Upgrade', Upgrade: 'websocket' },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') },
  };
  const asked = request({ host: hostname, port, path: pathname, headers }).end();
  const [, socket, head] = (await once(asked, 'upgrade')) as [unknown, Socket, Buffer];
  const main = new Session((message) => socket.write(frameOf(Buffer.from(message))));
  let received = head;
  const read = () => {
    for (let frame = readFrame(received); frame; frame = readFrame(received)) {
      received = received.subarray(frame.end);
      main.take(frame.text);
    }
  };
  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    read();
  });
  read();
  return { main, close: () => socket.destroy() };
}

/** The session of the first worker thread that the debugger names. */
export async function openWorkerSession(main: Session): Promise<Session> {
  await main.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const { sessionId } = await main.event('NodeWorker.attachedToWorker');
  const session = new Session((message) => {
    void main.ask('NodeWorker.sendMessageToWorker', { sessionId, message });
  });
  void (async () => {
    for (;;) {
      const said = await main.event('NodeWorker.receivedMessageFromWorker');
      if (said.sessionId === sessionId) session.take(said.message);
    }
  })();
  return session;
}

/** RFC 6455: one text frame of a client, its mask all zeros. */
function frameOf(payload: Buffer): Buffer {
  const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
  head[0] = 0x81;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

/** The first frame, where it is whole. */
function readFrame(bytes: Buffer): { text: string; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 0x7f;
  const at = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < at) return undefined;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < at + length) return undefined;
  return { text: bytes.toString('utf8', at, at + length), end: at + length };
}
