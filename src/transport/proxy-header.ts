// Reads the PROXY protocol's header from a connection and leaves the bytes behind it for whoever reads next.
import type { Socket } from 'node:net';
import { decodeProxyHeader, longestProxyHeader, type ProxyHeader } from '../protocol/proxy-protocol.ts';

/** Calls `done` once: with the header, or with undefined when there is none within `deadlineMs` or it is broken. */
export function readProxyHeader(
  socket: Socket,
  deadlineMs: number,
  done: (header: ProxyHeader | undefined) => void,
): void {
  let received: Buffer = Buffer.alloc(0);
  const finish = (header: ProxyHeader | undefined) => {
    clearTimeout(deadline);
    socket.off('readable', read).off('end', leave).off('close', leave).off('error', leave);
    done(header);
  };
  const leave = () => finish(undefined);
  const read = () => {
    for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) {
      received = received.length === 0 ? piece : Buffer.concat([received, piece]);
      const header = decodeProxyHeader(received, Math.min(received.length, longestProxyHeader));
      if (header === 'incomplete') continue;
      const rest = header && received.subarray(header.length);
      if (rest !== undefined && rest.length > 0) socket.unshift(rest);
      finish(header);
      return;
    }
  };
  const deadline = setTimeout(leave, deadlineMs);
  socket.on('readable', read).on('end', leave).on('close', leave).on('error', leave);
}
