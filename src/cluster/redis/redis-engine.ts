// Redis or Valkey as the engine: a stream is the row of messages, keys hold the rest.
//
// All keys begin with `{caracal}:`, so in a Redis Cluster they are on one node. A message's id begins with the milliseconds
// of the server's clock, which tells how long it has been there. The stream is bounded by how many messages fit into so
// many bytes, reckoned from how long they were lately, because Redis bounds by their number.
import type { Engine, Heartbeat, Position, Subscriber, Subscription, Taken } from '../engine.ts';
import { pause } from '../pause.ts';
import { createRedisClient, explainFailure, type RedisClient, timeWords } from './redis-client.ts';
import { parseRedisUrl, type RedisPlace } from './redis-url.ts';
import { formatId, isBefore, parseEntries, parseId } from './stream-reply.ts';

const key = (name: string) => `{caracal}:${name}`;
const newsKey = key('news');
const nodesKey = key('nodes');
const beginning = '0-0';
/** At most so many messages at once, and so long a wait for the first. */
const readCount = 64;
const blockMs = 1000;
const leastKept = 16;
const clockEveryMs = 10_000;
const retryMs = 250;

const replaceScript =
  "local v = redis.call('GET', KEYS[1]) " +
  "if (v == false and ARGV[1] == '0') or (v ~= false and ARGV[1] == '1' and v == ARGV[2]) then " +
  "redis.call('SET', KEYS[1], ARGV[3]) return 1 else return 0 end";

type Words = [string, ...(string | number | Buffer)[]];

export class RedisEngine implements Engine {
  readonly #client: RedisClient;
  readonly #place: RedisPlace;
  readonly #readers = new Set<RedisClient>();
  /** From `performance.now()` to the server's clock, as the answer that came fastest told it; NaN before the first. */
  #offsetMs = Number.NaN;
  #offsetSpreadMs = Number.POSITIVE_INFINITY;
  #clock: NodeJS.Timeout;
  #meanBytes = 0;
  #isUp = false;
  /** What the connection failed with last. */
  #failure = 'not connected yet';
  #closed = false;

