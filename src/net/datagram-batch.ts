// How datagrams are received and answered many at a time: recvmmsg and sendmmsg over memory that is laid out once.
//
// A reply that cannot be sent is given up and counted: clients ask again anyway, and nothing spins.
import { Fragmentation } from './fragmentation.ts';
import {
  controlSpace,
  errno,
  in6Pktinfo,
  inPktinfo,
  iovec,
  MSG_DONTWAIT,
  MSG_TRUNC,
  mmsghdr,
  msghdr,
  sockaddrIn,
  sockaddrIn6,
} from './layouts.ts';
import { PinnedMemory, writePointer } from './pinned-memory.ts';
import { SystemCallError } from './system-call-error.ts';
import type { SystemCalls } from './system-calls.ts';
import type { UdpSocket } from './udp-socket.ts';

/** One datagram's place, in and out: bytes, and the same in 16-bit units and 32-bit words. */
export const cellBytes = 2048;
export const cellUnits = cellBytes / 2;
export const cellWords = cellBytes / 4;
/** Words from one sender's name to the next in `names`. */
export const nameWords = 8;

const headerWords = mmsghdr.size / 4;
const controlWords = 16;
const namelenWord = msghdr.namelen / 4;
const controllenWord = msghdr.controllen / 4;
const flagsWord = msghdr.flags / 4;
const transferredWord = mmsghdr.transferred / 4;
const ipv4IfindexWord = controlSpace(0) / 4 + inPktinfo.ifindex / 4;
const ipv6IfindexWord = controlSpace(0) / 4 + in6Pktinfo.ifindex / 4;

/** What has become of the datagrams of one batch's socket since it was opened. */
export interface DatagramCounts {
  received: number;
  sent: number;
  /** Replies given up because the kernel had no room for them (EAGAIN, ENOBUFS, ENOMEM). */
  unsentForRoom: number;
  /** Replies the kernel refused one by one: a firewall (EPERM), no route, a sender that used port 0 (EINVAL). */
  unsentRefused: number;
  /** Calls of `receive` that failed for a passing reason. */
  receiveErrors: number;
}

/**
 * The use is: `count = receive()`, then for every cell below `count` read `words` and perhaps write a reply at
 * `replyCell` and `reply(cell, length)` it, then `flush()`. Replies go to the sender of the cell, from the address it
 * was sent to. Nothing is allocated after construction, and numbers are passed instead of objects.
 *
 * Reply n is written into reply cell n, and its header points at the name and the control message of the received
 * cell that it answers, which lie as the kernel left them: nothing is copied to turn a question round.
 */
export class DatagramBatch {
  /** Datagram i begins at word `i * cellWords`. */
  readonly words: Int32Array;
  /** Datagram i begins at byte `i * cellBytes`. */
  readonly bytes: Uint8Array;
  /** The reply being written begins at `replyCell * cellBytes`, or `cellUnits`, or `cellWords`. */
  readonly replyBytes: Uint8Array;
  readonly replyUnits: Uint16Array;
  readonly replyWords: Int32Array;
  /** The sender of datagram i: its address begins at word `i * nameWords + addressWord`, 1 or 4 words. */
  readonly names: Int32Array;
  readonly addressWord: number;
  readonly cells: number;
  readonly counts: DatagramCounts = {
    received: 0,
    sent: 0,
    unsentForRoom: 0,
    unsentRefused: 0,
    receiveErrors: 0,
  };

  readonly #calls: SystemCalls;
  readonly #fd: number;
  readonly #memory: PinnedMemory;
  readonly #headers: Int32Array;
  readonly #headersAddress: number;
  readonly #replyHeaders: Int32Array;
  readonly #replyHeadersAddress: number;
  readonly #replyIovecs: Int32Array;
  readonly #namesAddress: number;
  readonly #controls: Int32Array;
  readonly #controlsAddress: number;
  readonly #nameLength: number;
  readonly #controlLength: number;
  readonly #ifindexWord: number;
  /** Which received cell a reply header points at, so that it is pointed elsewhere only when it has to be. */
  readonly #answers: Int32Array;
  /** IPv6 knows no identification in whole datagrams, so there is nothing to save. */
  readonly #fragmentation: Fragmentation | undefined;
  #count = 0;
  #replies = 0;
  #failures = 0;
  #busy = false;

