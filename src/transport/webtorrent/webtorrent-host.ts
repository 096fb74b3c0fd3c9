// WebTorrent in a thread with Node's own loop: takes over from node:http what asks for a WebSocket, and keeps time.
import type { TakeUpgrade, Upgrade } from '../http/http-upgrade.ts';
import { answerHandshake, type HandshakeRules } from './handshakes.ts';
import { GatheringSockets, NodeCarrier } from './node-carrier.ts';
import { WebTorrent, type WebTorrentOptions } from './webtorrent.ts';

export interface WebTorrentHostOptions extends WebTorrentOptions {
  readonly rules: HandshakeRules;
}

const tickMs = 1000;

export class WebTorrentHost {
  readonly #options: WebTorrentHostOptions;
  readonly #webTorrent: WebTorrent;
  readonly #gathering = new GatheringSockets();
  readonly #ticks: NodeJS.Timeout;
  #closed: Promise<void> | undefined;

  constructor(options: WebTorrentHostOptions) {
    this.#options = options;
    this.#webTorrent = new WebTorrent(options);
    this.#ticks = setInterval(this.#tick, tickMs).unref();
    this.#listen();
  }

  #tick = (): void => {
    // In between it is everybody else's turn.
    if (!this.#webTorrent.sockets.tick()) setImmediate(this.#tick).unref();
  };

  /** For HttpTransport. */
  readonly takeUpgrade: TakeUpgrade = (upgrade) => this.#take(upgrade);

  /** Says goodbye, and cuts off who has not gone after `graceMs`. */
  close(graceMs = 1000): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const { sockets } = this.#webTorrent;
    sockets.closeAll();
    const end = performance.now() + graceMs;
    while (sockets.count > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      sockets.tick();
    }
    sockets.cutAll();
    clearInterval(this.#ticks);
    // Who waits for a letter that never comes would be kept for ever, and the swarms with it.
    const { words, at } = this.#options.mailboxes.signal;
    Atomics.notify(words, at);
  }

  #take(upgrade: Upgrade): void {
    const { request, socket, bytes, client, secure, speaksForMany } = upgrade;
    const { rules, counters, mailboxes } = this.#options;
    const { headers } = request;
    const answer = answerHandshake(
      {
        method: request.method ?? '',
        http11: request.httpVersionMajor === 1 && request.httpVersionMinor >= 1,
        upgrade: headers.upgrade,
        connection: headers.connection,
        key: headers['sec-websocket-key'],
        version: headers['sec-websocket-version'],
        origin: headers.origin,
      },
      rules,
      this.#closed ? Number.POSITIVE_INFINITY : mailboxes.open,
      counters,
    );
    if (typeof answer !== 'string') {
      upgrade.refuse(answer);
      return;
    }
    upgrade.take();
    socket.setNoDelay(true);
    socket.write(answer, 'latin1');
    const webSocket = this.#webTorrent.open(
      new NodeCarrier(socket, this.#gathering),
      client,
      secure,
      speaksForMany,
    );
    if (webSocket === undefined) {
      socket.destroy();
      return;
    }
    const { sockets } = this.#webTorrent;
    socket.on('data', (chunk: Buffer) => sockets.receive(webSocket, chunk, 0, chunk.length));
    // Who sends no more hears no more either: that is what a close frame is for.
    socket.on('end', () => sockets.cut(webSocket));
    socket.on('close', () => sockets.ended(webSocket));
    if (bytes.length > 0) sockets.receive(webSocket, bytes, 0, bytes.length);
    socket.resume();
  }

  /** Has letters of other threads read when there are some. */
  #listen(): void {
    const { words, at } = this.#options.mailboxes.signal;
    const seen = Atomics.load(words, at);
    this.#webTorrent.readLetters();
    const waiting = Atomics.waitAsync(words, at, seen);
    const again = () => {
      if (this.#closed === undefined) this.#listen();
    };
    if (waiting.async) void waiting.value.then(again);
    else queueMicrotask(again);
  }
}
