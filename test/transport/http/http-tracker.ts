// Starts an HTTP transport over a small tracker, for the tests of this folder.
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseCidr } from '../../../src/protocol/cidr.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import {
  HttpConnections,
  type HttpConnectionsOptions,
} from '../../../src/transport/http/http-connections.ts';
import { HttpCounters } from '../../../src/transport/http/http-counters.ts';
import { type HttpOptions, HttpTransport } from '../../../src/transport/http/http-transport.ts';
import { createContractTracker } from '../contract.ts';

export interface StartedHttp {
  port: number;
  counters: HttpCounters;
  exceptions: unknown[];
  transport: HttpTransport;
}

type Changes = Partial<Omit<HttpOptions, 'tracker'>> &
  Partial<HttpConnectionsOptions> & { trusted?: string[]; tracker?: Tracker };

/** Listens on loopback; whoever starts it closes it. */
export async function startHttp(changes: Changes = {}): Promise<StartedHttp> {
  const { max = 1000, maxPerAddress = 1000, trusted = [], isOverLimit = () => false, ...options } = changes;
  const counters = new HttpCounters();
  const exceptions: unknown[] = [];
  const trustedProxies = trusted.map((text) => parseCidr(text)!);
  const transport = await HttpTransport.listen({
    host: '127.0.0.1',
    port: 0,
    tracker: createContractTracker(),
    connections: new HttpConnections({ max, maxPerAddress, trustedProxies, isOverLimit }),
    counters,
    announceUrls: () => ['http://tracker.example.net:6969/announce'],
    clock: () => 1000,
    onException: (error) => exceptions.push(error),
    ...options,
  });
  return { port: transport.port, counters, exceptions, transport };
}

/** As `startHttp`, closed at the end of the test. */
export async function startHttpFor(t: TestContext, changes: Changes = {}): Promise<StartedHttp> {
  const started = await startHttp(changes);
  t.after(() => started.transport.close(0));
  return started;
}

/** Waits until the server knows of no open connection: it hears of an end a moment after the client. */
export async function allClosed(counters: HttpCounters): Promise<void> {
  for (let i = 0; counters.connectionsOpen > 0; i++) {
    if (i === 100) throw new Error(`${counters.connectionsOpen} connections stay open`);
    await pause(10);
  }
}
