// Knows since when each connection of a node:http server has asked nothing, and ends those that only hold it open.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface IdleTimes {
  /** From a connection, or its last answer, to the next whole request; milliseconds. */
  readonly idleMs: number;
  /** How often that is looked at. */
  readonly checkEveryMs: number;
}

/**
 * node:http restarts its own times with whatever bytes come, an empty line too, which is no part of any request. For a
 * server that does not listen yet, until it closes.
 * `upgrades`: others go on with connections that ask for another protocol.
 */
export function endIdleConnections(
  server: Server,
  { idleMs, checkEveryMs }: IdleTimes,
  upgrades = false,
): void {
  /** Since when nothing is being answered on it; infinite while something is. */
  const idleSince = new Map<Socket, number>();
  const answering = new Map<Socket, number>();
  const track = (socket: Socket) => {
    idleSince.set(socket, performance.now());
    socket.once('close', () => {
      idleSince.delete(socket);
      answering.delete(socket);
    });
  };
  // Over TLS requests come on the socket that is secured; the one below it has the handshake's own deadline.
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', track);
  server.prependListener('request', ({ socket }, response) => {
    idleSince.set(socket, Number.POSITIVE_INFINITY);
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = answering.get(socket);
      if (left === undefined) return;
      answering.set(socket, left - 1);
      if (left === 1) idleSince.set(socket, performance.now());
    });
  });
  if (upgrades) server.prependListener('upgrade', ({ socket }) => idleSince.delete(socket));
  const timer = setInterval(() => {
    const longAgo = performance.now() - idleMs;
    for (const [socket, since] of idleSince) {
      if (since >= longAgo) continue;
      idleSince.delete(socket);
      socket.destroy();
    }
  }, checkEveryMs).unref();
  server.once('close', () => clearInterval(timer));
}
