// Under which name clients are sent to HTTPS.
import type { Configuration } from './configuration.ts';

/** Where the redirect leads, `host[:port]`: --domain as it is, or localhost when it is empty. */
export function redirectDomain({ domain, httpsPort }: Configuration): string {
  return domain === '' ? `localhost:${httpsPort}` : domain;
}
