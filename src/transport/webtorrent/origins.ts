// Knows which web pages may use the tracker: what a browser says of the page that opens a WebSocket, as an origin.

export interface OriginRules {
  /** None: all. `https://example.org`, or `https://*.example.org` for every name below it. */
  readonly allowed: readonly string[];
  /** The same, and `none` for whoever names no origin, as clients that are no browsers do. */
  readonly denied: readonly string[];
}

/** In a list, for a request without an Origin. */
export const noOrigin = 'none';

/** Without an Origin a client may come in unless `none` is denied: it is no browser, and no page misuses it. */
export function isOriginAllowed(origin: string | undefined, { allowed, denied }: OriginRules): boolean {
  if (origin === undefined || origin === '') return !denied.includes(noOrigin);
  const text = origin.toLowerCase();
  if (denied.some((rule) => matches(text, rule))) return false;
  return allowed.length === 0 || allowed.some((rule) => matches(text, rule));
}

function matches(origin: string, rule: string): boolean {
  const text = rule.toLowerCase();
  const wildcard = text.indexOf('://*.');
  if (wildcard < 0) return origin === text;
  // `https://` before it, `.example.org` behind it, and something that is one name or several between.
  const scheme = text.slice(0, wildcard + '://'.length);
  const suffix = text.slice(wildcard + '://*'.length);
  return (
    origin.length > scheme.length + suffix.length && origin.startsWith(scheme) && origin.endsWith(suffix)
  );
}
