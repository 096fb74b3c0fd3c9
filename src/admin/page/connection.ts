// How the page asks the tracker: the token, single answers and the stream of live figures.

const tokenKey = 'caracal-admin-token';

/** A refused or failed request; the message is the tracker's. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function storedToken(): string {
  return sessionStorage.getItem(tokenKey) ?? '';
}

/** Kept for this tab; the empty text forgets it. */
export function storeToken(token: string): void {
  if (token === '') sessionStorage.removeItem(tokenKey);
  else sessionStorage.setItem(tokenKey, token);
}

/** @throws AnswerError when the tracker refuses, TypeError when it cannot be reached */
export async function ask<T>(path: string, method = 'GET', token = storedToken()): Promise<T> {
  const response = await request(path, method, token);
  return (await response.json()) as T;
}

/** Whether the tracker would not let us in as we come. */
export function isRefusal(error: unknown): error is AnswerError {
  return error instanceof AnswerError && (error.status === 401 || error.status === 403);
}

async function request(path: string, method: string, token: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, {
    method,
    headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
    cache: 'no-store',
    credentials: 'omit',
    ...(signal && { signal }),
  });
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new AnswerError(response.status, error ?? `status ${response.status}`);
}

export interface StreamListener {
  data(text: string): void;
  /** The stream ended or could not begin; it is tried again. */
  lost(error: unknown): void;
}

/** EventSource cannot send the token, so the events are read by hand. Returns how to begin anew. */
export function openStream(path: string, listener: StreamListener): () => void {
  let current = new AbortController();
  const run = async (controller: AbortController) => {
    while (!controller.signal.aborted) {
      try {
        const { body } = await request(path, 'GET', storedToken(), controller.signal);
        await readEvents(body!, listener);
        listener.lost(undefined);
      } catch (error) {
        if (controller.signal.aborted) return;
        listener.lost(error);
      }
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  };
  void run(current);
  return () => {
    current.abort();
    current = new AbortController();
    void run(current);
  };
}

async function readEvents(body: ReadableStream<Uint8Array>, listener: StreamListener): Promise<void> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop()!;
    for (const event of events) {
      const data = event
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6));
      if (data.length > 0) listener.data(data.join('\n'));
    }
  }
}
