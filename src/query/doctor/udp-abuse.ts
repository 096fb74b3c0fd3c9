// Checks whether a UDP tracker can be abused: who may use a connection_id, and how much it reflects before an address is proven.
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { ConnectionIdHalves } from '../../protocol/udp-client-packets.ts';
import { Action } from '../../protocol/udp-packets.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { formatEndpoint } from '../network/tcp-connect.ts';
import type { Examination } from './examination.ts';
import { type PacketMaker, randomConnectionId } from './udp-packets.ts';
import { probe, probeFirst } from './udp-probe.ts';

/** How long to wait for the answer to a packet that deserves none: several of the round trips seen so far. */
function silenceMs(examination: Examination, endpoint: Endpoint): number {
  const known = examination.addresses.find(({ address }) => address === endpoint.address);
  return Math.min(1500, 400 + 4 * (known?.connect_ms ?? 300));
}

const macAdvice =
  'make the connection_id a keyed MAC of the sender\u2019s address and the time, and check it';

/** A connection_id proves an address: it must be needed, and worth nothing elsewhere. */
export async function checkConnectionId(
  examination: Examination,
  endpoint: Endpoint,
  packets: PacketMaker,
  connectionId: ConnectionIdHalves,
): Promise<void> {
  const subject = formatEndpoint(endpoint.address, endpoint.port);
  const waitMs = silenceMs(examination, endpoint);
  const accepts = async (id: ConnectionIdHalves, localAddress?: string) => {
    const reply = await probeFirst(endpoint, packets.announce(id), waitMs, localAddress);
    const accepted =
      reply !== undefined && reply.packet.length >= 20 && reply.packet.readInt32BE(0) === Action.announce;
    if (accepted) await probeFirst(endpoint, packets.announce(id, 'stopped'), 300, localAddress);
    return accepted;
  };
  if (await accepts(randomConnectionId())) {
    examination.fail(
      'connection-id',
      subject,
      'an announce with an invented connection_id is accepted',
      macAdvice,
    );
    return;
  }
  examination.pass('connection-id', subject, 'an invented connection_id is not accepted');
  const elsewhere = await accepts(connectionId);
  const what = elsewhere ? 'is good for other ports of the same address' : 'is bound to the port too';
  examination.pass('connection-id-port', subject, `a connection_id ${what}`);
  const local = otherAddress(endpoint);
  const id = 'connection-id-address';
  if (local === undefined) {
    examination.skip(id, subject, 'this machine has no second address to try a connection_id from');
  } else if (await accepts(connectionId, local)) {
    examination.fail(id, subject, `a connection_id is accepted from another address (${local})`, macAdvice);
  } else examination.pass(id, subject, `a connection_id is not accepted from another address (${local})`);
}

/** An address of this machine that differs from the one it usually reaches the tracker from. */
function otherAddress(endpoint: Endpoint): string | undefined {
  if (endpoint.address.startsWith('127.')) return '127.0.0.2';
  const family = endpoint.family === 6 ? 'IPv6' : 'IPv4';
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(
      (address) => address.family === family && !address.internal && !address.address.startsWith('fe80'),
    );
  // The kernel prefers the first; with a single one there is nothing to choose.
  return own.length > 1 ? own.at(-1)?.address : undefined;
}

/** Four packets without proof: what comes back must never be more than what was sent. */
export async function checkReflection(
  examination: Examination,
  endpoint: Endpoint,
  packets: PacketMaker,
): Promise<void> {
  const subject = formatEndpoint(endpoint.address, endpoint.port);
  const waitMs = silenceMs(examination, endpoint);
  const probes: [string, Uint8Array][] = [
    ['connect', packets.connect(1)],
    ['announce', packets.announce(randomConnectionId())],
    ['scrape', packets.scrape(randomConnectionId())],
    ['noise', randomBytes(16)],
  ];
  const seen = await Promise.all(
    probes.map(async ([name, packet]) => {
      const replies = await probe(endpoint, packet, { waitMs });
      return { name, sent: packet.length, got: replies.reduce((sum, reply) => sum + reply.packet.length, 0) };
    }),
  );
  const shown = seen.map(({ name, sent, got }) => `${name} ${sent} \u2192 ${got}`).join(', ');
  if (seen.every(({ sent, got }) => got <= sent)) {
    examination.pass('reflection', subject, `never more bytes out than in before proof: ${shown}`);
  } else {
    const advice =
      'answer a packet without a valid connection_id with silence or a shorter error: this amplifies attacks';
    examination.fail('reflection', subject, `more bytes out than in before proof: ${shown}`, advice);
  }
}
