// A tracker within a test's own process, and a client of it.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type Asked, type ClientAnnounce, createClient } from '../../src/library/client.ts';
import { createTracker, type Tracker, type TrackerOptions } from '../../src/library/index.ts';
import type { AnnounceAnswer } from '../../src/query/asking/tracker-answer.ts';

export const infoHash = '0102030405060708090a0b0c0d0e0f1011121314';
export const otherHash = 'ff02030405060708090a0b0c0d0e0f1011121314';

/** Listens on loopback, with a small store, and is closed when the test is over. */
export async function startTracker(test: TestContext, options: TrackerOptions = {}): Promise<Tracker> {
  const tracker = createTracker({ host: '127.0.0.1', memoryLimit: '16MiB', ...options });
  test.after(() => tracker.close());
  await tracker.listen();
  return tracker;
}

/** The URL of the tracker's listener for `scheme`. */
export function urlOf(tracker: Tracker, scheme: 'udp' | 'http' | 'ws'): string {
  const url = tracker.announceUrls.find((url) => url.startsWith(`${scheme}:`));
  if (url === undefined) throw new Error(`there is no ${scheme} among ${tracker.announceUrls.join(', ')}`);
  return url;
}

/** One announce by a new client. */
export async function announce(url: string, announce: Partial<ClientAnnounce> = {}): Promise<AnnounceAnswer> {
  const client = createClient(url, { timeout: 10 });
  try {
    const { answer }: Asked<AnnounceAnswer> = await client.announce({ infoHash, ...announce });
    return answer;
  } finally {
    client.close();
  }
}

/** A server of the program's own, whose requests `listen` gets; its URL without a path. */
export async function startServer(test: TestContext, prepare: (server: Server) => void): Promise<string> {
  const server = createServer();
  prepare(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
