// How the sockets of a tracker that has many become one port a protocol and one address, or all of them.
import { isIP } from 'node:net';
import type { OtherListener } from './findings.ts';
import type { Transfer } from './transfer.ts';

/**
 * Reads `192.0.2.1:80`, `[2001:db8::1]:80`, `:80`, `192.0.2.1` and `::`, of which the last two have `port`.
 * Undefined for what is none.
 */
export function parseSocketAddress(text: string, port: number): { host: string; port: number } | undefined {
  if (isIP(text) !== 0) return { host: text, port };
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2];
  const found = match[3] === undefined ? port : Number(match[3]);
  if (found > 65_535 || (host !== '' && host !== 'localhost' && isIP(host) === 0)) return undefined;
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: found };
}

const noOther =
  'one port for each protocol is listened on here; a second tracker, or the firewall, can serve another';

/** Of each protocol the first port counts; a protocol without a listener is switched off. */
export function mergeListeners(transfer: Transfer): void {
  const kept: OtherListener[] = [];
  for (const listener of transfer.listeners) {
    const { place, protocol, port } = listener;
    const first = kept.find((other) => other.protocol === protocol);
    if (first !== undefined && first.port !== port) {
      transfer.drop(place, noOther);
      continue;
    }
    kept.push(listener);
    if (protocol === 'https') transfer.take(place, { 'https-port': port });
    else if (protocol === 'udp') transfer.take(place, { 'udp-port': port });
    else transfer.take(place, { 'http-port': port });
  }
  chooseAddress(kept, transfer);
  const none = 'no listener for it';
  for (const protocol of ['http', 'udp'] as const) {
    const name = `${protocol}-port` as const;
    if (!transfer.settings.has(name))
      transfer.settings.set(name, { value: 0, place: { file: none, text: '' } });
  }
}

function chooseAddress(listeners: readonly OtherListener[], transfer: Transfer): void {
  const everywhere = listeners.filter(isEverywhere);
  const own = listeners.filter((listener) => !isEverywhere(listener));
  const v4 = listeners.filter(servesV4);
  const v6 = listeners.filter(servesV6);
  if (v4.length === 0) {
    if (v6.length > 0) takeHost(everywhere.length > 0 ? everywhere[0] : v6[0], own, transfer);
    return;
  }
  if (v6.length > 0) {
    const alone = v6.find((listener) => !isEverywhere(listener));
    const but = alone && 'beside IPv4, IPv6 is listened for on every address';
    transfer.take((alone ?? v6[0]).place, { ipv6: true }, but);
  }
  const hosts = new Set(v4.map(({ host, ...rest }) => (isEverywhere({ host, ...rest }) ? '' : host)));
  if (hosts.size === 1 && !hosts.has('')) takeHost(v4[0], [], transfer);
  else warnOfExposed(own.filter(servesV4), transfer);
}

function takeHost(listener: OtherListener, exposed: readonly OtherListener[], transfer: Transfer): void {
  const host = listener.host === '' ? '::' : listener.host;
  transfer.take(listener.place, { host });
  warnOfExposed(
    exposed.filter((other) => other.host !== host),
    transfer,
  );
}

function warnOfExposed(exposed: readonly OtherListener[], transfer: Transfer): void {
  for (const { place, host } of exposed) {
    transfer.differs(
      `one address or all of them is listened on here: this port is open on all, not on ${host} alone; ` +
        'close it in the firewall, or set host',
      place,
    );
  }
}

function isEverywhere({ host }: OtherListener): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}

function servesV4({ host, v6only = false }: OtherListener): boolean {
  return host === '' || isIP(host) === 4 || (host === '::' && !v6only);
}

function servesV6({ host }: OtherListener): boolean {
  return host === '' || isIP(host) === 6;
}
