// The sockets that systemd opened for the tracker (sd_listen_fds): which descriptor is to serve which protocol.
import { describeSocket, type InheritedSocket } from '../../net/inherited-socket.ts';
import { loadSystemCalls } from '../../net/system-calls.ts';
import { listeningTransports } from '../../transport/transports.ts';
import { StartError } from '../start-error.ts';
import { descriptionOf, type InheritedListener, type Protocol } from './listen-plan.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What FileDescriptorName= of a socket unit says that the socket is for. */
const protocols: Readonly<Record<string, Protocol>> = {
  ...Object.fromEntries(listeningTransports.map(({ name, title }) => [name, title])),
  // What the HTTP listener is called where it answers with redirects only.
  redirect: 'HTTP',
};
const firstDescriptor = 3;

/**
 * The sockets that were passed to this process, in their order; none where LISTEN_PID names another process. A name
 * that says nothing (a unit without FileDescriptorName=) leaves it to the kind: UDP, or HTTP.
 * @throws StartError that names the descriptor which cannot be served
 */
export function readInheritedSockets(environment: Environment): InheritedListener[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = environment;
  if (pid !== String(process.pid) || !/^[1-9][0-9]{0,3}$/.test(count)) return [];
  const { calls, reason } = loadSystemCalls();
  if (!calls) throw new StartError(`the sockets that systemd passes cannot be looked at: ${reason}`);
  const nameOf = names.split(':');
  return Array.from({ length: Number(count) }, (_, index) => {
    const fd = firstDescriptor + index;
    const name = nameOf[index] ?? '';
    const who = `descriptor ${fd} from systemd${name === '' ? '' : ` (${name})`}`;
    let socket: InheritedSocket | undefined;
    try {
      socket = describeSocket(calls, fd);
    } catch (error) {
      throw new StartError(`${who} is no socket: ${(error as Error).message}`, { cause: error });
    }
    if (socket === undefined) throw new StartError(`${who} is no bound UDP or TCP socket`);
    const protocol = protocols[name] ?? (socket.kind === 'datagram' ? 'UDP' : 'HTTP');
    const fault = faultOf(socket, protocol);
    if (fault !== undefined) throw new StartError(`${who} ${fault}`);
    return { protocol, socket };
  });
}

function faultOf(socket: InheritedSocket, protocol: Protocol): string | undefined {
  if (descriptionOf(protocol).socket === 'datagram') {
    if (socket.kind !== 'datagram') return 'is no UDP socket; the unit wants ListenDatagram=';
    return socket.dualStack
      ? 'takes IPv4 on an IPv6 socket; the unit wants BindIPv6Only=ipv6-only'
      : undefined;
  }
  if (socket.kind !== 'stream') return 'is no TCP socket; the unit wants ListenStream=';
  return socket.listening ? undefined : 'is a connection, not a listening socket; the unit wants Accept=no';
}
