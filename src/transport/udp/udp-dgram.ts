// UDP through node:dgram, on any platform: one socket on one address, one packet at a time. Linux has a faster way.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { ConnectionIds } from '../../protocol/connection-id.ts';
import { encodeIpWords, parseIp } from '../../protocol/ip-address.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { countLatency } from '../answer-stats.ts';
import { maxReplyBytes, packetBuffer, UdpAnswers } from './udp-answers.ts';
import { answerStatsOf, UdpCounter } from './udp-counters.ts';

export interface UdpDgramOptions {
  /** An IPv4 or IPv6 literal; an IPv6 one receives IPv6 only. */
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** A bound socket that is open already and is used instead of a new one. */
  fd?: number | undefined;
  tracker: Tracker;
  ids: ConnectionIds;
  counters: Float64Array;
  /** Whole seconds of the monotonic clock that all threads share. */
  clock: () => number;
  /** Told of a defect of ours while answering; the packet is dropped. */
  onException: (error: unknown) => void;
}

/** Longer packets are cut off; no question of BEP 15 with BEP 41 options is as long. */
const maxRequestBytes = 2048;
const receiveBufferBytes = 4 * 1024 ** 2;

export class UdpDgramTransport {
  readonly #socket: Socket;
  readonly #options: UdpDgramOptions;
  readonly #answers: UdpAnswers;
  readonly #request = new Uint8Array(maxRequestBytes);
  readonly #reply = new Uint8Array(maxReplyBytes);
  readonly #address = new Int32Array(4);
  readonly #stats: Float64Array;

  private constructor(options: UdpDgramOptions, family: 4 | 6) {
    this.#options = options;
    this.#stats = answerStatsOf(options.counters);
    this.#answers = new UdpAnswers(
      options.tracker,
      options.ids,
      options.counters,
      family,
      packetBuffer(this.#request.buffer, 0, maxRequestBytes),
      packetBuffer(this.#reply.buffer, 0, maxReplyBytes),
    );
    this.#socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      recvBufferSize: receiveBufferBytes,
    });
  }

  /** Binds and begins to answer; rejects with the system's error when the port cannot be had. */
  static async listen(options: UdpDgramOptions): Promise<UdpDgramTransport> {
    const transport = new UdpDgramTransport(options, options.host.includes(':') ? 6 : 4);
    const socket = transport.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: options.host, port: options.port, fd: options.fd, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', (error) => options.onException(error));
    socket.on('message', (packet, from) => transport.#answer(packet, from));
    return transport;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The socket's, for another process to go on with; −1 when Node does not say. */
  get descriptor(): number {
    // There is no public way, and the old private one prints a warning.
    const symbol = Object.getOwnPropertySymbols(this.#socket).find(
      ({ description }) => description === 'state symbol',
    );
    const state = symbol && (this.#socket as unknown as Record<symbol, { handle?: { fd?: number } }>)[symbol];
    return state?.handle?.fd ?? -1;
  }

  /** Stops receiving; replies already handed to the system still leave. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #answer(packet: Buffer, from: RemoteInfo): void {
    const { counters, tracker } = this.#options;
    counters[UdpCounter.received]++;
    counters[UdpCounter.bytesIn] += packet.length;
    this.#answerWith(packet, from, false);
    tracker.decisions?.whenDecided(() => this.#answerWith(packet, from, true));
  }

  /** `decided`: it is an announce that has waited to be decided about. */
  #answerWith(packet: Buffer, from: RemoteInfo, decided: boolean): void {
    const { counters } = this.#options;
    const start = performance.now();
    try {
      const length = this.#write(packet, from, decided);
      if (length === 0) return;
      counters[UdpCounter.bytesOut] += length;
      // The system may send later, from a buffer of its own: the reply buffer is reused by then.
      const reply = Buffer.from(this.#reply.subarray(0, length));
      countLatency(this.#stats, performance.now() - start, 1);
      this.#socket.send(reply, from.port, from.address, (error) => {
        counters[error ? UdpCounter.sendFailures : UdpCounter.sent]++;
      });
    } catch (error) {
      // The socket may have been closed while it waited.
      if ((error as NodeJS.ErrnoException).code === 'ERR_SOCKET_DGRAM_NOT_RUNNING') return;
      counters[UdpCounter.exceptions]++;
      this.#options.onException(error);
    }
  }

  #write(packet: Buffer, from: RemoteInfo, decided: boolean): number {
    // A link-local sender's address carries its interface after a percent sign.
    const zone = from.address.indexOf('%');
    const address = parseIp(zone < 0 ? from.address : from.address.slice(0, zone));
    // Nobody receives on port 0.
    if (address === undefined || from.port === 0) return 0;
    encodeIpWords(address, this.#address);
    const length = packet.copy(this.#request, 0, 0, maxRequestBytes);
    const now = this.#options.clock();
    return decided
      ? this.#answers.answerAnnounce(0, length, this.#address, 0, 0, now)
      : this.#answers.answer(0, length, this.#address, 0, 0, now);
  }
}
