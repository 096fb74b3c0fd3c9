// How the client library is loaded and told where to connect; no other file knows it, and it is loaded only with --cluster.
import type { Cluster, Redis } from 'ioredis';
import type { RedisPlace } from './redis-url.ts';

export type RedisClient = Redis | Cluster;

/** Nobody waits for an answer longer than this; a read that blocks has a second less. */
export const commandTimeoutMs = 5000;

/** A connection that is made again whenever it is lost. @throws Error when the library is not installed */
export async function createRedisClient(place: RedisPlace): Promise<RedisClient> {
  const { Cluster, Redis } = await loadLibrary();
  const { kind, hosts, tls, username, password, db, name, sentinelPassword } = place;
  const common = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // What cannot be sent now fails now: whoever asked keeps it, in order, and within bounds.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 3000,
    keepAlive: 10_000,
    lazyConnect: true,
    protocol: 2 as const,
    retryStrategy: (times: number) => Math.min(times * 100, 2000),
    // A primary that has become a replica: ask anew who the primary is.
    reconnectOnError: (error: Error) => /^(READONLY|MASTERDOWN)/.test(error.message),
  };
  const secured = tls ? { tls: {} } : {};
  if (kind === 'single') return new Redis({ ...common, ...secured, ...hosts[0], db });
  if (kind === 'sentinel')
    return new Redis({
      ...common,
      ...secured,
      ...{ sentinels: [...hosts], name: name!, db, role: 'master', enableTLSForSentinelMode: tls },
      sentinelPassword: sentinelPassword ?? '',
      sentinelRetryStrategy: (times: number) => Math.min(times * 100, 2000),
    });
  return new Cluster([...hosts], {
    redisOptions: { ...common, ...secured },
    enableOfflineQueue: false,
    lazyConnect: true,
    clusterRetryStrategy: (times) => Math.min(times * 100, 2000),
  });
}

async function loadLibrary() {
  try {
    return await import('ioredis');
  } catch (error) {
    throw new Error('--cluster needs the package ioredis, which is not installed', { cause: error });
  }
}
