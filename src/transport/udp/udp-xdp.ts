// UDP through a network card's queue: answers are written in the frames that leave, out of those in which the questions came.

import { longestHeads, PacketHead } from '../../net/xdp/packet-head.ts';
import { frameBytes, packetAt } from '../../net/xdp/xdp-handle.ts';
import type { XdpSocket } from '../../net/xdp/xdp-socket.ts';
import type { ConnectionIds } from '../../protocol/connection-id.ts';
import { mostAhead, type Tracker } from '../../tracker/tracker.ts';
import { countLatency } from '../answer-stats.ts';
import { maxReplyBytes, packetBuffer, UdpAnswers } from './udp-answers.ts';
import { answerStatsOf, UdpCounter } from './udp-counters.ts';

export interface UdpXdpOptions {
  readonly tracker: Tracker;
  readonly ids: ConnectionIds;
  /** This ring's own. */
  readonly counters: Float64Array;
  readonly clock: () => number;
  readonly onException: (error: unknown) => void;
}

/** Packets in one go: as many are looked ahead for, and leave with one call. */
const batch = 64;
/** Batches before other descriptors of the loop get their turn. */
const batchesPerTurn = 16;
/** Fewer packets at once have no waits to overlap. */
const worthLookingAhead = 4;
const batchesPerTiming = 16;

if (batch > mostAhead) throw new RangeError('a batch is more than can be looked ahead for');
if (packetAt + longestHeads + maxReplyBytes > frameBytes)
  throw new RangeError('the longest reply does not fit into a frame');

export class UdpXdpTransport {
  readonly #socket: XdpSocket;
  readonly #options: UdpXdpOptions;
  readonly #stats: Float64Array;
  readonly #head: PacketHead;
  readonly #answers4: UdpAnswers;
  readonly #answers6: UdpAnswers;
  readonly #addresses: Int32Array;
  #untilTiming = 0;

  constructor(socket: XdpSocket, options: UdpXdpOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#stats = answerStatsOf(options.counters);
    const { memory } = socket;
    this.#head = new PacketHead(memory);
    this.#addresses = new Int32Array(memory);
    const frames = packetBuffer(memory, 0, memory.byteLength);
    const { tracker, ids, counters } = options;
    this.#answers4 = new UdpAnswers(tracker, ids, counters, 4, frames, frames);
    this.#answers6 = new UdpAnswers(tracker, ids, counters, 6, frames, frames);
  }

  /** Answers what has come; called when the ring can be read. Returns whether more is coming so fast that it should be called again at once. */
  answerArrived(): boolean {
    const now = this.#options.clock();
    for (let turn = 0; turn < batchesPerTurn; turn++) {
      const count = Math.min(this.#socket.waiting, batch);
      if (count === 0) {
        // Whoever comes is reported by the next sleep; what could not leave is not.
        if (this.#socket.hasUnsent) this.#socket.flush();
        return this.#socket.hasUnsent;
      }
      this.#answerBatch(count, now);
    }
    return true;
  }

  /** Answers what has come, if it is not a flood, in which nobody else would have a turn: to be called in between others' work. */
  answerSome(): void {
    const count = this.#socket.waiting;
    if (count > 0 && count < batch) this.#answerBatch(count, this.#options.clock());
  }

  #answerBatch(count: number, now: number): void {
    const timed = this.#untilTiming-- === 0;
    const start = timed ? performance.now() : 0;
    if (count >= worthLookingAhead && this.#options.tracker.looksAhead) this.#lookAhead(count);
    for (let i = 0; i < count; i++) {
      this.#answer(now);
      this.#socket.take();
    }
    this.#socket.flush();
    if (!timed) return;
    this.#untilTiming = batchesPerTiming - 1;
    countLatency(this.#stats, performance.now() - start, count);
  }

  #lookAhead(count: number): void {
    const head = this.#head;
    for (let i = 0; i < count; i++) {
      if (!head.read(this.#socket.at(i), this.#socket.lengthAt(i))) continue;
      (head.family === 4 ? this.#answers4 : this.#answers6).expect(head.questionAt, head.questionBytes);
    }
    this.#answers4.lookAhead();
    this.#answers6.lookAhead();
  }

  #answer(now: number): void {
    const socket = this.#socket;
    const head = this.#head;
    const { counters } = this.#options;
    counters[UdpCounter.received]++;
    const room = socket.room;
    if (room < 0) {
      counters[UdpCounter.sendFailures]++;
      return;
    }
    if (!head.read(socket.at(0), socket.lengthAt(0))) {
      counters[UdpCounter.receiveErrors]++;
      return;
    }
    counters[UdpCounter.bytesIn] += head.questionBytes;
    try {
      const answers = head.family === 4 ? this.#answers4 : this.#answers6;
      const bytes = answers.answer(
        head.questionAt,
        head.questionBytes,
        this.#addresses,
        head.addressWord,
        room + head.headBytes,
        now,
      );
      if (bytes === 0) return;
      counters[UdpCounter.bytesOut] += bytes;
      counters[UdpCounter.sent]++;
      counters[UdpCounter.sentByRing]++;
      socket.send(head.answer(room, bytes));
    } catch (error) {
      counters[UdpCounter.exceptions]++;
      this.#options.onException(error);
    }
  }
}