  private constructor(client: RedisClient, place: RedisPlace) {
    this.#client = client;
    this.#place = place;
    client.on('error', (error) => {
      this.#failure = explainFailure(error);
    });
    client.on('ready', () => {
      this.#isUp = true;
      // It may be another server, with another clock.
      this.#offsetMs = Number.NaN;
      this.#offsetSpreadMs = Number.POSITIVE_INFINITY;
      void this.#askTime().catch(() => {});
    });
    client.on('close', () => {
      if (this.#isUp) this.#failure = 'the connection is lost';
      this.#isUp = false;
    });
    this.#clock = setInterval(() => void this.#askTime().catch(() => {}), clockEveryMs).unref();
  }

  /**
   * Begins to connect, and goes on trying.
   * @throws RangeError for a URL that is none; Error when the client library is missing
   */
  static async open(url: string): Promise<RedisEngine> {
    const place = parseRedisUrl(url);
    if (place === undefined) throw new RangeError('not the URL of a Redis server');
    const client = await createRedisClient(place);
    const engine = new RedisEngine(client, place);
    client.connect().catch(() => {});
    return engine;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  async publish(bytes: Uint8Array, keptBytes: number): Promise<Taken> {
    this.#noteSize(bytes.length);
    const kept = Math.max(leastKept, Math.floor(keptBytes / this.#meanBytes));
    const position = String(
      await this.#call('XADD', newsKey, 'MAXLEN', '~', kept, '*', 'm', asBuffer(bytes)),
    );
    return { position, takenAt: parseId(position).ms };
  }

  async timeMs(): Promise<number> {
    if (Number.isNaN(this.#offsetMs)) await this.#askTime();
    return performance.now() + this.#offsetMs;
  }

  async end(): Promise<Position> {
    return (await this.#lastId()) ?? beginning;
  }

  subscribe(from: Position, subscriber: Subscriber): Subscription {
    const life = { isOpen: true };
    const done = this.#read(from, subscriber, life);
    return {
      close: async () => {
        life.isOpen = false;
        await done;
      },
    };
  }

  async park(name: string, bytes: Uint8Array, seconds: number): Promise<void> {
    await this.#call('SET', key(`parked:${name}`), asBuffer(bytes), 'EX', seconds);
  }

  async fetch(name: string): Promise<Uint8Array | undefined> {
    const bytes = (await this.#callBuffer('GET', key(`parked:${name}`))) as Buffer | null;
    return bytes ?? undefined;
  }

  async beat(node: string, bytes: Uint8Array): Promise<void> {
    const now = await this.timeMs();
    const said = Buffer.concat([Buffer.from(`${Math.round(now)} `), bytes]);
    await this.#call('HSET', nodesKey, node, said);
  }

  async beats(): Promise<Heartbeat[]> {
    const now = await this.timeMs();
    const fields = (await this.#callBuffer('HGETALL', nodesKey)) as Buffer[];
    const beats: Heartbeat[] = [];
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const said = fields[i + 1];
      const space = said.indexOf(32);
      const ageMs = Math.max(0, now - Number(said.subarray(0, space)));
      beats.push({ node: fields[i].toString(), bytes: said.subarray(space + 1), ageMs });
    }
    return beats;
  }

  async forget(node: string): Promise<void> {
    await this.#call('HDEL', nodesKey, node);
  }

  async value(name: string): Promise<Uint8Array | undefined> {
    return ((await this.#callBuffer('GET', key(`value:${name}`))) as Buffer | null) ?? undefined;
  }

  async replace(name: string, before: Uint8Array | undefined, value: Uint8Array): Promise<boolean> {
    const was = before === undefined ? ['0', ''] : ['1', asBuffer(before)];
    const done = await this.#call('EVAL', replaceScript, 1, key(`value:${name}`), ...was, asBuffer(value));
    return Number(done) === 1;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#isUp = false;
    clearInterval(this.#clock);
    for (const client of [this.#client, ...this.#readers]) client.disconnect();
  }

  async #read(from: Position, subscriber: Subscriber, life: { isOpen: boolean }): Promise<void> {
    const reader = await createRedisClient(this.#place);
    this.#readers.add(reader);
    let position = from;
    let isSure = false;
    reader.on('error', () => {});
    reader.on('close', () => (isSure = false));
    reader.connect().catch(() => {});
    while (life.isOpen && !this.#closed) {
      try {
        if (!isSure) {
          isSure = true;
          if (await this.#isCut(reader, position)) {
            position = beginning;
            subscriber.cut();
          }
        }
        const reply = await reader.callBuffer(
          ...(['XREAD', 'COUNT', readCount, 'BLOCK', blockMs, 'STREAMS', newsKey, position] as const),
        );
        const entries = parseEntries(reply);
        if (entries.length === 0 || !life.isOpen) continue;
        const now = await this.timeMs();
        await subscriber.deliver(
          entries.map(({ id, bytes }) => {
            this.#noteSize(bytes.length);
            return { position: formatId(id), takenAt: id.ms, bytes, ageMs: Math.max(0, now - id.ms) };
          }),
        );
        position = formatId(entries[entries.length - 1].id);
      } catch {
        isSure = false;
        if (life.isOpen && !this.#closed) await pause(retryMs);
      }
    }
    reader.disconnect();
    this.#readers.delete(reader);
  }

  /** Whether messages behind the position may be gone: where it is not there itself, nobody can tell. */
  async #isCut(reader: RedisClient, position: Position): Promise<boolean> {
    if (position === beginning) return false;
    const last = await this.#lastId(reader);
    if (last === undefined || isBefore(last, position)) return true;
    if (last === position) return false;
    return parseRange(await reader.callBuffer('XRANGE', newsKey, position, position)) === 0;
  }

  /** The connection, when it is there: the library's own words for its absence tell an operator nothing. */
  #ask(): RedisClient {
    if (!this.#isUp) throw new Error(this.#failure);
    return this.#client;
  }

  /** A full server refuses the very command that would have it drop old messages, so they are dropped first then. */
  async #call(...words: Words): Promise<unknown> {
    try {
      return await this.#ask().call(...words);
    } catch (error) {
      if (!/\bOOM\b/.test((error as Error).message)) throw explained(error);
    }
    try {
      const length = Number(await this.#ask().call('XLEN', newsKey));
      await this.#ask().call('XTRIM', newsKey, 'MAXLEN', Math.max(leastKept, length >> 1));
      return await this.#ask().call(...words);
    } catch (error) {
      throw explained(error);
    }
  }

  async #callBuffer(...words: Words): Promise<unknown> {
    return await this.#ask()
      .callBuffer(...words)
      .catch((error) => {
        throw explained(error);
      });
  }

  async #lastId(client = this.#ask()): Promise<Position | undefined> {
    try {
      const fields = (await client.call('XINFO', 'STREAM', newsKey)) as unknown[];
      return String(fields[fields.indexOf('last-generated-id') + 1]);
    } catch (error) {
      if (/no such key/i.test((error as Error).message)) return undefined;
      throw error;
    }
  }

  async #askTime(): Promise<void> {
    const asked = performance.now();
    const [seconds, micros] = (await this.#call(...timeWords(this.#place.kind, newsKey))) as [string, string];
    const spread = performance.now() - asked;
    // Clocks drift: an old answer counts for less each time.
    this.#offsetSpreadMs *= 1.5;
    if (spread > this.#offsetSpreadMs) return;
    this.#offsetSpreadMs = spread;
    this.#offsetMs = Number(seconds) * 1000 + Number(micros) / 1000 - (asked + spread / 2);
  }

  #noteSize(bytes: number): void {
    // What an entry takes besides.
    const size = bytes + 64;
    this.#meanBytes = this.#meanBytes === 0 ? size : this.#meanBytes * 0.9 + size * 0.1;
  }
}

function explained(error: unknown): Error {
  return new Error(explainFailure(error), { cause: error });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parseRange(reply: unknown): number {
  return Array.isArray(reply) ? reply.length : 0;
}
