// Knows one whole query of one tracker: the question, its answer as a result, the host names of its peers, and the clean-up.

import { Deadline, within } from '../network/deadline.ts';
import { type Families, resolveAddress } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { scrapeUrlOf, type TrackerUrl } from '../network/tracker-url.ts';
import type { AnnounceQuestion, EventName } from './announce-question.ts';
import type { Conversation } from './answered.ts';
import { createConversation } from './conversation.ts';
import type { Loss } from './effort.ts';
import { createIdentity, type Identity } from './identity.ts';
import type { Torrent } from './torrent.ts';
import type { AnnounceResult, ListedPeer, ScrapeResult } from './tracker-answer.ts';
import { warmUp } from './warm-up.ts';

/** What is asked of a tracker, and how. */
export interface QuerySettings {
  kind: 'announce' | 'scrape';
  /** Empty for a full scrape. */
  torrents: readonly Torrent[];
  event: EventName;
  numwant: number;
  /** Bytes. */
  left: number;
  port: number;
  randomIdentity: boolean;
  cleanup: boolean;
  timeoutSeconds: number;
  families: Families;
  insecure: boolean;
  /** Show the peers; over WebSocket they must be offered to first. */
  showPeers: boolean;
  /** Find the host names of the peers. */
  lookup: boolean;
}

export type Result = AnnounceResult | ScrapeResult;

export interface Query {
  result: Result;
  /** Takes our peer out of the swarm again, if the announce left one there; takes at most one more time-out. */
  cleanUp: () => Promise<void>;
}

/** Asks one tracker once. Never throws what the tracker did: that is in the result. `interrupt` is Ctrl-C. */
export async function queryTracker(
  url: TrackerUrl,
  settings: QuerySettings,
  interrupt?: AbortSignal,
): Promise<Query> {
  const asker = new Asker(url, settings);
  return { result: await asker.ask(interrupt), cleanUp: () => asker.cleanUp() };
}

/** One peer that asks one tracker, as often as it likes. */
export class Asker {
  readonly #url: TrackerUrl;
  readonly #settings: QuerySettings;
  readonly #identity: Identity;
  readonly #conversation: Conversation;
  #recorded = false;

