// Checks how much of what is asked has no answer: packets over UDP, whole requests over HTTP, a few of them paced over a second.
import { setTimeout as pause } from 'node:timers/promises';
import type { Loss } from '../asking/effort.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { formatLoss } from '../report/wording.ts';
import { type Examination, withVisitors } from './examination.ts';
import { PacketMaker, randomId } from './udp-packets.ts';
import { probeFirst } from './udp-probe.ts';

const packets = 20;
const requests = 10;
const spanMs = 1000;
// An answer that takes longer is as good as none to a client that is about to ask again.
const patienceSeconds = 3;
/** More than this is no accident on the way. */
const mostLost = 0.25;

/** To a working address; writes the figures into its report. */
export async function checkLoss(examination: Examination, endpoint: Endpoint): Promise<void> {
  const ask = examination.url.scheme === 'udp' ? askPackets : askRequests;
  const loss = await ask(examination, endpoint);
  const report = examination.addresses.find(({ address }) => address === endpoint.address);
  if (report) report.loss = { sent: loss.sent, lost: loss.lost };
  judge(examination, endpoint.address, loss);
}

/** Connect requests: the smallest question there is, and nothing is stored for it. */
async function askPackets(examination: Examination, endpoint: Endpoint): Promise<Loss> {
  const maker = new PacketMaker(examination.url, examination.createInfoHash());
  const waitMs = 1000 * Math.min(patienceSeconds, examination.options.timeoutSeconds);
  const ask = async () => (await probeFirst(endpoint, maker.connect(randomId()), waitMs)) !== undefined;
  return { unit: 'packet', sent: packets, lost: await countLost(packets, ask) };
}

async function askRequests(examination: Examination, endpoint: Endpoint): Promise<Loss> {
  const visitor = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  const seconds = Math.min(patienceSeconds, examination.options.timeoutSeconds);
  const lost = await withVisitors([visitor], async () => {
    // The first enters the swarm, so that one `stopped` takes out whatever the others did.
    await visitor.announce(infoHash);
    return await countLost(requests, async () => {
      try {
        await visitor.announce(infoHash, 'none', {}, seconds);
        return true;
      } catch (error) {
        if (error instanceof TrackerError) return false;
        throw error;
      }
    });
  });
  return { unit: 'request', sent: requests, lost };
}

/** Asks so many times, evenly over `spanMs`, without waiting for the answers in between. */
async function countLost(times: number, ask: () => Promise<boolean>): Promise<number> {
  const asked: Promise<boolean>[] = [];
  for (let n = 0; n < times; n++) {
    asked.push(ask());
    await pause(spanMs / times);
  }
  const answered = await Promise.all(asked);
  return answered.filter((was) => !was).length;
}

function judge(examination: Examination, subject: string, loss: Loss): void {
  const { unit, sent, lost } = loss;
  const seen = `${formatLoss(loss)} had no answer within ${patienceSeconds} s`;
  if (lost === 0) {
    examination.pass('loss', subject, `none of ${sent} ${unit}s was lost`);
    return;
  }
  const advice =
    unit === 'packet'
      ? 'look at the load of the tracker, at its receive buffer (netstat -su: receive buffer errors), and at limits per address on the way'
      : 'look at the load of the server, and at limits on connections or requests';
  if (lost / sent > mostLost) examination.fail('loss', subject, seen, advice);
  else examination.warn('loss', subject, seen, advice);
}
