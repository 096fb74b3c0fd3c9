// A connection that another thread has accepted, as far as that one has come with it.

export interface TakenConnection {
  readonly fd: number;
  /** What has come on it and is not answered. */
  readonly bytes: Uint8Array;
  readonly family: 4 | 6;
  /** 1 or 4 words. */
  readonly words: Int32Array;
  /** It is a trusted proxy's, whose X-Forwarded-For is believed. */
  readonly proxied: boolean;
}