  constructor(url: TrackerUrl, settings: QuerySettings) {
    this.#url = url;
    this.#settings = settings;
    this.#identity = createIdentity({ random: settings.randomIdentity });
    this.#conversation = createConversation(url, {
      userAgent: this.#identity.userAgent,
      families: settings.families,
      insecure: settings.insecure,
    });
  }

  /** An announce (with `event`, default: the settings') or a scrape, as the settings want it. */
  async ask(interrupt?: AbortSignal, event: EventName = this.#settings.event): Promise<Result> {
    // Outside the time of the question: it is ours.
    await warmUp(this.#url.scheme);
    return this.#settings.kind === 'scrape'
      ? await this.#scrape(interrupt)
      : await this.#announce(event, interrupt);
  }

  async cleanUp(): Promise<void> {
    try {
      if (this.#settings.cleanup && this.#recorded) await this.#sendStopped();
    } finally {
      this.#conversation.close();
    }
  }

  async #announce(event: EventName, interrupt: AbortSignal | undefined): Promise<AnnounceResult> {
    const before = this.#conversation.loss;
    const outcome = await timed(this.#settings, interrupt, async (deadline, stopClock) => {
      const answered = await this.#conversation.announce(this.#question(event), deadline);
      stopClock(answered.waitedMs);
      if (this.#settings.lookup) await nameHosts(answered.answer.peers, deadline);
      return answered;
    });
    const answer = outcome.value?.answer;
    // A refusal stores nothing; an announce that was answered, were it with nonsense, may have.
    const taken = answer ? answer.failureReason === null : outcome.error?.answered === true;
    if (taken) this.#recorded = event !== 'stopped';
    return {
      tracker: this.#url.text,
      numwant: this.#settings.numwant,
      responseTimeMs: outcome.ms,
      address: outcome.value?.address ?? null,
      steps: outcome.value?.steps ?? [],
      loss: lossSince(before, this.#conversation.loss),
      redirects: outcome.value?.http?.redirects ?? [],
      answer,
      error: outcome.error?.message,
      permanent: outcome.error?.permanent ?? false,
    };
  }

  async #scrape(interrupt: AbortSignal | undefined): Promise<ScrapeResult> {
    const infoHashes = this.#settings.torrents.map(({ infoHash }) => infoHash);
    const before = this.#conversation.loss;
    const outcome = await timed(this.#settings, interrupt, async (deadline, stopClock) => {
      const answered = await this.#conversation.scrape(infoHashes, deadline);
      stopClock();
      return answered;
    });
    const answer = outcome.value?.answer;
    return {
      tracker: this.#url.text,
      scrapeUrl: scrapeUrlOf(this.#url)?.text ?? this.#url.text,
      responseTimeMs: outcome.ms,
      steps: outcome.value?.steps ?? [],
      loss: lossSince(before, this.#conversation.loss),
      failureReason: answer?.failureReason ?? null,
      minRequestInterval: answer?.minRequestInterval ?? null,
      torrentCount: answer?.torrentCount ?? 0,
      torrents: answer?.torrents ?? [],
      compliance: answer?.compliance ?? [],
      answered: answer !== undefined,
      error: outcome.error?.message,
      permanent: outcome.error?.permanent ?? false,
    };
  }

  #question(event: EventName): AnnounceQuestion {
    const { left, numwant, port, torrents, showPeers } = this.#settings;
    const { infoHash } = torrents[0];
    const listPeers = showPeers && event !== 'stopped';
    return { infoHash, identity: this.#identity, port, event, left, numwant, listPeers };
  }

  async #sendStopped(): Promise<void> {
    const question = { ...this.#question('stopped'), numwant: 0 };
    try {
      await within(this.#settings.timeoutSeconds, undefined, (deadline) =>
        this.#conversation.announce(question, deadline),
      );
    } catch (error) {
      // Nobody is helped by a word about it: what was asked for has been answered.
      if (!(error instanceof TrackerError)) throw error;
    }
  }
}

function lossSince(before: Loss, now: Loss): Loss {
  return { unit: now.unit, sent: now.sent - before.sent, lost: now.lost - before.lost };
}

/** Runs `work` under one deadline; `ms` is the time until it stopped the clock, without what it waited; null when it failed before. */
async function timed<T>(
  settings: QuerySettings,
  interrupt: AbortSignal | undefined,
  work: (deadline: Deadline, stopClock: (waitedMs?: number) => void) => Promise<T>,
): Promise<{ value?: T; error?: TrackerError; ms: number | null }> {
  const deadline = new Deadline(settings.timeoutSeconds, interrupt);
  const startedMs = performance.now();
  let ms: number | null = null;
  try {
    const value = await work(deadline, (waitedMs = 0) => {
      ms = Math.round((performance.now() - startedMs - waitedMs) * 10) / 10;
    });
    return { value, ms };
  } catch (error) {
    if (error instanceof TrackerError) return { error, ms };
    throw error;
  } finally {
    deadline.close();
  }
}

const concurrentLookups = 16;

/** Fills in the host names that can be had before the deadline; the others stay null. */
async function nameHosts(listed: readonly ListedPeer[], deadline: Deadline): Promise<void> {
  const peers = listed.filter(({ ip }) => ip !== '');
  let next = 0;
  const work = async () => {
    while (next < peers.length && !deadline.signal.aborted) {
      const peer = peers[next++];
      peer.hostname = await resolveAddress(peer.ip.replace(/^::ffff:(?=\d+\.)/, ''), deadline);
    }
  };
  await Promise.all(Array.from({ length: concurrentLookups }, work));
}
