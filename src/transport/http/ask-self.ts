// An announce from the tracker to one of its own HTTP or HTTPS listeners, through the network stack like any client's.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { decodeHttpAnnounceReply } from '../../protocol/http-client-replies.ts';
import { formatHttpAnnounce } from '../../protocol/http-client-requests.ts';
import {
  type AskSelf,
  kindOfFailure,
  type ReachableListener,
  type SelfAnswer,
  selfQuestion,
} from '../self-question.ts';

/** Bytes of an answer; an announce without peers is answered with about a hundred. */
const mostRead = 4096;

/**
 * @param expectsHeader whether who connects from an address of this machine is to begin with a PROXY protocol header,
 *   as a proxy that speaks for itself does
 */
export function createAskHttp(secure: boolean, expectsHeader: (address: string) => boolean): AskSelf {
  return async (listener, signal) => {
    const options = {
      host: listener.address,
      port: listener.port,
      createConnection: () => connect(listener, secure, expectsHeader(listener.address)),
      path: `/announce?${formatHttpAnnounce({ ...selfQuestion(), compact: true })}`,
      signal,
    } as const;
    const request = secure ? httpsRequest(options) : httpRequest(options);
    request.end();
    const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length <= mostRead) pieces.push(piece);
    }
    return response.statusCode === 200 ? answerIn(Buffer.concat(pieces)) : 'uncounted';
  };
}

function answerIn(reply: Buffer): SelfAnswer {
  const { failureReason } = decodeHttpAnnounceReply(reply);
  return failureReason === undefined ? 'announced' : kindOfFailure(failureReason);
}

function connect({ port, address }: ReachableListener, secure: boolean, header: boolean): Socket {
  const socket = connectTcp(port, address);
  if (header) socket.write('PROXY UNKNOWN\r\n');
  // The certificate is for the tracker's public name; whether clients will like it is another question.
  return secure ? connectTls({ socket, rejectUnauthorized: false }) : socket;
}
