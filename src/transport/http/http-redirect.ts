// Knows where a plain HTTP request is sent that should have come over HTTPS.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes that a header field may carry as they are; whatever else came in a target is percent-encoded. */
const unsafe = /[^\x21-\x7e]/g;

/** Answers requests with 301 to the same path at `origin()`, `https://host[:port]`, used as given. */
export function createRedirect(
  origin: () => string,
): (request: IncomingMessage, response: ServerResponse) => true {
  return (request, response) => {
    response.writeHead(301, ['Location', origin() + safeTarget(request.url!), 'Content-Length', 0]);
    response.end();
    return true;
  };
}

/**
 * A target that begins with exactly one slash, as it is; any other becomes `/`, because `//host` and `http://host`
 * would lead elsewhere. Node gives the target as Latin-1, so each character is one byte.
 */
export function safeTarget(target: string): string {
  // A browser takes a backslash for a slash.
  if (!/^\/(?![/\\])/.test(target)) return '/';
  return target.replace(
    unsafe,
    (character) => `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
