// Whether a planned listener could be opened: its socket is opened for a moment, and nothing is received on it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  formatListenAddress,
  listenError,
  type PlannedListener,
  socketKindOf,
} from '../listening/listen-plan.ts';
import type { Finding } from './finding.ts';

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'perhaps by a tracker that runs already; ss -lntup names the program',
  EACCES: 'the unit deploy/tracker.service has CAP_NET_BIND_SERVICE; or use sockets from systemd',
};

/** @param takeover a port that is in use is what is expected: its tracker hands it over */
export async function probeListener(planned: PlannedListener, takeover = false): Promise<Finding> {
  const { protocol, address, port } = planned;
  const where = `${protocol} ${formatListenAddress(address, port)}`;
  try {
    await (socketKindOf(protocol) === 'datagram' ? bindUdp(planned) : bindTcp(planned));
    return {
      level: 'ok',
      text: port === 0 ? `${protocol} ${address}: any port` : `${where}: the port is free`,
    };
  } catch (error) {
    const { message, cause } = listenError(planned, error as NodeJS.ErrnoException);
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (takeover && code === 'EADDRINUSE') {
      return { level: 'ok', text: `${where}: in use, to be taken over` };
    }
    const more = advice[code];
    return { level: 'error', text: more === undefined ? message : `${message}: ${more}` };
  }
}

async function bindUdp({ family, address, port }: PlannedListener): Promise<void> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
  } finally {
    socket.close();
  }
}

async function bindTcp({ address, port }: PlannedListener): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host: address, port, ipv6Only: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
