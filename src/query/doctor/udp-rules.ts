// Checks a UDP tracker against BEP 15 and 41: the connect reply, the address it comes from, and options after an announce.
import { formatCount } from '../../cli/format-count.ts';
import { type ConnectionIdHalves, decodeConnectReply } from '../../protocol/udp-client-packets.ts';
import { Action, announceRequestBytes } from '../../protocol/udp-packets.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { formatEndpoint } from '../network/tcp-connect.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { UdpClient } from '../network/udp-client.ts';
import type { Examination } from './examination.ts';
import { comesFrom, diagnoseSource } from './reply-source.ts';
import { type PacketMaker, randomId } from './udp-packets.ts';
import { probeFirst } from './udp-probe.ts';

/** Returns the connection_id that was issued, if one was. */
export async function checkConnect(
  examination: Examination,
  endpoint: Endpoint,
  packets: PacketMaker,
): Promise<ConnectionIdHalves | undefined> {
  const subject = formatEndpoint(endpoint.address, endpoint.port);
  const transactionId = randomId();
  const waitMs = examination.options.timeoutSeconds * 1000;
  const reply = await probeFirst(endpoint, packets.connect(transactionId), waitMs);
  if (!reply) {
    const advice = 'look at the load, and at packets that the host drops';
    examination.fail('bep15', subject, 'no reply to a single connect request', advice);
    return undefined;
  }
  if (comesFrom(reply, endpoint)) {
    examination.pass('reply-source', subject, 'the reply comes from the address that was asked');
  } else {
    const { id, message, advice } = diagnoseSource(reply);
    examination.fail(id, subject, message, advice);
  }
  const { packet } = reply;
  const right =
    packet.length === 16 && packet.readInt32BE(0) === 0 && packet.readInt32BE(4) === transactionId;
  if (right) {
    examination.pass('bep15', subject, 'connect is answered with 16 bytes and its transaction_id (BEP 15)');
  } else {
    const seen = `connect is answered with ${formatCount(packet.length, 'byte')}: ${packet.subarray(0, 24).toString('hex')}`;
    const advice = 'answer action 0, the same transaction_id and 8 bytes of connection_id (BEP 15)';
    examination.fail('bep15', subject, seen, advice);
  }
  const connectionId = { connectionIdHigh: 0, connectionIdLow: 0 };
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  return decodeConnectReply(view, 0, packet.length, connectionId) ? connectionId : undefined;
}

// A type that nobody has defined, with 3 bytes, and then the end of the options.
const unknownOption = Buffer.from([9, 3, 1, 2, 3, 0]);
const patienceSeconds = 3;

export const urlDataAdvice = 'walk the options and skip unknown ones: libtorrent always sends the path';

/** What becomes of an announce with its options before it is sent. */
export type AnnounceForm = (packet: Uint8Array) => Uint8Array;

/** BEP 41: what follows the 98 bytes must not disturb, known or not. */
export async function checkUrlData(
  examination: Examination,
  endpoint: Endpoint,
  packets: PacketMaker,
): Promise<void> {
  const subject = formatEndpoint(endpoint.address, endpoint.port);
  const client = await examination.within((deadline) => UdpClient.open(endpoint, deadline));
  try {
    const plain = await announces(
      examination,
      client,
      (packet) => packet.subarray(0, announceRequestBytes),
      packets,
    );
    const url = await announces(examination, client, (packet) => packet, packets);
    const withUnknown = (packet: Uint8Array) =>
      Buffer.concat([packet.subarray(0, announceRequestBytes), unknownOption]);
    const unknown = await announces(examination, client, withUnknown, packets);
    if (!plain) examination.skip('bep41', subject, 'not even a plain announce of 98 bytes is answered');
    else if (url && unknown) {
      examination.pass('bep41', subject, 'options after an announce are taken, unknown ones too (BEP 41)');
    } else {
      const seen = `an announce with ${url ? 'an unknown option' : 'the URL\u2019s path'} after its 98 bytes`;
      examination.fail('bep41', subject, `${seen} is not answered (BEP 41)`, urlDataAdvice);
    }
    await announces(examination, client, (packet) => packet, packets, 'stopped');
  } finally {
    client.close();
  }
}

/** Whether an announce in this form is answered with anything but an error. */
export async function announces(
  examination: Examination,
  client: UdpClient,
  form: AnnounceForm,
  packets: PacketMaker,
  event: 'started' | 'stopped' = 'started',
): Promise<boolean> {
  try {
    return await examination.within(async (deadline) => {
      const connectionId = await client.connect(deadline);
      const reply = await client.ask(Action.announce, deadline, (view, transactionId) => {
        const packet = form(packets.announce(connectionId, event, transactionId));
        new Uint8Array(view.buffer, view.byteOffset).set(packet);
        return packet.length;
      });
      return 'packet' in reply;
    }, patienceSeconds);
  } catch (error) {
    if (error instanceof TrackerError) return false;
    throw error;
  }
}
