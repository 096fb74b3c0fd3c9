// One closed-loop client: a fixed number of requests under way on one socket, each answer bringing the next request.
import { cellBytes } from '../src/net/datagram-batch.ts';
import type { SystemCalls } from '../src/net/system-calls.ts';
import { Event } from '../src/protocol/event.ts';
import {
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../src/protocol/udp-client-packets.ts';
import {
  Action,
  announceReplyHeadBytes,
  announceRequestBytes,
  connectRequestBytes,
  infoHashBytes,
  replyAt,
  requestAt,
  requestHeadBytes,
} from '../src/protocol/udp-packets.ts';
import type { Latencies } from './latencies.ts';
import { LoadSocket, type RequestQueue, requestsPerSend } from './load-socket.ts';
import { Random } from './random.ts';
import type { Workload } from './workload.ts';

/** What all clients of one run have seen. */
export interface LoadCounts {
  connects: number;
  announces: number;
  scrapes: number;
  /** Error replies (action 3). */
  errors: number;
  /** Replies of a wrong kind or length. */
  nonsense: number;
  /** Replies to a request that had been given up as lost. */
  late: number;
  /** Requests without an answer in time; each was sent again. */
  lost: number;
  /** Peers in all announce replies, for their mean. */
  peers: number;
}

export interface LoadOptions {
  address: string;
  port: number;
  /** The address that this client's requests come from. */
  localAddress: string;
  seed: number;
  numwant: number;
  /** Requests under way on each socket, at most 64. */
  window: number;
  timeoutMs: number;
  segmented: boolean;
  /** Announces alone, and of a hundred so many that change a swarm: peers that leave, and come back with their next one. */
  changes: number | undefined;
}

/** The peers that one client speaks for, and where it stands in its first pass over them, which fills the swarms. */
export interface PeerShare {
  /** Peer `first`, and every `step`-th after it. */
  readonly first: number;
  readonly step: number;
  nextPeer: number;
}

const indexBits = 6;

export class LoadClient {
  readonly #socket: LoadSocket;
  readonly #connects: RequestQueue;
  readonly #announces: RequestQueue;
  readonly #scrapes: RequestQueue;
  readonly #replies: DataView;
  readonly #random: Random;
  readonly #workload: Workload;
  readonly #options: LoadOptions;
  readonly #counts: LoadCounts;
  readonly #latencies: Latencies;
  readonly #share: PeerShare;
  readonly #sharePeers: number;
  /** Of each request under way: its transaction_id, whose low bits are its index, its action, and when it was sent. */
  readonly #transactions: Int32Array;
  readonly #actions: Uint8Array;
  readonly #sentAt: Float64Array;
  #connected = false;

  constructor(
    calls: SystemCalls,
    workload: Workload,
    options: LoadOptions,
    counts: LoadCounts,
    latencies: Latencies,
    share: PeerShare,
  ) {
    const { address, port, localAddress, segmented, window } = options;
    if (window < 1 || window > requestsPerSend)
      throw new RangeError(`window must be 1 to ${requestsPerSend}`);
    const lengths = [connectRequestBytes, announceRequestBytes, requestHeadBytes + infoHashBytes];
    this.#socket = new LoadSocket(calls, { address, port, localAddress }, lengths, segmented);
    [this.#connects, this.#announces, this.#scrapes] = this.#socket.queues as [
      RequestQueue,
      RequestQueue,
      RequestQueue,
    ];
    const { bytes } = this.#socket.batch;
    this.#replies = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#random = new Random(options.seed);
    this.#workload = workload;
    this.#options = options;
    this.#counts = counts;
    this.#latencies = latencies;
    this.#share = share;
    this.#sharePeers = Math.floor((workload.peers - share.first - 1) / share.step) + 1;
    this.#transactions = Int32Array.from({ length: window }, (_, index) => index);
    this.#actions = new Uint8Array(window);
    this.#sentAt = new Float64Array(window);
    this.#writeTemplates();
  }

  /** Readable when answers have arrived. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Asks for a connection_id; everything else follows from the answer. */
  start(nowMs: number): void {
    this.#askConnect(0, nowMs);
    this.#socket.flush();
  }

  /** Takes what has arrived, asks anew for each answer, and returns the number of answers. */
  exchange(nowMs: number): number {
    const { batch } = this.#socket;
    const count = batch.receive();
    if (count === 0) return 0;
    let answers = 0;
    for (let cell = 0; cell < count; cell++) {
      const index = this.#take(cell * cellBytes, batch.length(cell), nowMs);
      if (index < 0) continue;
      answers++;
      this.#ask(index, nowMs);
    }
    this.#socket.flush();
    return answers;
  }

  /** Sends again what has waited too long for an answer. */
  resendLost(nowMs: number): void {
    const oldest = nowMs - this.#options.timeoutMs;
    const underWay = this.#connected ? this.#options.window : 1;
    for (let index = 0; index < underWay; index++) {
      if (this.#sentAt[index] > oldest) continue;
      this.#counts.lost++;
      if (this.#connected) this.#ask(index, nowMs);
      else this.#askConnect(index, nowMs);
    }
    this.#socket.flush();
  }

  /** Reads one reply and returns the index of the request that it answers, or -1. */
  #take(at: number, length: number, nowMs: number): number {
    const action = length < 8 ? -1 : this.#replies.getInt32(at);
    const transaction = length < 8 ? 0 : this.#replies.getInt32(at + replyAt.transactionId);
    const index = transaction & ((1 << indexBits) - 1);
    const asked = this.#actions[index];
    const counts = this.#counts;
    if (length < 8 || this.#transactions[index] !== transaction) {
      counts[length < 8 ? 'nonsense' : 'late']++;
      return -1;
    }
    this.#latencies.add(nowMs - this.#sentAt[index]);
    if (action !== asked && action !== Action.error) counts.nonsense++;
    if (action === Action.announce) {
      counts.announces++;
      const peerBytes = length - announceReplyHeadBytes;
      if (peerBytes < 0 || peerBytes % 6 !== 0) counts.nonsense++;
      else counts.peers += peerBytes / 6;
    } else if (action === Action.connect) {
      counts.connects++;
      this.#connect(at, nowMs);
    } else if (action === Action.scrape) {
      counts.scrapes++;
      if (length !== 20) counts.nonsense++;
    } else if (action === Action.error) {
      counts.errors++;
    }
    return index;
  }

  #connect(at: number, nowMs: number): void {
    const high = this.#replies.getInt32(at + replyAt.body);
    const low = this.#replies.getInt32(at + replyAt.body + 4);
    for (const { view, requestBytes } of [this.#announces, this.#scrapes]) {
      for (let request = 0; request < requestsPerSend; request++) {
        view.setInt32(request * requestBytes, high);
        view.setInt32(request * requestBytes + 4, low);
      }
    }
    if (this.#connected) return;
    this.#connected = true;
    for (let index = 1; index < this.#options.window; index++) this.#ask(index, nowMs);
  }

  /** Nine announces in ten requests, the rest half scrapes, half connects; only announces while swarms are filled. */
  #ask(index: number, nowMs: number): void {
    const share = this.#share;
    if (share.nextPeer < this.#workload.peers) {
      this.#askAnnounce(index, nowMs, share.nextPeer, Event.started);
      share.nextPeer += share.step;
      return;
    }
    const { changes } = this.#options;
    if (changes !== undefined) {
      const event = this.#random.below(1000) < changes * 5 ? Event.stopped : Event.none;
      this.#askAnnounce(index, nowMs, share.first + share.step * this.#random.below(this.#sharePeers), event);
      return;
    }
    const choice = this.#random.below(100);
    if (choice < 5) this.#askConnect(index, nowMs);
    else if (choice < 10) this.#askScrape(index, nowMs);
    else {
      const event =
        choice < 12
          ? Event.stopped
          : choice < 15
            ? Event.started
            : choice < 16
              ? Event.completed
              : Event.none;
      this.#askAnnounce(index, nowMs, share.first + share.step * this.#random.below(this.#sharePeers), event);
    }
  }

  #askConnect(index: number, nowMs: number): void {
    this.#enqueue(this.#connects, Action.connect, index, nowMs);
  }

  #askScrape(index: number, nowMs: number): void {
    const at = this.#enqueue(this.#scrapes, Action.scrape, index, nowMs);
    this.#writeInfoHash(
      this.#scrapes.view,
      at,
      this.#workload.torrentOf[this.#random.below(this.#workload.peers)],
    );
  }

  #askAnnounce(index: number, nowMs: number, peer: number, event: Event): void {
    const { view } = this.#announces;
    const at = this.#enqueue(this.#announces, Action.announce, index, nowMs);
    this.#writeInfoHash(view, at, this.#workload.torrentOf[peer]);
    view.setInt32(at + requestAt.peerId + 16, peer);
    const complete = this.#workload.seeding[peer] === 1 || event === Event.completed;
    view.setInt32(at + requestAt.left + 4, complete ? 0 : 1_000_000);
    view.setInt32(at + requestAt.event, event);
    view.setUint16(at + requestAt.port, this.#workload.portOf[peer]);
  }

  /** Notes the request as under way and returns where in its queue it is to be written. */
  #enqueue(queue: RequestQueue, action: number, index: number, nowMs: number): number {
    if (queue.count === requestsPerSend) this.#socket.flush();
    const at = queue.count++ * queue.requestBytes;
    const transaction = (this.#transactions[index] + (1 << indexBits)) | 0;
    this.#transactions[index] = transaction;
    this.#actions[index] = action;
    this.#sentAt[index] = nowMs;
    queue.view.setInt32(at + requestAt.transactionId, transaction);
    return at;
  }

  #writeInfoHash(view: DataView, at: number, torrent: number): void {
    const { infoHashes } = this.#workload;
    for (let word = 0; word < 5; word++) {
      view.setInt32(at + requestAt.infoHash + word * 4, infoHashes[torrent * 5 + word], true);
    }
  }

  // What is the same in all requests of a kind is written once.
  #writeTemplates(): void {
    const connectionId = { connectionIdHigh: 0, connectionIdLow: 0 };
    const infoHash = new Uint8Array(infoHashBytes);
    const announce = {
      ...connectionId,
      transactionId: 0,
      infoHash,
      peerId: Buffer.from('-qB5140-bench-------'),
      downloaded: 0,
      left: 0,
      uploaded: 0,
      event: Event.none,
      key: this.#random.word(),
      numwant: this.#options.numwant,
      port: 0,
    };
    for (let request = 0; request < requestsPerSend; request++) {
      encodeConnectRequest(this.#connects.view, request * connectRequestBytes, 0);
      encodeAnnounceRequest(this.#announces.view, request * announceRequestBytes, announce);
      const at = request * this.#scrapes.requestBytes;
      encodeScrapeRequest(this.#scrapes.view, at, connectionId, 0, [infoHash]);
    }
  }
}
