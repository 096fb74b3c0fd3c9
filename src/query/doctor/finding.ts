// Knows what the doctor can find: a verdict on one subject, in one sentence, and what to do about it.

/** Every finding there can be, and what it is about. docs/findings.md has a section for each. */
export const findingIds = {
  dns: 'the name has addresses, and is answered quickly',
  families: 'IPv4 and IPv6 addresses',
  scope: 'public addresses',
  bep34: 'the BITTORRENT TXT record',
  address: 'each address answers an announce',
  'own-network': 'what this machine cannot try',
  refused: 'an announce is answered with a refusal',
  'connection-refused': 'nothing listens',
  'connection-silent': 'a firewall, or no machine',
  unreachable: 'the network cannot reach the machine',
  'tls-silent': 'the TLS handshake does not end',
  'tls-failed': 'the TLS handshake fails',
  'not-tls': 'https:// to a port without TLS',
  'speaks-tls': 'http:// to a port with TLS',
  'no-answer': 'connected, asked, and no answer',
  closed: 'the connection is closed without an answer',
  'not-http': 'something else than HTTP answers',
  'no-upgrade': 'HTTP answers, but opens no WebSocket',
  'bad-upgrade': 'a WebSocket that breaks the rules',
  'not-bencoded': 'an answer that no client can read',
  'web-page': 'a web page instead of an answer',
  'not-found': 'HTTP 404: the wrong path',
  forbidden: 'HTTP 401, 403, 429 or 451: somebody keeps clients out',
  gateway: 'HTTP 502, 503 or 504: a proxy without its tracker',
  'http-status': 'another HTTP status than 200',
  'redirect-loop': 'redirects that lead in a circle',
  'redirect-target': 'a redirect to where nothing answers',
  redirects: 'the URL redirects',
  'udp-silent': 'no UDP packet comes back',
  loss: 'what is asked and has no answer',
  answer: 'the form of the answer',
  agreement: 'all addresses answer alike',
  interval: 'the interval',
  'min-interval': 'min interval and interval',
  'tls-chain': 'the certificate is trusted',
  'tls-name': 'the certificate is for this name',
  'tls-days': 'the days that the certificate has left',
  'round-trip': 'a peer is given another',
  'peer-address': 'the address under which a peer is handed out',
  'external-ip': 'the address that the tracker says it sees',
  self: 'nobody is given himself',
  counts: 'seeds and leechers are counted',
  stopped: 'a stopped peer is gone',
  'stray-answer': 'an answer to no offer',
  'offer-id': 'an offer_id that clients cannot take',
  ping: 'a ping over WebSocket',
  'foreign-address': 'nobody can register a foreign address',
  'port-zero': 'port 0',
  bep7: 'IPv6 peers',
  bep15: 'the connect exchange of UDP',
  bep21: 'partial seeds',
  bep23: 'compact peers',
  bep41: 'options after a UDP announce',
  bep48: 'scrapes',
  'scrape-answer': 'the form of the scrape answer',
  downloaders: 'the downloaders of a scrape',
  'full-scrape': 'a scrape of all torrents',
  'shared-swarm': 'one swarm behind all addresses',
  'connection-id': 'an invented connection_id',
  'connection-id-port': 'a connection_id from another port',
  'connection-id-address': 'a connection_id from another address',
  reflection: 'bytes out for bytes in',
  'reply-source': 'the address that replies come from',
  protocols: 'other protocols on the same port',
  incomplete: 'a check that could not be ended',
  interrupted: 'the examination was interrupted',
} as const;

export type FindingId = keyof typeof findingIds;

export type Verdict = 'pass' | 'warn' | 'fail' | 'skip';

export interface Finding {
  /** Which check; stable, for programs. */
  id: FindingId;
  verdict: Verdict;
  /** What was looked at: an address, a URL, a name. */
  subject: string;
  /** One sentence: what was seen. */
  message: string;
  /** What to do; empty where there is nothing to do. */
  advice: string;
  /** Where the finding is explained. */
  doc: string;
}

export function docOf(id: FindingId): string {
  return `docs/findings.md#${id}`;
}

/** How good the tracker is, as a school would say it; null when it could not be examined from here. */
export interface Grade {
  letter: 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | null;
  /** What keeps it from being better, one clause each. */
  reasons: string[];
}

export interface AddressReport {
  address: string;
  family: 4 | 6;
  answered: boolean;
  /** Milliseconds, like those below. Of the name, the same for all its addresses; null where there is no name. */
  dns_ms: number | null;
  /** Null where it did not come to that, or where the protocol has no such step. */
  connect_ms: number | null;
  tls_ms: number | null;
  answer_ms: number | null;
  /** Packets over UDP, requests over HTTP; null where it was not measured. */
  loss: { sent: number; lost: number } | null;
  error: string | null;
}

export interface DoctorReport {
  url: string;
  /** ISO 8601. */
  started_at: string;
  addresses: AddressReport[];
  findings: Finding[];
  grade: Grade;
  summary: Record<Verdict, number>;
}

export function summarise(findings: readonly Finding[]): Record<Verdict, number> {
  const summary = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { verdict } of findings) summary[verdict]++;
  return summary;
}
