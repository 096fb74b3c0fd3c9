// Knows which HTTP-01 challenges an authority may ask for just now, and what each is answered (RFC 8555, 8.3).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendText } from './http-send.ts';

/** Where an authority asks for challenges. */
export const acmePrefix = '/.well-known/acme-challenge/';

/** One for the process; every plain HTTP listener asks it first. */
export class AcmeChallenges {
  readonly #answers = new Map<string, string>();

  /** @param token as the authority chose it: base64url */
  set(token: string, keyAuthorization: string): void {
    this.#answers.set(token, keyAuthorization);
  }

  delete(token: string): void {
    this.#answers.delete(token);
  }

  /** Answers a request for an open challenge; false when it asks for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const target = request.url!;
    if (!target.startsWith(acmePrefix)) return false;
    const keyAuthorization = this.#answers.get(target.slice(acmePrefix.length));
    if (keyAuthorization === undefined) return false;
    sendText(response, 200, 'application/octet-stream', keyAuthorization);
    return true;
  }
}
