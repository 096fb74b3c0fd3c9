// WebTorrent as it is divided between threads: what they share, and what serves it on the main thread.

import type { TransportCounts } from '../../transport/transport-counts.ts';
import type { HandshakeRules } from '../../transport/webtorrent/handshakes.ts';
import { Mailboxes } from '../../transport/webtorrent/mailboxes.ts';
import { WebTorrentCounters } from '../../transport/webtorrent/webtorrent-counters.ts';
import { webTorrentCounts } from '../../transport/webtorrent/webtorrent-counts.ts';
import { WebTorrentHost } from '../../transport/webtorrent/webtorrent-host.ts';
import { monotonicSeconds } from '../clock.ts';
import type { Configuration } from '../options/configuration.ts';
import type { ListenerParts } from './listener.ts';

/** Plain data, the same for all threads. */
export interface WebTorrentShared {
  readonly mailboxes: SharedArrayBuffer;
  readonly threads: number;
  readonly offerKey: Int32Array;
  readonly rules: HandshakeRules;
  /** One set a thread, by its number. */
  readonly counters: SharedArrayBuffer;
  /** By thread: the eventfd that wakes its loop; −1 for one with Node's own, which hears of letters by itself. */
  readonly eventfds: Int32Array;
}

export interface WebTorrentParts {
  readonly shared: WebTorrentShared;
  /** The main thread's. */
  readonly host: WebTorrentHost;
  counts(): TransportCounts;
  /** Counts out what a thread that has failed held, and has its peers leave their swarms. */
  abandon(thread: number): void;
}

/** Of as many connections as there may be, WebSockets leave so many for questions over HTTP: one in eight. */
const shareForHttp = 8;

/** Undefined without WebTorrent. `number` is the main thread's, `threads` how many there are, and `wake` wakes others. */
export function createWebTorrentParts(
  {
    configuration,
    tracker,
    store,
    failed,
  }: Pick<ListenerParts, 'configuration' | 'tracker' | 'store' | 'failed'>,
  threads: number,
  number: number,
  mostConnections: number,
  wake: (thread: number) => void,
): WebTorrentParts | undefined {
  if (configuration.noWebtorrent) return undefined;
  const shared: WebTorrentShared = {
    mailboxes: Mailboxes.create(threads),
    threads,
    offerKey: crypto.getRandomValues(new Int32Array(2)),
    rules: rulesFrom(configuration, mostConnections),
    counters: new SharedArrayBuffer(threads * WebTorrentCounters.bytes),
    eventfds: new Int32Array(new SharedArrayBuffer(threads * 4)).fill(-1),
  };
  const sets = Array.from({ length: threads }, (_, index) => new WebTorrentCounters(shared.counters, index));
  const mailboxes = new Mailboxes(shared.mailboxes, threads, number, wake);
  const host = new WebTorrentHost({
    tracker,
    counters: sets[number],
    mailboxes,
    thread: number,
    offerKey: shared.offerKey,
    rules: shared.rules,
    clock: monotonicSeconds,
    onException: failed,
  });
  const abandon = (thread: number) => {
    const { plainOpen, secureOpen } = sets[thread];
    mailboxes.countOpen(-plainOpen - secureOpen);
    sets[thread].plainOpen = sets[thread].secureOpen = 0;
    // Whatever the thread opens when it is started again is younger.
    const peers = store.peersOfThread(thread, mailboxes.lastGeneration);
    const forget = () => {
      if (!peers.forget()) setImmediate(forget);
    };
    forget();
  };
  return { shared, host, counts: () => webTorrentCounts(sets), abandon };
}

function rulesFrom({ wsOrigin, denyWsOrigin }: Configuration, mostConnections: number): HandshakeRules {
  return {
    allowed: wsOrigin,
    denied: denyWsOrigin,
    mostOpen: Math.ceil(mostConnections - mostConnections / shareForHttp),
  };
}
