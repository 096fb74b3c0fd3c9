// Whether a server can be the engine: everything that the engine asks for is tried on a key of its own, which nobody reads.
import { createRedisClient, type RedisClient, timeWords } from './redis-client.ts';
import { parseRedisUrl, type RedisPlace } from './redis-url.ts';

const key = '{caracal}:check';
const withinMs = 4000;

export interface RedisTrial {
  /** As `Redis 7.0.15`. */
  readonly server: string;
  /** Bytes that it may take at most, 0 where it has no limit, and what it does then. */
  readonly maxMemory: number;
  readonly memoryPolicy: string;
  /** Milliseconds by which its clock is ahead of this machine's, and how long it took to answer. */
  readonly aheadMs: number;
  readonly answerMs: number;
}

/**
 * Leaves nothing behind.
 * @throws Error with what it does not do, and its own words: it cannot be reached, takes no password, allows no stream
 */
export async function tryRedis(url: string): Promise<RedisTrial> {
  const place = parseRedisUrl(url);
  if (place === undefined) throw new RangeError('not the URL of a Redis server');
  const client = await createRedisClient(place);
  try {
    await connect(client);
    return await tryCommands(client, place);
  } finally {
    client.disconnect();
  }
}

async function connect(client: RedisClient): Promise<void> {
  // What the library says last is not what was wrong first.
  let reason: Error | undefined;
  client.on('error', (error: Error) => {
    reason ??= error;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(reason ?? new Error('it does not answer')), withinMs);
  });
  try {
    await Promise.race([client.connect(), late]);
  } catch (error) {
    throw reason ?? error;
  } finally {
    clearTimeout(timer);
  }
}

async function tryCommands(client: RedisClient, { kind }: RedisPlace): Promise<RedisTrial> {
  const stream = `${key}:news`;
  const commands: (readonly [string, ...(string | number)[]])[] = [
    ['XADD', stream, 'MAXLEN', '~', 1, '*', 'm', 'check'],
    ['XREAD', 'COUNT', 1, 'STREAMS', stream, '0-0'],
    ['XRANGE', stream, '-', '+'],
    ['XINFO', 'STREAM', stream],
    ['SET', `${key}:parked`, 'check', 'EX', 10],
    ['GET', `${key}:parked`],
    ['HSET', `${key}:nodes`, 'check', 'check'],
    ['HGETALL', `${key}:nodes`],
    ['HDEL', `${key}:nodes`, 'check'],
    ['EVAL', "return redis.call('GET', KEYS[1])", 1, `${key}:parked`],
    ['DEL', stream, `${key}:parked`, `${key}:nodes`],
  ];
  for (const [name, ...words] of commands) {
    try {
      await client.call(name, ...words);
    } catch (error) {
      throw new Error(`${name} fails: ${(error as Error).message}`, { cause: error });
    }
  }
  const asked = Date.now();
  const [seconds, micros] = (await client.call(...timeWords(kind, stream))) as [string, string];
  const answerMs = Date.now() - asked;
  const aheadMs = Number(seconds) * 1000 + Number(micros) / 1000 - (asked + answerMs / 2);
  return { ...(await askOfItself(client)), aheadMs: Math.round(aheadMs), answerMs };
}

/** It need not tell: INFO may be forbidden. */
async function askOfItself(client: RedisClient) {
  const text = String(await client.call('INFO').catch(() => ''));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  const [valkey, redis] = [field('valkey_version'), field('redis_version')];
  return {
    server: valkey !== '' ? `Valkey ${valkey}` : redis !== '' ? `Redis ${redis}` : 'a server',
    maxMemory: Number(field('maxmemory')),
    memoryPolicy: field('maxmemory_policy'),
  };
}
