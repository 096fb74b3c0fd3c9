// Knows that a UDP reply must come from the very address and port that were asked, and what it means when it does not.
import type { Endpoint } from '../network/name-lookup.ts';
import { formatEndpoint } from '../network/tcp-connect.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Seen } from './udp-probe.ts';

export function comesFrom(reply: Seen, { address, port }: Endpoint): boolean {
  return reply.address === address && reply.port === port;
}

export function diagnoseSource(reply: Seen): Diagnosis {
  return {
    id: 'reply-source',
    message: `the reply comes from ${formatEndpoint(reply.address, reply.port)}: clients drop it`,
    advice: 'answer from the address that the request came to (IP_PKTINFO, or one socket per address)',
  };
}
