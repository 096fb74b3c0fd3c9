// An announce from the tracker to one of its own UDP listeners, through the network stack like any client's.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  decodeConnectReply,
  decodeErrorReply,
  decodeReplyAction,
  decodeReplyTransactionId,
  encodeAnnounceRequest,
  encodeConnectRequest,
} from '../../protocol/udp-client-packets.ts';
import { kindOfFailure, type ReachableListener, type SelfAnswer, selfQuestion } from '../self-question.ts';

export async function askUdp(listener: ReachableListener, signal: AbortSignal): Promise<SelfAnswer> {
  const socket = createSocket(listener.family === 4 ? 'udp4' : 'udp6');
  try {
    socket.connect(listener.port, listener.address);
    await once(socket, 'connect', { signal });
    const packet = Buffer.alloc(98);
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const transactionId = randomInt(2 ** 31);
    const ask = async (length: number): Promise<{ reply: Buffer; answer: DataView }> => {
      socket.send(packet.subarray(0, length));
      const [reply] = (await once(socket, 'message', { signal })) as [Buffer];
      const answer = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
      if (reply.length < 8 || decodeReplyTransactionId(answer, 0) !== transactionId) {
        throw new Error('the answer belongs to no question');
      }
      return { reply, answer };
    };
    const { answer: connected } = await ask(encodeConnectRequest(view, 0, transactionId));
    const ids = { connectionIdHigh: 0, connectionIdLow: 0 };
    if (!decodeConnectReply(connected, 0, connected.byteLength, ids)) throw new Error('no connection_id');
    const { reply, answer: announced } = await ask(
      encodeAnnounceRequest(view, 0, { ...selfQuestion(), ...ids, transactionId, key: 0 }),
    );
    // An error (3) is an answer too: access rules may forbid this announce.
    const action = decodeReplyAction(announced, 0, announced.byteLength);
    if (action === 1) return 'announced';
    if (action === 3) return kindOfFailure(decodeErrorReply(reply, 0, reply.length));
    throw new Error(`the answer is no announce reply (action ${action})`);
  } finally {
    socket.close();
  }
}
