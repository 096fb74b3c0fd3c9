// Reads the PROXY protocol's header from a connection and leaves the bytes behind it for whoever reads next.
import type { Socket } from 'node:net';
import { decodeProxyHeader, longestProxyHeader, type ProxyHeader } from '../../protocol/proxy-protocol.ts';

/**
 * Calls `done` once: with the header, with `broken` when what came is none, or with `absent` when the other end left or
 * `deadlineMs` passed before there was a whole one (a health check, say).
 */
export function readProxyHeader(
  socket: Socket,
  deadlineMs: number,
  done: (header: ProxyHeader | 'broken' | 'absent') => void,
): void {
  let received: Buffer = Buffer.alloc(0);
  const finish = (header: ProxyHeader | 'broken' | 'absent') => {
    clearTimeout(deadline);
    socket.off('readable', read).off('end', leave).off('close', leave).off('error', leave);
    done(header);
  };
  const leave = () => finish('absent');
  const read = () => {
    for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) {
      received = received.length === 0 ? piece : Buffer.concat([received, piece]);
      const header = decodeProxyHeader(received, Math.min(received.length, longestProxyHeader));
      if (header === 'incomplete') continue;
      if (header !== undefined && received.length > header.length)
        socket.unshift(received.subarray(header.length));
      finish(header ?? 'broken');
      return;
    }
  };
  const deadline = setTimeout(leave, deadlineMs);
  socket.on('readable', read).on('end', leave).on('close', leave).on('error', leave);
}
