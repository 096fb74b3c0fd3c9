// How long it takes until a peer that one tracker has acknowledged is known to another.
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as pause } from 'node:timers/promises';
import { Event } from '../src/protocol/event.ts';
import {
  type ConnectionIdHalves,
  decodeConnectReply,
  decodeReplyTransactionId,
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../src/protocol/udp-client-packets.ts';

const askAgainMs = 5;
const answerWithinMs = 2000;

/** A client of one tracker that knows what each reply belongs to. */
export class Asker {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  readonly #waiting = new Map<number, (reply: Buffer) => void>();
  readonly #id: ConnectionIdHalves = { connectionIdHigh: 0, connectionIdLow: 0 };
  #transaction = 1;

  private constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (reply) => {
      if (reply.length >= 8) this.#waiting.get(decodeReplyTransactionId(viewOf(reply), 0))?.(reply);
    });
  }

  static async connect(port: number): Promise<Asker> {
    const asker = new Asker(port);
    await asker.renew();
    return asker;
  }

  /** A connection id is good for two minutes. */
  async renew(): Promise<void> {
    const reply = await this.#ask((view, transaction) => encodeConnectRequest(view, 0, transaction));
    if (!decodeConnectReply(viewOf(reply), 0, reply.length, this.#id)) throw new Error('no connection id');
  }

  async announce(infoHash: Uint8Array, port: number): Promise<void> {
    await this.#ask((view, transactionId) =>
      encodeAnnounceRequest(view, 0, {
        ...this.#id,
        ...{ transactionId, infoHash, peerId: infoHash, event: Event.started, key: 1, numwant: 0, port },
        ...{ downloaded: 0, left: 1, uploaded: 0 },
      }),
    );
  }

  /** How many peers the tracker knows in the swarm. */
  async count(infoHash: Uint8Array): Promise<number> {
    const reply = await this.#ask((view, transaction) =>
      encodeScrapeRequest(view, 0, this.#id, transaction, [infoHash]),
    );
    return reply.readInt32BE(8) + reply.readInt32BE(16);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(write: (view: DataView, transaction: number) => number): Promise<Buffer> {
    const transaction = this.#transaction++;
    const bytes = Buffer.alloc(128);
    const length = write(viewOf(bytes), transaction);
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(late);
        this.#waiting.delete(transaction);
      };
      const late = setTimeout(() => {
        end();
        reject(new Error('no answer'));
      }, answerWithinMs);
      this.#waiting.set(transaction, (reply) => {
        end();
        resolve(reply);
      });
      this.#socket.send(bytes.subarray(0, length), this.#port, '127.0.0.1');
    });
  }
}

/**
 * Milliseconds from the acknowledgement here until it is visible there, of new peers in swarms of their own.
 * @param perSecond how many at a time; each is asked for every 5 ms
 */
export async function timesUntilVisible(
  here: number,
  there: number,
  samples: number,
  perSecond: number,
): Promise<number[]> {
  const [from, to] = [await Asker.connect(here), await Asker.connect(there)];
  const sample = async (number: number) => {
    const infoHash = Buffer.alloc(20, 7);
    infoHash.writeUInt32LE(Math.imul(number, 0x9e3779b1) >>> 0, 0);
    await from.announce(infoHash, 30_000 + (number % 1000));
    const acknowledged = performance.now();
    while ((await to.count(infoHash)) === 0) await pause(askAgainMs);
    return performance.now() - acknowledged;
  };
  // Until both nodes are ready for it.
  await sample(0);
  const times: Promise<number>[] = [];
  for (let number = 1; number <= samples; number++) {
    if (number % (20 * perSecond) === 0) for (const asker of [from, to]) await asker.renew();
    times.push(sample(number));
    await pause(1000 / perSecond);
  }
  const found = await Promise.all(times);
  for (const asker of [from, to]) asker.close();
  return found;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
