// Knows one whole query of one tracker: the question, its answer as a result, the host names of its peers, and the clean-up.
import type { AnnounceQuestion } from './announce-question.ts';
import type { TrackerUrl } from './announce-url.ts';
import { scrapeUrlOf } from './announce-url.ts';
import { type Answered, type Conversation, createConversation } from './conversation.ts';
import { Deadline } from './deadline.ts';
import type { ScrapeAnswer } from './http-answer.ts';
import { createIdentity, type Identity } from './identity.ts';
import { resolveAddress } from './name-lookup.ts';
import type { Settings } from './settings.ts';
import type { AnnounceAnswer, AnnounceResult, PeerEntry, ScrapeResult } from './tracker-answer.ts';
import { TrackerError } from './tracker-error.ts';

export type Result = AnnounceResult | ScrapeResult;

export interface Query {
  result: Result;
  /** Takes our peer out of the swarm again, if the announce left one there; takes at most one more time-out. */
  cleanUp: () => Promise<void>;
}

/** Asks one tracker. Never throws what the tracker did: that is in the result. `interrupt` is Ctrl-C. */
export async function queryTracker(
  url: TrackerUrl,
  settings: Settings,
  interrupt?: AbortSignal,
): Promise<Query> {
  const identity = createIdentity({ random: settings.randomIdentity });
  const conversation = createConversation(url, {
    userAgent: identity.userAgent,
    families: settings.families,
    insecure: settings.insecure,
  });
  if (settings.kind === 'scrape') {
    const result = await scrapeTracker(url, conversation, settings, interrupt);
    conversation.close();
    return { result, cleanUp: async () => {} };
  }
  const question = createQuestion(settings, identity);
  const { result, recorded } = await announceToTracker(url, conversation, question, settings, interrupt);
  const cleanUp = async () => {
    if (settings.cleanup && recorded) await sendStopped(conversation, question, settings);
    conversation.close();
  };
  return { result, cleanUp };
}

export function createQuestion(settings: Settings, identity: Identity): AnnounceQuestion {
  const { event, left, numwant, port } = settings;
  return { infoHash: settings.torrents[0]!.infoHash, identity, port, event, left, numwant };
}

async function announceToTracker(
  url: TrackerUrl,
  conversation: Conversation,
  question: AnnounceQuestion,
  settings: Settings,
  interrupt: AbortSignal | undefined,
): Promise<{ result: AnnounceResult; recorded: boolean }> {
  const outcome = await timed(settings, interrupt, async (deadline, stopClock) => {
    const answered: Answered<AnnounceAnswer> = await conversation.announce(question, deadline);
    stopClock();
    if (settings.lookup) await nameHosts(answered.answer.peers, deadline);
    return answered;
  });
  const answer = outcome.value?.answer;
  const result: AnnounceResult = {
    tracker: url.text,
    numwant: settings.numwant,
    responseTimeMs: outcome.ms,
    address: outcome.value?.address ?? null,
    answer,
    error: outcome.error?.message,
    permanent: outcome.error?.permanent ?? false,
  };
  // A refusal stores nothing; an announce that was answered, were it with nonsense, may have.
  const taken = answer ? answer.failureReason === null : outcome.error?.answered === true;
  return { result, recorded: taken && question.event !== 'stopped' };
}

async function scrapeTracker(
  url: TrackerUrl,
  conversation: Conversation,
  settings: Settings,
  interrupt: AbortSignal | undefined,
): Promise<ScrapeResult> {
  const infoHashes = settings.torrents.map(({ infoHash }) => infoHash);
  const outcome = await timed(settings, interrupt, async (deadline, stopClock) => {
    const answered: Answered<ScrapeAnswer> = await conversation.scrape(infoHashes, deadline);
    stopClock();
    return answered.answer;
  });
  const answer = outcome.value;
  return {
    tracker: url.text,
    scrapeUrl: scrapeUrlOf(url)?.text ?? url.text,
    responseTimeMs: outcome.ms,
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

/** Runs `work` under one deadline; `ms` is the time until it stopped the clock, null when it failed before. */
async function timed<T>(
  settings: Settings,
  interrupt: AbortSignal | undefined,
  work: (deadline: Deadline, stopClock: () => void) => Promise<T>,
): Promise<{ value?: T; error?: TrackerError; ms: number | null }> {
  const deadline = new Deadline(settings.timeoutSeconds, interrupt);
  const startedMs = performance.now();
  let ms: number | null = null;
  try {
    const value = await work(deadline, () => {
      ms = Math.round((performance.now() - startedMs) * 10) / 10;
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
async function nameHosts(peers: readonly PeerEntry[], deadline: Deadline): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < peers.length && !deadline.signal.aborted) {
      const peer = peers[next++]!;
      peer.hostname = await resolveAddress(peer.ip.replace(/^::ffff:(?=\d+\.)/, ''), deadline);
    }
  };
  await Promise.all(Array.from({ length: concurrentLookups }, work));
}

export async function sendStopped(
  conversation: Conversation,
  question: AnnounceQuestion,
  settings: Pick<Settings, 'timeoutSeconds'>,
): Promise<void> {
  const deadline = new Deadline(settings.timeoutSeconds);
  try {
    await conversation.announce({ ...question, event: 'stopped', numwant: 0 }, deadline);
  } catch (error) {
    // Nobody is helped by a word about it: what was asked for has been answered.
    if (!(error instanceof TrackerError)) throw error;
  } finally {
    deadline.close();
  }
}
