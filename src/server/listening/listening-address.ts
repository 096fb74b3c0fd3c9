// Where listeners have come to listen, and how that is told to an operator.
import type { Configuration } from '../options/configuration.ts';
import { redirectDomain } from '../options/redirect-domain.ts';
import { descriptionOf, formatListenAddress, type Protocol } from './listen-plan.ts';
import type { Listener } from './listener.ts';

/** Where a listener really listens: its port is the system's choice when the plan left it open. */
export interface ListeningAddress {
  protocol: Protocol;
  family: 4 | 6;
  address: string;
  port: number;
  /** Opened by systemd. */
  inherited: boolean;
}

export function listeningAddressOf({
  planned: { protocol, family, address, inherited },
  port,
}: Listener): ListeningAddress {
  return { protocol, family, address, port, inherited: inherited !== undefined };
}

/** The log's line about it. */
export function formatListening(
  { protocol, address, port }: ListeningAddress,
  configuration: Configuration,
): string {
  const redirectTo = configuration.redirectHttp ? `https://${redirectDomain(configuration)}` : undefined;
  return descriptionOf(protocol).listening(formatListenAddress(address, port), redirectTo);
}

/** For `systemctl status`. */
export function describeListening(addresses: readonly ListeningAddress[]): string {
  const all = addresses.map(
    ({ protocol, address, port }) => `${protocol} ${formatListenAddress(address, port)}`,
  );
  return `Serving on ${all.join(', ')}`;
}
