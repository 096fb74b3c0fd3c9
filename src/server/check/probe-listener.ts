// Whether a planned listener could be opened: its socket is opened, nothing is received on it, and it is held until all
// others were tried, because they must not be in each other's way either.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  descriptionOf,
  formatListenAddress,
  listenError,
  type PlannedListener,
} from '../listening/listen-plan.ts';
import type { Finding } from './finding.ts';

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'perhaps by a tracker that runs already; ss -lntup names the program',
  EACCES: 'the unit deploy/tracker.service has CAP_NET_BIND_SERVICE; or use sockets from systemd',
};

/** A listener of the tracker, or its admin door. */
export type Probed = Pick<PlannedListener, 'family' | 'address' | 'port'> & {
  protocol: PlannedListener['protocol'] | 'admin';
};

export class ListenerProbe {
  readonly #held: { probed: Probed; close: () => void }[] = [];

  /** @param takeover a port that is in use is what is expected: the tracker that has it hands it over */
  async try(probed: Probed, takeover = false): Promise<Finding> {
    const { protocol, address, port } = probed;
    const where = `${protocol} ${formatListenAddress(address, port)}`;
    try {
      const close = await (isDatagram(protocol) ? bindUdp(probed) : bindTcp(probed));
      this.#held.push({ probed, close });
      return {
        level: 'ok',
        text: port === 0 ? `${protocol} ${address}: any port` : `${where}: the port is free`,
      };
    } catch (error) {
      const { message, cause } = listenError(probed, error as NodeJS.ErrnoException);
      const { code = '' } = cause as NodeJS.ErrnoException;
      const rival = code === 'EADDRINUSE' ? this.#rivalOf(probed) : undefined;
      if (rival !== undefined)
        return { level: 'error', text: `${where}: ${rival.protocol} has the same port` };
      if (takeover && code === 'EADDRINUSE') {
        return { level: 'ok', text: `${where}: in use, to be taken over` };
      }
      const more = advice[code];
      return { level: 'error', text: more === undefined ? message : `${message}: ${more}` };
    }
  }

  /** Gives all ports back. */
  close(): void {
    for (const { close } of this.#held) close();
  }

  #rivalOf({ protocol, family, port }: Probed): Probed | undefined {
    const datagram = isDatagram(protocol);
    return this.#held.find(
      ({ probed }) =>
        isDatagram(probed.protocol) === datagram && probed.family === family && probed.port === port,
    )?.probed;
  }
}

function isDatagram(protocol: Probed['protocol']): boolean {
  return protocol !== 'admin' && descriptionOf(protocol).socket === 'datagram';
}

async function bindUdp({ family, address, port }: Probed): Promise<() => void> {
  const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  return () => socket.close();
}

async function bindTcp({ address, port }: Probed): Promise<() => void> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host: address, port, ipv6Only: true });
  await once(server, 'listening');
  return () => server.close();
}
