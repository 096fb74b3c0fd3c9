// An announce from the tracker to one of its own listeners, through the network stack like any client's.
//
// It is a `stopped` for a swarm that nobody knows, so it leaves nothing behind.

import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Event } from '../../protocol/event.ts';
import { formatHttpAnnounce } from '../../protocol/http-client-requests.ts';
import {
  decodeConnectReply,
  decodeReplyAction,
  decodeReplyTransactionId,
  encodeAnnounceRequest,
  encodeConnectRequest,
} from '../../protocol/udp-client-packets.ts';
import type { WatchedListener } from '../watched-tracker.ts';

const peerId = Buffer.from('-CR0000-selfannounce');

/** Resolves when the listener has answered, whatever it said; rejects with the reason why it did not. */
export async function announceToSelf(listener: WatchedListener, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (listener.transport === 'udp') await announceOverUdp(listener, signal);
    else await announceOverHttp(listener, signal);
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  }
}

/** Where a listener is reached from this machine; one on all interfaces by loopback. */
export function reachable({ address }: Pick<WatchedListener, 'address'>): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

function question() {
  return {
    infoHash: randomBytes(20),
    peerId,
    port: 1,
    uploaded: 0,
    downloaded: 0,
    left: 0,
    event: Event.stopped,
    numwant: 0,
  };
}

async function announceOverUdp(listener: WatchedListener, signal: AbortSignal): Promise<void> {
  const socket = createSocket(listener.family === 4 ? 'udp4' : 'udp6');
  try {
    socket.connect(listener.port, reachable(listener));
    await once(socket, 'connect', { signal });
    const packet = Buffer.alloc(98);
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const transactionId = randomInt(2 ** 31);
    const ask = async (length: number): Promise<DataView> => {
      socket.send(packet.subarray(0, length));
      const [reply] = (await once(socket, 'message', { signal })) as [Buffer];
      const answer = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
      if (reply.length < 8 || decodeReplyTransactionId(answer, 0) !== transactionId) {
        throw new Error('the answer belongs to no question');
      }
      return answer;
    };
    const connected = await ask(encodeConnectRequest(view, 0, transactionId));
    const ids = { connectionIdHigh: 0, connectionIdLow: 0 };
    if (!decodeConnectReply(connected, 0, connected.byteLength, ids)) throw new Error('no connection_id');
    const announced = await ask(
      encodeAnnounceRequest(view, 0, { ...question(), ...ids, transactionId, key: 0 }),
    );
    // An error (3) is an answer too: access rules may forbid this announce.
    const action = decodeReplyAction(announced, 0, announced.byteLength);
    if (action !== 1 && action !== 3) throw new Error(`the answer is no announce reply (action ${action})`);
  } finally {
    socket.close();
  }
}

async function announceOverHttp(listener: WatchedListener, signal: AbortSignal): Promise<void> {
  const options = {
    host: reachable(listener),
    port: listener.port,
    createConnection: () => connect(listener),
    path: `/announce?${formatHttpAnnounce({ ...question(), compact: true })}`,
    signal,
  } as const;
  const request = listener.transport === 'https' ? httpsRequest(options) : httpRequest(options);
  request.end();
  const [response] = (await once(request, 'response', { signal })) as [NodeJS.ReadableStream];
  response.resume();
}

/** As a proxy that speaks for itself, where that is expected. */
function connect(listener: WatchedListener): Socket {
  const socket = connectTcp(listener.port, reachable(listener));
  if (listener.expectsProxyHeader) socket.write('PROXY UNKNOWN\r\n');
  if (listener.transport !== 'https') return socket;
  // The certificate is for the tracker's public name; whether clients will like it is another question.
  return connectTls({ socket, rejectUnauthorized: false });
}
