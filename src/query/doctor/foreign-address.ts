// Checks that nobody can register a foreign address or a port that is none: else the tracker sends its swarms at strangers.
import { scopeOf } from '../network/address-scope.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { type Examination, type Visitor, withVisitors } from './examination.ts';
import { isOwnAddress, unmapped } from './listed-address.ts';
import { peerOf } from './round-trip.ts';

// An address for documentation (RFC 5737), and as a second try one that is the tracker's own: no third party is involved.
const documentation = '203.0.113.77';

const advice =
  'take a peer’s address from the packet or connection, never from what it says (BEP 7 discourages ip=)';

export async function checkForeignAddress(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = `${endpoint.address}, foreign address`;
  if (givesNobody(examination, endpoint)) {
    examination.skip('foreign-address', subject, 'not examined: no peer is given to others at all');
    return;
  }
  const candidates = [documentation];
  // On the tracker's own machine, or behind one NAT with it, its address is ours too.
  const foreignToo = scopeOf(endpoint.address) !== 'loopback' && !isOwnAddress(endpoint.address);
  if (endpoint.family === 4 && foreignToo) candidates.push(endpoint.address);
  let own: string | undefined;
  for (const foreign of candidates) {
    if (foreign === own) continue;
    const listed = await register(examination, endpoint, foreign);
    if (listed === foreign) {
      examination.fail(
        'foreign-address',
        subject,
        `a sender could register ${foreign}, which is not its own`,
        advice,
      );
      return;
    }
    own ??= listed;
  }
  if (own !== undefined) {
    examination.pass(
      'foreign-address',
      subject,
      `a claimed address is ignored: the peer is listed as ${own}`,
    );
  } else {
    const seen = 'a peer that claims another address is not listed, under neither address';
    examination.warn('foreign-address', subject, seen, advice);
  }
}

/** Whether the round trip at this address has failed: nothing more is seen here then. */
function givesNobody({ findings }: Examination, { address }: Endpoint): boolean {
  return findings.some(
    ({ id, verdict, subject }) =>
      id === 'round-trip' && verdict === 'fail' && subject.startsWith(`${address},`),
  );
}

/** The address under which B is given A, who claims to be at `foreign`. */
async function register(
  examination: Examination,
  endpoint: Endpoint,
  foreign: string,
): Promise<string | undefined> {
  const a = examination.createVisitor(endpoint);
  const b = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  const claim = { claimedIp: foreign, extra: `ip=${foreign}&ipv4=${foreign}:${a.port}` };
  try {
    await a.announce(infoHash, 'started', claim);
    const { answer } = await b.announce(infoHash, 'started', { numwant: 200 });
    const listed = answer.peers.filter(({ port }) => port === a.port).map(({ ip }) => unmapped(ip));
    return listed.find((ip) => ip === foreign) ?? listed[0];
  } finally {
    await a.announce(infoHash, 'stopped', { ...claim, numwant: 0 }).catch(() => {});
    await leaveAll([a, b]);
  }
}

async function leaveAll(visitors: Visitor[]): Promise<void> {
  await withVisitors(visitors, async () => {});
}

export async function checkPortZero(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = `${endpoint.address}, port 0`;
  const a = examination.createVisitor(endpoint);
  const b = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  await withVisitors([a, b], async () => {
    const { answer } = await a.announce(infoHash, 'started', { port: 0 });
    if (answer.failureReason !== null) {
      examination.pass('port-zero', subject, `port 0 is refused: ${answer.failureReason}`);
      return;
    }
    const { answer: later } = await b.announce(infoHash, 'started', { numwant: 200 });
    const listed = later.peers.some(({ port }) => port === 0) || peerOf(later, a) !== undefined;
    const fix = 'refuse an announce with port 0: nobody can reach such a peer';
    if (listed) examination.fail('port-zero', subject, 'a peer with port 0 is handed to others', fix);
    else examination.warn('port-zero', subject, 'an announce with port 0 is not refused', fix);
  });
}
