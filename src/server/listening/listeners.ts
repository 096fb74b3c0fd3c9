// How the planned listeners become sockets that answer: all of them or none, and in which order.
import type { LiveChange } from '../../transport/live-change.ts';
import type { ServingThreads, SharedKeys } from '../../transport/opener.ts';
import type { AskSelf } from '../../transport/self-question.ts';
import type { TransportCounts } from '../../transport/transport-counts.ts';
import { listeningTransports, type TransportName } from '../../transport/transports.ts';
import type { Guests } from './guests.ts';
import { listenError, type PlannedListener, type Protocol } from './listen-plan.ts';
import type { Listener, ListenerParts } from './listener.ts';
import { createOpeners } from './openers.ts';
import { OwnQuestions } from './own-questions.ts';
import type { PassedFilter } from './passed-filters.ts';

export interface OpeningSteps {
  /** Called when threads have been started, which takes them a while, and before anything answers. */
  whileStarting?: () => void;
  /** Called when everything is ready that takes its time, and before anything answers. */
  beforeServing?: () => Promise<void>;
  /** Called when nothing is left to wait for: the keys of connection ids, where other machines have them too. */
  sharedKeys?: () => SharedKeys | undefined;
}

/** What answers, and what it has counted. */
export interface Listeners {
  readonly all: readonly Listener[];
  /** Answers what comes to somebody else's HTTP server, where that was asked for. */
  readonly guests: Guests | undefined;
  /** Filters of network interfaces, for another tracker. */
  filters(): readonly PassedFilter[];
  /** What each transport in use has counted since the start, but for `askSelf`; always the same ones. */
  counts(): Partial<Record<TransportName, TransportCounts>>;
  /** For the log's line a minute, by the transport's title. */
  tallies(): Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Asks a listener whether it answers; what is asked so does not count. */
  askSelf(protocol: Protocol): AskSelf | undefined;
  /** What listeners of the protocol wait for before they can answer anybody; undefined when it is nothing. */
  waitsFor(protocol: Protocol): string | undefined;
  /** Has every thread, this one too, answer by what a reload changes. */
  change(change: LiveChange): void;
  /** Resolves when no thread answers as before the last change, or to which may still do so. */
  changeTaken(): Promise<string | undefined>;
  /** Has connection ids made and taken with keys that other machines have too. */
  shareKeys(keys: SharedKeys): void;
  /** Whether each thread that serves sockets has shown a sign of life since this was last asked. */
  isWell(): boolean;
  close(graceMs?: number): Promise<void>;
}

/**
 * Opens every listener of the plan or none.
 * @throws StartError that names the first one that could not be opened
 */
export async function openListeners(
  plan: readonly PlannedListener[],
  parts: ListenerParts,
  { whileStarting, beforeServing, sharedKeys }: OpeningSteps = {},
): Promise<Listeners> {
  const all: Listener[] = [];
  const { openers, upgraded, guests, filters, here } = await createOpeners(plan, parts);
  const inUse = listeningTransports.filter(
    ({ title }) => plan.some(({ protocol }) => protocol === title) || (guests && title === 'HTTP'),
  );
  const own = new Map<Protocol, OwnQuestions>(inUse.map(({ title }) => [title, new OwnQuestions()]));
  const threads = new Set<ServingThreads>();
  const close = async (graceMs?: number) => {
    await Promise.all([guests?.close(graceMs), ...all.map((listener) => listener.close(graceMs))]);
  };
  const open = async (planned: PlannedListener) => {
    try {
      all.push({ planned, ...(await openers[planned.protocol].open(planned)) });
    } catch (error) {
      throw listenError(planned, error as NodeJS.ErrnoException);
    }
  };
  // Threads can be made ready and held back; whatever the main thread opens answers at once.
  const shareKeys = (keys: SharedKeys) => {
    for (const ones of threads) ones.shareKeys?.(keys);
    for (const { title } of inUse) openers[title].shareKeys?.(keys);
  };
  const early = ({ protocol }: PlannedListener) => openers[protocol].threads !== undefined;
  try {
    for (const planned of plan.filter(early)) {
      await open(planned);
      threads.add(openers[planned.protocol].threads!);
    }
    const started = Promise.all([...threads].map((ones) => ones.start()));
    // Awaited below; until then nobody else would hear of it.
    started.catch(() => {});
    whileStarting?.();
    await started;
    await beforeServing?.();
    const keys = sharedKeys?.();
    if (keys) shareKeys(keys);
    for (const planned of plan.filter((planned) => !early(planned))) await open(planned);
    for (const ones of threads) ones.serve();
  } catch (error) {
    await close();
    throw error;
  }
  all.sort((a, b) => plan.indexOf(a.planned) - plan.indexOf(b.planned));
  return {
    all,
    guests: guests?.guests,
    filters,
    counts: () =>
      Object.fromEntries([
        ...inUse.map(({ name, title }) => [name, own.get(title)!.without(openers[title].counts())]),
        ...Object.entries(upgraded).map(([name, counts]) => [name, counts()]),
      ]) as Partial<Record<TransportName, TransportCounts>>,
    tallies: () => Object.fromEntries(inUse.map(({ title }) => [title, openers[title].tallies?.() ?? {}])),
    askSelf: (protocol) => {
      const { askSelf } = openers[protocol];
      return askSelf && (own.get(protocol)?.noting(askSelf) ?? askSelf);
    },
    waitsFor: (protocol) => openers[protocol].waitsFor?.(),
    change: (change) => {
      here.takeUp(change);
      for (const ones of threads) ones.change(change);
    },
    shareKeys,
    changeTaken: async () => {
      const late = await Promise.all([...threads].map((ones) => ones.changeTaken()));
      return late.find((reason) => reason !== undefined);
    },
    // Each is asked, whatever the others say.
    isWell: () => [...threads].map((ones) => ones.isWell()).every((well) => well),
    close,
  };
}
