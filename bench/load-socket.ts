// How the load generator sends cheaply: one connected socket, requests of one kind cut out of one datagram by the kernel.
import { DatagramBatch } from '../src/net/datagram-batch.ts';
import {
  cmsghdr,
  IPPROTO_UDP,
  iovec,
  MSG_DONTWAIT,
  mmsghdr,
  msghdr,
  UDP_SEGMENT,
} from '../src/net/layouts.ts';
import { PinnedMemory, type Region, writePointer } from '../src/net/pinned-memory.ts';
import { encodeSocketAddress } from '../src/net/socket-address.ts';
import { SystemCallError } from '../src/net/system-call-error.ts';
import type { SystemCalls } from '../src/net/system-calls.ts';
import { openUdpSockets } from '../src/net/udp-socket.ts';

/** The kernel cuts at most 64 datagrams out of one (UDP_MAX_SEGMENTS of older kernels). */
export const requestsPerSend = 64;

/** A queue of requests that all have the same length, lying one after another. */
export interface RequestQueue {
  readonly requestBytes: number;
  readonly memory: Region;
  readonly view: DataView;
  count: number;
}

export class LoadSocket {
  readonly batch: DatagramBatch;
  readonly queues: readonly RequestQueue[];
  /** Requests that the kernel had no room for; the generator's time-out sends them again. */
  refused = 0;
  readonly #calls: SystemCalls;
  readonly fd: number;
  readonly #headers: Region;
  readonly #iovecs: Region;
  readonly #controls: Region;
  readonly #segmented: boolean;

  /**
   * @param ends the server's address and port, and the address to ask from.
   * @param requestBytes the length of each kind of request; one queue for each.
   * @param segmented whether the kernel cuts (UDP_SEGMENT): the same datagrams arrive at a third of the sender's cost.
   */
  constructor(
    calls: SystemCalls,
    { address, port, localAddress }: { address: string; port: number; localAddress: string },
    requestBytes: number[],
    segmented: boolean,
  ) {
    const [socket] = openUdpSockets(calls, { address: localAddress, port: 0 });
    const memory = new PinnedMemory(calls, 65536);
    const name = memory.take(32);
    const length = encodeSocketAddress(name.bytes, address, port);
    if (calls.connect(socket.fd, name.address, length) !== 0) {
      throw new SystemCallError('connect', calls.errno(), `${address}:${port}`);
    }
    this.#calls = calls;
    this.fd = socket.fd;
    this.#segmented = segmented;
    this.batch = new DatagramBatch(calls, socket);
    this.queues = requestBytes.map((bytes) => {
      const queue = memory.take(bytes * requestsPerSend);
      const view = new DataView(queue.bytes.buffer, queue.bytes.byteOffset, queue.bytes.byteLength);
      return { requestBytes: bytes, memory: queue, view, count: 0 };
    });
    const messages = requestsPerSend * requestBytes.length;
    this.#headers = memory.take(messages * mmsghdr.size);
    this.#iovecs = memory.take(messages * iovec.size);
    this.#controls = memory.take(requestBytes.length * 64);
  }

  /** Sends what the queues hold. */
  flush(): void {
    let messages = 0;
    for (const [kind, queue] of this.queues.entries()) {
      if (queue.count === 0) continue;
      const { requestBytes } = queue;
      const bytes = queue.count * requestBytes;
      const step = this.#segmented ? bytes : requestBytes;
      for (let at = 0; at < bytes; at += step) {
        this.#point(messages++, queue.memory.address + at, step, bytes > requestBytes ? kind : -1);
      }
      queue.count = 0;
    }
    for (let at = 0; at < messages; ) {
      const address = this.#headers.address + at * mmsghdr.size;
      const taken = this.#calls.sendmmsg(this.fd, address, messages - at, MSG_DONTWAIT);
      if (taken < 0) this.refused++;
      at += Math.max(1, taken);
    }
  }

  #point(message: number, address: number, length: number, kind: number): void {
    const iovecAt = message * 4;
    writePointer(this.#iovecs.words, iovecAt, address);
    this.#iovecs.words[iovecAt + 2] = length;
    const header = message * (mmsghdr.size / 4);
    const { words } = this.#headers;
    writePointer(words, header + msghdr.iov / 4, this.#iovecs.address + message * iovec.size);
    words[header + msghdr.iovlen / 4] = 1;
    if (!this.#segmented || kind < 0) {
      words[header + msghdr.controllen / 4] = 0;
      return;
    }
    const control = kind * 16;
    this.#controls.words[control + cmsghdr.length / 4] = cmsghdr.size + 2;
    this.#controls.words[control + cmsghdr.level / 4] = IPPROTO_UDP;
    this.#controls.words[control + cmsghdr.type / 4] = UDP_SEGMENT;
    this.#controls.units[control * 2 + cmsghdr.data / 2] = this.queues[kind].requestBytes;
    writePointer(words, header + msghdr.control / 4, this.#controls.address + kind * 64);
    words[header + msghdr.controllen / 4] = 24;
  }
}
