// UDP through the kernel's batches: up to 64 questions a system call in, their answers a system call out.

import type { DatagramBatch } from '../../net/datagram-batch.ts';
import { cellBytes, nameWords } from '../../net/datagram-batch.ts';
import type { ConnectionIds } from '../../protocol/connection-id.ts';
import { mostAhead, type Tracker } from '../../tracker/tracker.ts';
import { countLatency } from '../answer-stats.ts';
import { maxReplyBytes, packetBuffer, UdpAnswers } from './udp-answers.ts';
import { answerStatsOf, UdpCounter } from './udp-counters.ts';

export interface UdpBatchOptions {
  family: 4 | 6;
  tracker: Tracker;
  ids: ConnectionIds;
  /** This socket's own. */
  counters: Float64Array;
  clock: () => number;
  onException: (error: unknown) => void;
}

if (maxReplyBytes > cellBytes) throw new RangeError('the longest reply does not fit into a cell');

/** Batches in one go before other descriptors of the loop get their turn. */
const batchesPerTurn = 16;

/** So often it is looked in vain, in between others' work, for more after the last packet: some tenths of a second of such work. */
const looksAfterPacket = 8192;

/** Fewer packets at once have no waits to overlap. */
const worthLookingAhead = 4;

/** Reading the clock costs about as much as a packet's share of a system call, so one batch in so many is timed. */
const batchesPerTiming = 16;

export class UdpBatchTransport {
  readonly #batch: DatagramBatch;
  readonly #options: UdpBatchOptions;
  readonly #answers: UdpAnswers;
  readonly #stats: Float64Array;
  #untilTiming = 0;
  #looksLeft = 0;
  readonly #last = { received: 0, sent: 0, unsent: 0, receiveErrors: 0 };

  constructor(batch: DatagramBatch, options: UdpBatchOptions) {
    if (batch.cells > mostAhead) throw new RangeError(`a batch has more than ${mostAhead} cells`);
    this.#batch = batch;
    this.#options = options;
    this.#stats = answerStatsOf(options.counters);
    const { bytes, replyBytes } = batch;
    this.#answers = new UdpAnswers(
      options.tracker,
      options.ids,
      options.counters,
      options.family,
      packetBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      packetBuffer(replyBytes.buffer, replyBytes.byteOffset, replyBytes.byteLength),
    );
  }

  /**
   * Answers what has arrived; called when the socket is readable. Returns whether more is coming so fast that the loop
   * should call again instead of sleeping.
   */
  answerArrived(): boolean {
    const batch = this.#batch;
    const now = this.#options.clock();
    for (let turn = 0; turn < batchesPerTurn; turn++) {
      const count = batch.receive();
      if (count > 0) {
        this.#answerBatch(count, now);
        this.#looksLeft = looksAfterPacket;
      }
      // A batch that was not full has emptied the socket; if not, the loop comes again.
      if (count < batch.cells) break;
    }
    this.#countSystemCalls();
    return batch.isBusy;
  }

  /** Answers some of what has arrived, if anything has lately: to be called in between others' work. */
  answerSome(): void {
    if (this.#looksLeft === 0) return;
    const batch = this.#batch;
    const count = batch.receive();
    if (count > 0) this.#answerBatch(count, this.#options.clock());
    // In a flood nobody would have a turn but this one.
    if (count === batch.cells) this.#looksLeft = 0;
    else this.#looksLeft = count > 0 ? looksAfterPacket : this.#looksLeft - 1;
    this.#countSystemCalls();
  }

  #answerBatch(count: number, now: number): void {
    const timed = this.#untilTiming-- === 0;
    const start = timed ? performance.now() : 0;
    if (count >= worthLookingAhead && this.#options.tracker.looksAhead) this.#lookAhead(count);
    for (let cell = 0; cell < count; cell++) this.#answer(cell, now);
    this.#batch.flush();
    if (!timed) return;
    this.#untilTiming = batchesPerTiming - 1;
    countLatency(this.#stats, performance.now() - start, count);
  }

  #lookAhead(count: number): void {
    for (let cell = 0; cell < count; cell++) this.#answers.expect(cell * cellBytes, this.#batch.length(cell));
    this.#answers.lookAhead();
  }

  // Differences, because the counters outlive this object when its thread is restarted.
  #countSystemCalls(): void {
    const { counters } = this.#options;
    const { received, sent, unsentForRoom, unsentRefused, receiveErrors } = this.#batch.counts;
    const unsent = unsentForRoom + unsentRefused;
    const last = this.#last;
    counters[UdpCounter.received] += received - last.received;
    counters[UdpCounter.sent] += sent - last.sent;
    counters[UdpCounter.sendFailures] += unsent - last.unsent;
    counters[UdpCounter.receiveErrors] += receiveErrors - last.receiveErrors;
    last.received = received;
    last.sent = sent;
    last.unsent = unsent;
    last.receiveErrors = receiveErrors;
  }

  #answer(cell: number, now: number): void {
    const batch = this.#batch;
    const { counters } = this.#options;
    const received = batch.length(cell);
    counters[UdpCounter.bytesIn] += received;
    try {
      const length = this.#answers.answer(
        cell * cellBytes,
        received,
        batch.names,
        cell * nameWords + batch.addressWord,
        batch.replyCell * cellBytes,
        now,
      );
      if (length === 0) return;
      counters[UdpCounter.bytesOut] += length;
      batch.reply(cell, length);
    } catch (error) {
      counters[UdpCounter.exceptions]++;
      this.#options.onException(error);
    }
  }
}