  /** @param cells datagrams per system call, at most 1024 (the kernel's own limit). */
  constructor(calls: SystemCalls, socket: UdpSocket, cells = 64) {
    const ipv4 = socket.family === 4;
    this.#calls = calls;
    this.#fd = socket.fd;
    this.cells = cells;
    this.addressWord = ipv4 ? sockaddrIn.address / 4 : sockaddrIn6.address / 4;
    this.#nameLength = ipv4 ? sockaddrIn.size : sockaddrIn6.size;
    // Exactly one control message fits, and its kernel-written length is the one a reply needs.
    this.#controlLength = socket.localAddressKnown
      ? controlSpace(ipv4 ? inPktinfo.size : in6Pktinfo.size)
      : 0;
    this.#ifindexWord = ipv4 ? ipv4IfindexWord : ipv6IfindexWord;

    this.#fragmentation = ipv4 ? new Fragmentation(calls, socket.fd) : undefined;
    const perCell = 2 * (mmsghdr.size + iovec.size + cellBytes) + (nameWords + controlWords) * 4;
    this.#memory = new PinnedMemory(calls, cells * perCell + 16 * 64);
    const headers = this.#memory.take(cells * mmsghdr.size);
    const replyHeaders = this.#memory.take(cells * mmsghdr.size);
    const iovecs = this.#memory.take(cells * iovec.size);
    const replyIovecs = this.#memory.take(cells * iovec.size);
    const names = this.#memory.take(cells * nameWords * 4);
    const controls = this.#memory.take(cells * controlWords * 4);
    const payload = this.#memory.take(cells * cellBytes);
    const replyPayload = this.#memory.take(cells * cellBytes);

    this.words = payload.words;
    this.bytes = payload.bytes;
    this.replyBytes = replyPayload.bytes;
    this.replyUnits = replyPayload.units;
    this.replyWords = replyPayload.words;
    this.names = names.words;
    this.#headers = headers.words;
    this.#headersAddress = headers.address;
    this.#replyHeaders = replyHeaders.words;
    this.#replyHeadersAddress = replyHeaders.address;
    this.#replyIovecs = replyIovecs.words;
    this.#namesAddress = names.address;
    this.#controls = controls.words;
    this.#controlsAddress = controls.address;
    this.#answers = new Int32Array(cells);

    for (let cell = 0; cell < cells; cell++) {
      writeIovec(iovecs.words, cell, payload.address + cell * cellBytes);
      writeIovec(replyIovecs.words, cell, replyPayload.address + cell * cellBytes);
      for (const [header, iovecsAt] of [
        [headers.words, iovecs.address],
        [replyHeaders.words, replyIovecs.address],
      ] as const) {
        const at = cell * headerWords;
        header[at + namelenWord] = this.#nameLength;
        writePointer(header, at + msghdr.iov / 4, iovecsAt + cell * iovec.size);
        header[at + msghdr.iovlen / 4] = 1;
        header[at + controllenWord] = this.#controlLength;
        this.#pointAtSender(header, cell, cell);
      }
      this.#answers[cell] = cell;
    }
  }

