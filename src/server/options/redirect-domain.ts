// Under which name clients are sent to HTTPS.
import type { Configuration } from './configuration.ts';
import { listOf } from './option-kinds.ts';

/** Where the redirect leads, `host[:port]`: --domain as it is, or localhost when it is empty. */
export function redirectDomain({ domain, httpsPort }: Configuration): string {
  if (domain !== '') return domain;
  const known = listOf(httpsPort).find((port) => port !== 'any');
  return `localhost:${known}`;
}
