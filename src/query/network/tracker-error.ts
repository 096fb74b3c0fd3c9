// Knows the one error that a query can end with, and how far it came: what a report tells its reader is made from both.

/** What went wrong, where a diagnosis needs more than the words. */
export type Trouble =
  /** Nobody took or refused the connection. */
  | 'connect-silent'
  /** The TLS handshake did not end in time. */
  | 'tls-silent'
  /** TLS was spoken to something that does not speak it. */
  | 'not-tls'
  /** Connected and asked, and nothing came back in time. */
  | 'answer-silent'
  /** The connection was closed without an answer. */
  | 'closed'
  /** Something answered, but not in HTTP. */
  | 'not-http'
  /** HTTP answers, but no WebSocket. */
  | 'no-upgrade'
  /** What should be a WebSocket does not keep to its rules. */
  | 'bad-upgrade'
  | 'redirect-loop'
  | 'redirect-refused'
  /** An answer came that is not bencoded. */
  | 'not-bencoded';

/** A redirect that was followed. */
export interface Redirect {
  /** 301, 302, 303, 307 or 308. */
  status: number;
  /** The URL that was asked. */
  from: string;
  /** Where it sent. */
  to: string;
}

/** What an error says besides its text. */
export interface TrackerErrorOptions {
  /** See TrackerError. */
  permanent?: boolean;
  /** See TrackerError. */
  answered?: boolean;
  /** See TrackerError. */
  trouble?: Trouble | undefined;
  /** See TrackerError. */
  redirects?: readonly Redirect[];
  /** What it comes from. */
  cause?: unknown;
}

/** The tracker gave no answer that can be used: unreachable, too slow, or nonsense. Its text is for the reader. */
export class TrackerError extends Error {
  /** Always the same. */
  override readonly name = 'TrackerError';
  /** Asking again cannot help: the URL or the question itself is wrong. */
  readonly permanent: boolean;
  /** An answer came, but nobody can read it: the tracker may have stored our peer. */
  readonly answered: boolean;
  /** What went wrong, where that is known. */
  readonly trouble: Trouble | undefined;
  /** Those that were followed before it went wrong. */
  readonly redirects: readonly Redirect[];

  /** `message` is for the reader. */
  constructor(message: string, options: TrackerErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.permanent = options.permanent ?? false;
    this.answered = options.answered ?? false;
    this.trouble = options.trouble;
    this.redirects = options.redirects ?? [];
  }
}

/** The system's code (`ECONNREFUSED`) or TLS's (`CERT_HAS_EXPIRED`) at the root of an error; empty when there is none. */
export function codeOf(error: unknown): string {
  const { code, cause } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return cause instanceof Error ? codeOf(cause) : '';
}
