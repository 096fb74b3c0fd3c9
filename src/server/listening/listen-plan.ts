// Which sockets the options ask for: one for each protocol, address and port, before anything is opened.
import { isIPv6 } from 'node:net';
import type { InheritedSocket } from '../../net/inherited-socket.ts';
import type { SocketDescription } from '../../transport/description.ts';
import { acme } from '../../transport/http/description.ts';
import type { PlannedSocket } from '../../transport/opener.ts';
import { type ListeningTitle, listeningTransports } from '../../transport/transports.ts';
import type { Configuration } from '../options/configuration.ts';
import { listOf, type Port } from '../options/option-kinds.ts';
import { StartError } from '../start-error.ts';

export type Protocol = ListeningTitle | typeof acme.title;

export interface PlannedListener extends PlannedSocket {
  readonly protocol: Protocol;
}

/** A socket that is open already, and what it is to serve. */
export interface InheritedListener {
  protocol: Protocol;
  socket: InheritedSocket;
}

/**
 * What the options ask for; a protocol for which there are inherited sockets is served on these alone.
 * @param mayBeNone where requests come another way as well
 * @throws StartError when every listener is disabled
 */
export function planListeners(
  configuration: Configuration,
  inherited: readonly InheritedListener[] = [],
  mayBeNone = false,
): PlannedListener[] {
  const { host = '0.0.0.0', httpPort, httpsPort, ipv6, acmeDomain, acmeHttpPort } = configuration;
  const hosts = listOf(host);
  const addresses = ipv6 && !hosts.some(isIPv6) ? [...hosts, '::'] : hosts;
  const ports: [Protocol, Port][] = [
    ...inPlanOrder.flatMap(({ title, name }) =>
      listOf(configuration[`${name}Port`]).map((port): [Protocol, Port] => [title, port]),
    ),
    ['ACME', acmeDomain.length > 0 && !listOf(httpPort).includes(acmeHttpPort) ? acmeHttpPort : 0],
  ];
  if (!httpsPort && inherited.some(({ protocol }) => protocol === 'HTTPS')) {
    throw new StartError('systemd passes a socket for https: --https-port, --cert and --key are needed too');
  }
  const passed: PlannedListener[] = inherited.map(({ protocol, socket }) => {
    const { family, address, port } = socket;
    return { protocol, family, address, port, inherited: socket };
  });
  const own = ports
    .filter(([protocol, port]) => port !== 0 && !passed.some((planned) => serves(planned, protocol, port)))
    .flatMap(([protocol, port]) =>
      addresses.map((address) => ({
        protocol,
        family: isIPv6(address) ? (6 as const) : (4 as const),
        address,
        port: port === 'any' ? 0 : port,
      })),
    );
  const plan = [...passed, ...own];
  if (plan.length === 0 && !mayBeNone) {
    const options = inPlanOrder.map(({ name }) => `--${name}-port`);
    throw new StartError(`every listener is disabled: ${joinWords(options)} are all 0 or not set`);
  }
  return plan;
}

const inPlanOrder = [...listeningTransports].sort((a, b) => (a.title < b.title ? -1 : 1));

function joinWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** What the protocol says of itself. */
export function descriptionOf(protocol: Protocol): SocketDescription {
  return [...listeningTransports, acme].find(({ title }) => title === protocol)!;
}

/** The authority's questions are answered by any HTTP listener on their port. */
function serves({ protocol, port }: PlannedListener, wanted: Protocol, on: Port): boolean {
  return protocol === wanted || (wanted === 'ACME' && protocol === 'HTTP' && port === on);
}

/** `0.0.0.0:6969` or `[::]:6969`. */
export function formatListenAddress(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Turns what the operating system said about a socket into the operator's one line. */
export function listenError(
  planned: Pick<PlannedListener, 'address' | 'port'> & { protocol: string },
  error: NodeJS.ErrnoException,
): StartError {
  const where = formatListenAddress(planned.address, planned.port);
  const reason = (error.code !== undefined && reasons[error.code]) || error.message;
  return new StartError(`cannot listen on ${where} (${planned.protocol}): ${reason}`, { cause: error });
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'no permission (ports below 1024 need root or CAP_NET_BIND_SERVICE)',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAFNOSUPPORT: 'this machine does not have that address family',
};