  /**
   * Receives what has arrived, without waiting; sends queued replies first, because it overwrites their senders.
   * Returns how many cells were filled, 0 when nothing had arrived. Throws when the socket is unusable.
   */
  receive(): number {
    if (this.#replies > 0) this.flush();
    // The kernel has replaced both lengths by what it wrote, and takes them as the room there is.
    for (let at = (this.#count - 1) * headerWords; at >= 0; at -= headerWords) {
      this.#headers[at + namelenWord] = this.#nameLength;
      this.#headers[at + controllenWord] = this.#controlLength;
    }
    const count = this.#calls.recvmmsg(this.#fd, this.#headersAddress, this.cells, MSG_DONTWAIT);
    if (count < 0) return this.#receivedNothing(this.#calls.errno());
    this.#failures = 0;
    this.#count = count;
    this.#busy = this.#busy || count * 4 >= this.cells;
    this.counts.received += count;
    return count;
  }

  /**
   * Whether datagrams come so fast that it is cheaper to ask for more than to sleep for them: from a batch that was
   * a quarter full on, until nothing had arrived. What a reader tells its `EventLoop`.
   */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** Bytes of the datagram in `cell`, at most `cellBytes`. */
  length(cell: number): number {
    return this.#headers[cell * headerWords + transferredWord];
  }

  /** Whether the datagram in `cell` was longer than `cellBytes`. */
  isTruncated(cell: number): boolean {
    return (this.#headers[cell * headerWords + flagsWord] & MSG_TRUNC) !== 0;
  }

  /** The sender's port. 0 is possible on the wire; a reply to it is refused by the kernel and counted. */
  port(cell: number): number {
    const familyAndPort = this.names[cell * nameWords];
    return ((familyAndPort >>> 8) & 0xff00) | (familyAndPort >>> 24);
  }

  /** Where the next reply is to be written. */
  get replyCell(): number {
    return this.#replies;
  }

  /** Queues what was written at `replyCell`, `length` bytes of it, for the sender of the datagram in `cell`. */
  reply(cell: number, length: number): void {
    const index = this.#replies++;
    this.#replyIovecs[index * 4 + iovec.length / 4] = length;
    if (this.#answers[index] !== cell) {
      this.#answers[index] = cell;
      this.#pointAtSender(this.#replyHeaders, index, cell);
    }
    // 0 where the kernel gave no local address: then it chooses the source itself.
    this.#replyHeaders[index * headerWords + controllenWord] =
      this.#headers[cell * headerWords + controllenWord];
    // Only the address matters. With the interface it would also force the way out, past the routing table.
    this.#controls[cell * controlWords + this.#ifindexWord] = 0;
  }

  /**
   * Sends the queued replies and returns how many the kernel took. What it refuses is counted and given up, as UDP
   * may: at most one call per reply is made, so a failing batch costs time once and never spins.
   */
  flush(): number {
    const replies = this.#replies;
    this.#replies = 0;
    let at = 0;
    let sent = 0;
    while (at < replies) {
      const address = this.#replyHeadersAddress + at * mmsghdr.size;
      const taken = this.#calls.sendmmsg(this.#fd, address, replies - at, MSG_DONTWAIT);
      if (taken > 0) {
        at += taken;
        sent += taken;
        continue;
      }
      const error = this.#calls.errno();
      if (error === errno.EMSGSIZE && this.#sendInPieces(address)) {
        at++;
        sent++;
      } else {
        at += this.#givenUp(error, replies - at);
      }
    }
    this.counts.sent += sent;
    return sent;
  }

  /** Releases the memory; the socket is its owner's to close. */
  close(): void {
    this.#fragmentation?.close();
    this.#memory.release();
  }

  #pointAtSender(headers: Int32Array, index: number, cell: number): void {
    const at = index * headerWords;
    writePointer(headers, at + msghdr.name / 4, this.#namesAddress + cell * nameWords * 4);
    writePointer(headers, at + msghdr.control / 4, this.#controlsAddress + cell * controlWords * 4);
  }

  #receivedNothing(error: number): 0 {
    this.#count = 0;
    this.#busy = false;
    if (error === errno.EAGAIN || error === errno.EINTR) return 0;
    this.counts.receiveErrors++;
    // Errors that ICMP left on the socket, or a moment without memory, pass; a socket that fails always does not.
    if (isUnusable(error) || ++this.#failures > 1000) throw new SystemCallError('recvmmsg', error);
    return 0;
  }

  /** Sends the reply at `address`, which is longer than the path's MTU, as fragments; false when that fails too. */
  #sendInPieces(address: number): boolean {
    if (this.#fragmentation === undefined) return false;
    this.#fragmentation.allow();
    const taken = this.#calls.sendmmsg(this.#fd, address, 1, MSG_DONTWAIT);
    this.#fragmentation.forbid();
    return taken === 1;
  }

  /** How many of the `waiting` replies are given up because the first of them failed. */
  #givenUp(error: number, waiting: number): number {
    if (error === errno.EINTR) return 0;
    if (isUnusable(error)) throw new SystemCallError('sendmmsg', error);
    // A full send buffer is as full for the rest of the batch; the clients ask again, which waiting would not mend.
    if (error === errno.EAGAIN || error === errno.ENOMEM) {
      this.counts.unsentForRoom += waiting;
      return waiting;
    }
    if (error === errno.ENOBUFS) this.counts.unsentForRoom++;
    else this.counts.unsentRefused++;
    return 1;
  }
}

function isUnusable(error: number): boolean {
  return (
    error === errno.EBADF || error === errno.ENOTSOCK || error === errno.EFAULT || error === errno.ENOSYS
  );
}

function writeIovec(words: Int32Array, cell: number, address: number): void {
  const at = cell * 4;
  writePointer(words, at, address);
  words[at + iovec.length / 4] = cellBytes;
}
