// Checks what the name system says of a tracker: its addresses, how fast it says so, and BEP 34's record.

import { isIP } from 'node:net';
import { formatCount } from '../../cli/format-count.ts';
import { scopeOf } from '../network/address-scope.ts';
import { resolveName, resolveTexts } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatMs } from '../report/wording.ts';
import type { Examination } from './examination.ts';
import type { AddressReport } from './finding.ts';

const slowMs = 1000;

/** Fills in the addresses. Without any, nothing else can be examined. */
export async function checkName(examination: Examination): Promise<void> {
  const { url, options } = examination;
  const startedMs = performance.now();
  let found: string[];
  try {
    found = await examination.within((deadline) =>
      resolveName(url.host, options.families, deadline, { patient: true }),
    );
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    examination.fail(
      'dns',
      url.host,
      // The subject says already which.
      error.message.replace(`${url.host}: `, ''),
      'check the spelling, and the A and AAAA records of the name',
    );
    return;
  }
  const ms = performance.now() - startedMs;
  for (const address of found) {
    const family = isIP(address) as 4 | 6;
    const dns_ms = isIP(url.host) ? null : Math.round(ms * 10) / 10;
    const unknown = { answered: false, dns_ms, connect_ms: null, tls_ms: null, answer_ms: null };
    examination.addresses.push({ address, family, ...unknown, loss: null, error: null });
  }
  judgeAnswer(examination, found, ms);
  judgeFamilies(examination, found);
}

function judgeAnswer(examination: Examination, found: string[], ms: number): void {
  const { host } = examination.url;
  if (isIP(host)) {
    examination.skip('dns', host, 'the URL holds an address, not a name');
    return;
  }
  const seen = `${formatCount(found.length, 'address', 'addresses')} in ${formatMs(ms)}: ${found.slice(0, 8).join(', ')}`;
  if (ms <= slowMs) examination.pass('dns', host, seen);
  else examination.warn('dns', host, `slow: ${seen}`, 'look at the name servers of the domain');
}

function judgeFamilies(examination: Examination, found: string[]): void {
  const { host } = examination.url;
  if (isIP(host) || isOwnName(host) || examination.options.families.length < 2) return;
  const has = (family: number) => found.some((address) => isIP(address) === family);
  if (has(4) && has(6)) examination.pass('families', host, 'the name has IPv4 and IPv6 addresses');
  else {
    const missing = has(4) ? 'IPv6 (no AAAA record)' : 'IPv4 (no A record)';
    examination.warn(
      'families',
      host,
      `clients with only ${missing.slice(0, 4)} cannot reach it: no ${missing}`,
      'add the record if the tracker listens there',
    );
  }
}

// Names of this machine and of its own network, which are meant to lead nowhere else.
const ownNames = /^[^.]+$|(^|\.)localhost$|\.(local|lan|home|internal|home\.arpa|test)$/i;

function isOwnName(host: string): boolean {
  return ownNames.test(host.replace(/\.$/, ''));
}

const publicAdvice = 'put the public address of the tracker into the A and AAAA records';

/** Addresses of a name in public that nobody outside can reach. */
function closedOf({ url, addresses }: Examination): AddressReport[] {
  if (isIP(url.host) || isOwnName(url.host)) return [];
  return addresses.filter(({ address }) => scopeOf(address) !== 'public');
}

function formatScopes(addresses: readonly AddressReport[]): string {
  return addresses.map(({ address }) => `${address} (${scopeOf(address)})`).join(', ');
}

/** Whether a name in public leads to nothing that anybody outside can reach. */
export function isHidden(examination: Examination): boolean {
  const closed = closedOf(examination);
  return closed.length > 0 && closed.length === examination.addresses.length;
}

/** For a hidden tracker of which nothing answers here either; `more` ends the sentence. */
export function failScope(examination: Examination, more: string): void {
  const shown = formatScopes(examination.addresses);
  const seen = `the name leads to ${shown}, which nobody outside its own network can reach${more}`;
  examination.fail('scope', examination.url.host, seen, publicAdvice);
}

/** To be judged when it is known what answers. */
export function judgeScopes(examination: Examination): void {
  const { url, addresses } = examination;
  const closed = closedOf(examination);
  if (closed.length === 0) return;
  const shown = formatScopes(closed);
  if (closed.length < addresses.length) {
    const seen = `the name has public addresses, and others that nobody outside can reach: ${shown}`;
    examination.warn('scope', url.host, seen, 'remove the ones that nobody outside can reach');
  } else if (addresses.some(({ answered }) => answered)) {
    const seen = `the name leads to ${shown}: it answers here, but nobody outside can reach it`;
    examination.warn('scope', url.host, seen, `${publicAdvice}, unless only this network is to use it`);
  }
}

/** BEP 34: `BITTORRENT UDP:6969 TCP:80` lists the ports in order of preference; `BITTORRENT DENY ALL` forbids. */
export async function checkTrackerRecord(examination: Examination): Promise<void> {
  const { url, addresses } = examination;
  if (addresses.length === 0) return;
  if (isIP(url.host)) return examination.skip('bep34', url.host, 'an address has no TXT record (BEP 34)');
  let texts: string[];
  try {
    texts = await examination.within((deadline) => resolveTexts(url.host, deadline), 5);
  } catch {
    return examination.skip(
      'bep34',
      url.host,
      'the name server did not say whether there is a TXT record (BEP 34)',
    );
  }
  judgeTrackerRecord(examination, texts);
}

export function judgeTrackerRecord(examination: Examination, texts: readonly string[]): void {
  const { url } = examination;
  const record = texts.find((text) => /^BITTORRENT(\s|$)/.test(text));
  if (record === undefined) {
    examination.skip('bep34', url.host, 'no BITTORRENT TXT record (BEP 34, optional)');
    return;
  }
  const transport = url.scheme === 'udp' ? 'UDP' : 'TCP';
  const listed = [...record.matchAll(/\b(UDP|TCP):(\d+)\b/g)].map(([, kind, port]) => `${kind}:${port}`);
  const shown = record.slice(0, 200);
  if (listed.length === 0) {
    const advice = 'list the ports in the record, or remove it: clients that obey BEP 34 stay away';
    examination.fail('bep34', url.host, `the TXT record denies all trackers: '${shown}'`, advice);
  } else if (listed.includes(`${transport}:${url.port}`)) {
    examination.pass('bep34', url.host, `the TXT record lists this port: '${shown}'`);
  } else {
    const advice = `add ${transport}:${url.port} to the record, or announce under a port that it lists`;
    examination.fail(
      'bep34',
      url.host,
      `the TXT record does not list ${transport}:${url.port}: '${shown}'`,
      advice,
    );
  }
}
