// What is asked at the admin door and what it is answered, whichever path it came by.

export interface Question {
  trusted: boolean;
  query: URLSearchParams;
  /** Of paths with `{info_hash}`: 5 words. */
  infoHash: Int32Array;
}

/** Status 200 and JSON unless it says otherwise. */
export interface Answer {
  status?: number;
  contentType?: string;
  body: unknown;
}

/** A question that cannot be answered as asked; its message is for who asked. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
