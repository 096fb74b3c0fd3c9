// The network card's queues within a socket worker: taken up when the mailbox says so, answered by the thread's own loop.
import type { EventLoop } from '../../net/event-loop.ts';
import { EPOLLIN } from '../../net/layouts.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { RingMailbox } from '../../net/xdp/ring-mailbox.ts';
import { XdpSocket } from '../../net/xdp/xdp-socket.ts';
import { type UdpXdpOptions, UdpXdpTransport } from '../../transport/udp/udp-xdp.ts';

export interface XdpWorkerParts extends UdpXdpOptions {
  readonly calls: SystemCalls;
  readonly loop: EventLoop;
  /** Told that all rings of the mailbox can be received into. */
  readonly taken: () => void;
}

/** The card takes what is to be sent in far less, unless it takes nothing any more. */
const lastAnswersMs = 200;

export class XdpWorker {
  readonly #mailbox: RingMailbox;
  readonly #parts: XdpWorkerParts;
  readonly #sockets = new Map<
    number,
    { socket: XdpSocket; transport: UdpXdpTransport; endLooks: () => void }
  >();
  #seen = 0;

  constructor(mailbox: SharedArrayBuffer, parts: XdpWorkerParts) {
    this.#mailbox = new RingMailbox(mailbox);
    this.#parts = parts;
  }

  /** Takes up what is new in the mailbox. */
  readMailbox(): void {
    const { generation } = this.#mailbox;
    if (generation === this.#seen) return;
    this.#seen = generation;
    const { calls, loop, taken } = this.#parts;
    for (const handle of this.#mailbox.read()) {
      if (this.#sockets.has(handle.fd)) continue;
      const socket = new XdpSocket(calls, handle);
      const transport = new UdpXdpTransport(socket, this.#parts);
      const endLooks = loop.betweenPieces(() => transport.answerSome());
      this.#sockets.set(handle.fd, { socket, transport, endLooks });
      loop.add(handle.fd, EPOLLIN, () => transport.answerArrived());
    }
    taken();
  }

  /** Answers what lies in the rings still, and lets go of them. */
  close(): void {
    for (const [fd, { socket, transport, endLooks }] of this.#sockets) {
      this.#parts.loop.remove(fd);
      endLooks();
      const end = performance.now() + lastAnswersMs;
      while ((socket.waiting > 0 || socket.hasUnsent) && performance.now() < end) transport.answerArrived();
    }
    this.#sockets.clear();
  }
}
