// Knows the tracker under examination: its URL and addresses, what has been found so far, and how to ask it as some peer.
import { randomBytes, randomInt } from 'node:crypto';
import type { AnnounceQuestion, EventName } from '../asking/announce-question.ts';
import type { Answered, Conversation } from '../asking/answered.ts';
import { createConversation } from '../asking/conversation.ts';
import type { ScrapeAnswer } from '../asking/http-answer.ts';
import { createIdentity, type Identity } from '../asking/identity.ts';
import type { AnnounceAnswer } from '../asking/tracker-answer.ts';
import { type Deadline, within } from '../network/deadline.ts';
import type { Endpoint, Families } from '../network/name-lookup.ts';
import type { TrackerUrl } from '../network/tracker-url.ts';
import { type AddressReport, docOf, type Finding, type FindingId, type Verdict } from './finding.ts';

export interface ExaminationOptions {
  timeoutSeconds: number;
  families: Families;
  /** Do not judge whether the certificate is trusted. */
  insecure: boolean;
  /** The torrent to use, for trackers that serve only some; undefined: a new random one each time. */
  infoHash: Uint8Array | undefined;
  interrupt: AbortSignal;
}

export type VisitorOptions = Pick<ExaminationOptions, 'timeoutSeconds' | 'interrupt'>;

export class Examination {
  readonly url: TrackerUrl;
  readonly options: ExaminationOptions;
  readonly findings: Finding[] = [];
  /** Sees each finding as it is made. */
  onFinding: (finding: Finding) => void = () => {};
  readonly addresses: AddressReport[] = [];

  constructor(url: TrackerUrl, options: ExaminationOptions) {
    this.url = url;
    this.options = options;
  }

  pass(id: FindingId, subject: string, message: string): void {
    this.#add('pass', id, subject, message, '');
  }

  warn(id: FindingId, subject: string, message: string, advice: string): void {
    this.#add('warn', id, subject, message, advice);
  }

  fail(id: FindingId, subject: string, message: string, advice: string): void {
    this.#add('fail', id, subject, message, advice);
  }

  skip(id: FindingId, subject: string, message: string, advice = ''): void {
    this.#add('skip', id, subject, message, advice);
  }

  /** The addresses that have answered an announce, as endpoints. */
  get working(): Endpoint[] {
    return this.addresses
      .filter(({ answered }) => answered)
      .map(({ address, family }) => ({ address, family, port: this.url.port }));
  }

  /** One working address of each family. */
  get onePerFamily(): Endpoint[] {
    const { working } = this;
    return working.filter(
      ({ family }, index) => working.findIndex((other) => other.family === family) === index,
    );
  }

  /** The torrent for the next question. */
  createInfoHash(): Uint8Array {
    return this.options.infoHash ?? new Uint8Array(randomBytes(20));
  }

  /** Runs `work` under a deadline of its own. */
  async within<T>(
    work: (deadline: Deadline) => Promise<T>,
    seconds = this.options.timeoutSeconds,
  ): Promise<T> {
    return await within(seconds, this.options.interrupt, work);
  }

  /** A new peer that talks to one address of the tracker. */
  createVisitor(endpoint: Endpoint): Visitor {
    return new Visitor(this.url, endpoint, this.options);
  }

  #add(verdict: Verdict, id: FindingId, subject: string, message: string, advice: string): void {
    const finding = { id, verdict, subject, message, advice, doc: docOf(id) };
    this.findings.push(finding);
    this.onFinding(finding);
  }
}

/** A peer that the doctor plays: its own peer_id and port, always talking to the same address of the tracker. */
export class Visitor {
  readonly identity: Identity = createIdentity();
  readonly port = randomInt(20_000, 60_000);
  readonly endpoint: Endpoint;
  readonly #options: VisitorOptions;
  readonly #conversation: Conversation;
  #known: Uint8Array[] = [];

  constructor(url: TrackerUrl, endpoint: Endpoint, options: VisitorOptions) {
    this.#options = options;
    this.endpoint = endpoint;
    this.#conversation = createConversation(url, {
      userAgent: this.identity.userAgent,
      pinned: endpoint.address,
      // The certificate has a check of its own; a bad one must not hide everything else.
      insecure: true,
    });
  }

  /** A leecher's announce. Throws a TrackerError when there is no answer. */
  async announce(
    infoHash: Uint8Array,
    event: EventName = 'started',
    more: Partial<AnnounceQuestion> = {},
    seconds = this.#options.timeoutSeconds,
  ): Promise<Answered<AnnounceAnswer>> {
    const { identity, port } = this;
    const question = { infoHash, identity, port, event, left: 1_000_000_000, numwant: 50, ...more };
    const answered = await this.#within(
      (deadline) => this.#conversation.announce(question, deadline),
      seconds,
    );
    if (event === 'stopped') this.#known = this.#known.filter((known) => known !== infoHash);
    else if (answered.answer.failureReason === null && !this.#known.includes(infoHash))
      this.#known.push(infoHash);
    return answered;
  }

  async scrape(infoHashes: readonly Uint8Array[]): Promise<ScrapeAnswer> {
    const answered = await this.#within((deadline) => this.#conversation.scrape(infoHashes, deadline));
    return answered.answer;
  }

  /** Leaves every swarm it has entered, so that the doctor leaves no ghosts behind. */
  async leave(): Promise<void> {
    for (const infoHash of [...this.#known]) {
      await this.announce(infoHash, 'stopped', { numwant: 0 }).catch(() => {});
    }
    this.#conversation.close();
  }

  async #within<T>(
    work: (deadline: Deadline) => Promise<T>,
    seconds = this.#options.timeoutSeconds,
  ): Promise<T> {
    return await within(seconds, this.#options.interrupt, work);
  }
}

/** Gives `work` some visitors and sees to it that they leave. */
export async function withVisitors<T>(visitors: Visitor[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await Promise.all(visitors.map((visitor) => visitor.leave()));
  }
}
