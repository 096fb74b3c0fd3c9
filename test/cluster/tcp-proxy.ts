// A way to the engine that a test can make slow, cut for a while, or have forget its connections.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Link {
  readonly client: Socket;
  server: Socket | undefined;
  /** Nothing passes any more, and nobody is told. */
  isLost: boolean;
}

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #target: number;
  readonly #links = new Set<Link>();
  #isCut = false;
  /** How long everything is under way, each way. */
  delayMs = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (client) => this.#accept(client));
  }

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Nothing passes, old connections and new ones alike, until `heal`: what is sent meanwhile comes later. */
  cut(): void {
    this.#isCut = true;
    for (const { client, server } of this.#links) for (const end of [client, server]) end?.pause();
  }

  heal(): void {
    this.#isCut = false;
    for (const link of this.#links) this.#open(link);
  }

  /** Connections that are open now are dead from here on, though nobody is told; new ones are not. */
  forget(): void {
    for (const link of this.#links) link.isLost = true;
  }

  async close(): Promise<void> {
    for (const { client, server } of this.#links) for (const end of [client, server]) end?.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    client.pause();
    client.on('error', () => {});
    const link: Link = { client, server: undefined, isLost: false };
    this.#links.add(link);
    if (!this.#isCut) this.#open(link);
  }

  #open(link: Link): void {
    const { client } = link;
    if (link.server === undefined) {
      const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
      link.server = server;
      server.on('error', () => {});
      this.#pass(link, client, server);
      this.#pass(link, server, client);
    }
    client.resume();
    link.server.resume();
  }

  #pass(link: Link, from: Socket, to: Socket): void {
    let last = 0;
    let waiting = 0;
    const later = (what: () => void) => {
      if (link.isLost) return;
      if (this.delayMs === 0 && waiting === 0) {
        what();
        return;
      }
      // Never before what came earlier.
      last = Math.max(last, performance.now() + this.delayMs);
      waiting++;
      setTimeout(() => {
        waiting--;
        if (!link.isLost) what();
      }, last - performance.now());
    };
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('close', () =>
      later(() => {
        to.destroy();
        this.#links.delete(link);
      }),
    );
  }
}
