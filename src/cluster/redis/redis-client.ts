// How the client library is loaded and told where to connect; no other file knows it, and it is loaded only with --cluster.
import { readFile } from 'node:fs/promises';
import type { Cluster, Redis } from 'ioredis';
import type { RedisPlace } from './redis-url.ts';

export type RedisClient = Redis | Cluster;

/** Nobody waits for an answer longer than this; a read that blocks has a second less. */
const commandTimeoutMs = 5000;
/** Who has said nothing for so long while something is asked is gone, though its machine may not have said so. */
const silentMs = 6000;
const connectTimeoutMs = 3000;
/** One that stands still does not say goodbye. */
const disconnectTimeoutMs = 100;

/**
 * A connection that is made again whenever it is lost.
 * @throws Error when the library is not installed, or the certificates of `ca` cannot be read
 */
export async function createRedisClient(place: RedisPlace): Promise<RedisClient> {
  const { Cluster, Redis } = await loadLibrary();
  const { kind, hosts, tls, ca, username, password, db, name, sentinelPassword } = place;
  const common = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // What cannot be sent now fails now: whoever asked keeps it, in order, and within bounds.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silentMs,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    keepAlive: 10_000,
    lazyConnect: true,
    protocol: 2 as const,
    retryStrategy: (times: number) => Math.min(times * 100, 2000),
    // A primary that has become a replica: ask anew who the primary is.
    reconnectOnError: (error: Error) => /^(READONLY|MASTERDOWN)/.test(error.message),
  };
  const trusted = ca === undefined ? {} : { ca: await readFile(ca) };
  const secured = tls ? { tls: trusted } : {};
  if (kind === 'single') return new Redis({ ...common, ...secured, ...hosts[0], db });
  if (kind === 'sentinel')
    return new Redis({
      ...common,
      ...secured,
      ...{ sentinels: [...hosts], name: name!, db, role: 'master', enableTLSForSentinelMode: tls },
      ...(tls && { sentinelTLS: trusted }),
      ...(sentinelPassword !== undefined && { sentinelPassword }),
      sentinelCommandTimeout: connectTimeoutMs,
      sentinelRetryStrategy: (times: number) => Math.min(times * 100, 2000),
    });
  return new Cluster([...hosts], {
    redisOptions: { ...common, ...secured },
    enableOfflineQueue: false,
    lazyConnect: true,
    clusterRetryStrategy: (times) => Math.min(times * 100, 2000),
    // Certificates are checked against names, which the library would replace by addresses.
    ...(tls && { dnsLookup: (name, found) => found(null, name) }),
  });
}

/** The command that asks the time of the server that has the key: without a key any server of a Redis Cluster is asked. */
export function timeWords(kind: RedisPlace['kind'], key: string): [string, ...(string | number)[]] {
  return kind === 'cluster' ? ['EVAL', "return redis.call('TIME')", 1, key] : ['TIME'];
}

/** What a command has failed with, in words for an operator: some of the library's own name its options. */
export function explainFailure(error: unknown): string {
  const { message } = error as Error;
  if (/^(?:Command timed out|Socket timeout)/.test(message)) return 'it does not answer';
  if (/max retries|Connection is closed|isn't writeable|aborted/.test(message))
    return 'the connection is lost';
  return message;
}

async function loadLibrary() {
  try {
    return await import('ioredis');
  } catch (error) {
    throw new Error('--cluster needs the package ioredis, which is not installed', { cause: error });
  }
}
