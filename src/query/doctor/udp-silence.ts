// Knows why an announce over UDP got no answer though something answers there: it comes from elsewhere, or some packets are dropped.
import { announceRequestBytes } from '../../protocol/udp-packets.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { UdpClient } from '../network/udp-client.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Examination } from './examination.ts';
import { comesFrom, diagnoseSource } from './reply-source.ts';
import { PacketMaker, randomId } from './udp-packets.ts';
import { probeFirst } from './udp-probe.ts';
import { type AnnounceForm, announces, urlDataAdvice } from './udp-rules.ts';

const patienceSeconds = 3;

/** Undefined where nothing at all comes back. Takes up to three times `patienceSeconds`. */
export async function explainSilence(
  examination: Examination,
  endpoint: Endpoint,
): Promise<Diagnosis | undefined> {
  const packets = new PacketMaker(examination.url, examination.createInfoHash());
  const waitMs = 1000 * Math.min(patienceSeconds, examination.options.timeoutSeconds);
  const reply = await probeFirst(endpoint, packets.connect(randomId()), waitMs);
  if (!reply) return undefined;
  if (!comesFrom(reply, endpoint)) return diagnoseSource(reply);
  const client = await examination.within((deadline) => UdpClient.open(endpoint, deadline));
  try {
    const bare: AnnounceForm = (packet) => packet.subarray(0, announceRequestBytes);
    if (!(await announces(examination, client, bare, packets))) return diagnoseAnnounces();
    await announces(examination, client, bare, packets, 'stopped');
    return diagnoseUrlData();
  } finally {
    client.close();
  }
}

function diagnoseAnnounces(): Diagnosis {
  return {
    id: 'no-answer',
    message: 'connect is answered, but no announce',
    advice: 'look at the log and load of the tracker: is it told to drop what it does not serve?',
  };
}

function diagnoseUrlData(): Diagnosis {
  return {
    id: 'bep41',
    message:
      'an announce with the URL\u2019s path after its 98 bytes is not answered, one without is (BEP 41)',
    advice: urlDataAdvice,
  };
}
