// Knows how a tracker's name becomes addresses, in the order to try them, without outliving the deadline.
//
// By c-ares, after the hosts file: getaddrinfo runs on threads that cannot be cancelled, and a process does not exit
// before they end (10 s with a dead name server). It is asked only for names of the own site (.local, .lan, one label),
// after the name server has said that it does not know them.
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Deadline } from './deadline.ts';
import { addressesInHostsFile, nameInHostsFile } from './hosts-file.ts';
import { TrackerError } from './tracker-error.ts';

export interface Endpoint {
  address: string;
  port: number;
  family: 4 | 6;
}

export type Families = readonly (4 | 6)[];
export const bothFamilies: Families = [6, 4];

// Once A is there, a resolver that swallows AAAA queries must not cost the whole deadline (RFC 8305 waits 50 ms).
const graceMs = 250;

/**
 * Addresses of `host` (a name or a literal), IPv6 first where both exist (RFC 6724), without repeats. `patient` waits
 * for both families. Throws a TrackerError when there are none.
 *
 * Not `dns.lookup`: its threads cannot be cancelled, and a process cannot even exit before they end; with a dead
 * name server that is 10 s and more beyond the deadline.
 */
export async function resolveName(
  host: string,
  families: Families,
  deadline: Deadline,
  { patient = false } = {},
): Promise<string[]> {
  const literal = isIP(host);
  if (literal) {
    if (families.includes(literal as 4 | 6)) return [host];
    throw new TrackerError(`${host} is no IPv${families[0]} address`, { permanent: true });
  }
  const local = await localAddresses(host);
  const all = local.length > 0 ? local : await queryName(host, families, deadline, patient);
  const wanted = all.filter((address) => families.includes(isIP(address) as 4 | 6));
  if (wanted.length > 0) return wanted.sort((a, b) => isIP(b) - isIP(a));
  throw new TrackerError(
    all.length > 0 ? `${host} has no IPv${families[0]} address` : `${host}: no such name`,
  );
}

/** What the first look-up would have to do besides asking: read the hosts file and load the resolver. */
export async function prepareNames(): Promise<void> {
  await localAddresses('localhost');
  createResolver().cancel();
}

async function localAddresses(host: string): Promise<string[]> {
  const inFile = await addressesInHostsFile(host);
  if (inFile.length > 0) return inFile;
  // RFC 6761: never to be asked of a name server.
  return /(^|\.)localhost\.?$/i.test(host) ? ['127.0.0.1', '::1'] : [];
}

function createResolver(): Resolver {
  return new Resolver({ timeout: 2500, tries: 4 });
}

async function queryName(
  host: string,
  families: Families,
  deadline: Deadline,
  patient: boolean,
): Promise<string[]> {
  const resolver = createResolver();
  const failures: NodeJS.ErrnoException[] = [];
  const query = async (family: 4 | 6): Promise<string[]> => {
    try {
      return family === 4 ? await resolver.resolve4(host) : await resolver.resolve6(host);
    } catch (error) {
      failures.push(error as NodeJS.ErrnoException);
      return [];
    }
  };
  const ask = async (): Promise<string[]> => {
    const answers = families.map(query);
    if (!patient && answers.length > 1) await firstUseful(answers, graceMs);
    else await Promise.all(answers);
    const settled = await Promise.all(answers.map((answer) => Promise.race([answer, undefined])));
    return settled.flatMap((addresses) => addresses ?? []);
  };
  try {
    const found = await deadline.race(ask(), () => resolver.cancel());
    if (found.length > 0) return found;
  } catch (error) {
    if (error !== deadline.signal.reason || deadline.remainingMs > 0) throw error;
    throw new TrackerError(`${host}: the name server did not answer within ${deadline.seconds} s`);
  } finally {
    resolver.cancel();
  }
  const hard = failures.find(({ code }) => code !== 'ENOTFOUND' && code !== 'ENODATA');
  if (hard) throw new TrackerError(`${host}: ${saidByNameServer(hard.code)}`);
  return isSiteName(host) ? await systemLookup(host, deadline) : [];
}

const nameServerFaults: Record<string, string> = {
  ESERVFAIL:
    'the name server could not find out (SERVFAIL): is the domain’s own server down, or DNSSEC broken?',
  EREFUSED: 'the name server refuses to answer (REFUSED)',
  ECONNREFUSED: 'no name server listens where this machine asks (see /etc/resolv.conf)',
  ETIMEOUT: 'the name server does not answer',
  EBADNAME: 'that is no name the name system knows',
  EFORMERR: 'the name server does not understand the question (FORMERR)',
  ENOTIMP: 'the name server does not do such questions (NOTIMP)',
};

function saidByNameServer(code: string | undefined): string {
  return nameServerFaults[code ?? ''] ?? `the name server says ${code}`;
}

/** Waits until every answer is there, or `ms` after the first that holds an address. */
async function firstUseful(answers: Promise<string[]>[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const useful = Promise.any(
    answers.map(async (answer) => {
      if ((await answer).length === 0) throw new Error('no address');
    }),
  ).then(
    () =>
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
    () => undefined,
  );
  await Promise.race([Promise.all(answers), useful]);
  clearTimeout(timer);
}

/** A name that only the system's own resolver can complete: search domains and multicast DNS. */
function isSiteName(host: string): boolean {
  return !host.includes('.') || /\.(local|lan|home|internal)\.?$/i.test(host);
}

async function systemLookup(host: string, deadline: Deadline): Promise<string[]> {
  try {
    const found = await deadline.race(lookup(host, { all: true }));
    return found.map(({ address }) => address);
  } catch (error) {
    if (error instanceof TrackerError) throw error;
    return [];
  }
}

/** The host name of an address, or null when it has none. */
export async function resolveAddress(address: string, deadline: Deadline): Promise<string | null> {
  // c-ares looks there too, but gives an empty list for what it finds.
  const local = await nameInHostsFile(address);
  if (local !== undefined) return local;
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  try {
    const names = await deadline.race(resolver.reverse(address), () => resolver.cancel());
    return names[0] ?? null;
  } catch {
    return null;
  }
}

/** The TXT records of a name, each joined from its pieces; empty when there are none. Throws at the deadline. */
export async function resolveTexts(host: string, deadline: Deadline): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2500, tries: 2 });
  try {
    const records = await deadline.race(resolver.resolveTxt(host), () => resolver.cancel());
    return records.map((pieces) => pieces.join(''));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}
