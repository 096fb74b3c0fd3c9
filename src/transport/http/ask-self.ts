// An announce from the tracker to one of its own HTTP or HTTPS listeners, through the network stack like any client's.
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { formatHttpAnnounce } from '../../protocol/http-client-requests.ts';
import { type AskSelf, type ReachableListener, selfQuestion } from '../self-question.ts';

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
    const [response] = (await once(request, 'response', { signal })) as [NodeJS.ReadableStream];
    response.resume();
  };
}

function connect({ port, address }: ReachableListener, secure: boolean, header: boolean): Socket {
  const socket = connectTcp(port, address);
  if (header) socket.write('PROXY UNKNOWN\r\n');
  // The certificate is for the tracker's public name; whether clients will like it is another question.
  return secure ? connectTls({ socket, rejectUnauthorized: false }) : socket;
}
