// How the sockets of another tracker become ports and addresses: here every port is opened on every address.
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

const protocols = ['http', 'https', 'udp'] as const;

/** Takes over every port and address; a protocol without a listener is switched off. */
export function mergeListeners(transfer: Transfer): void {
  for (const protocol of protocols) {
    const listeners = transfer.listeners.filter((listener) => listener.protocol === protocol);
    const ports = [...new Set(listeners.map(({ port }) => port))];
    for (const { place } of listeners) transfer.take(place, { [`${protocol}-port`]: oneOrMore(ports) });
  }
  const hosts = chooseHosts(transfer.listeners);
  takeHosts(hosts, transfer);
  warnOfExposed(hosts, transfer);
  const none = 'no listener for it';
  for (const protocol of ['http', 'udp'] as const) {
    const name = `${protocol}-port` as const;
    if (!transfer.settings.has(name))
      transfer.settings.set(name, { value: 0, place: { file: none, text: '' } });
  }
  const ports = protocols.map((protocol) => transfer.settings.get(`${protocol}-port`)?.value ?? 0);
  if (ports.every((port) => port === 0))
    transfer.differs(
      'no port is named, and the tracker would not start: set http-port, https-port or udp-port',
    );
}

function oneOrMore<T>(values: readonly T[]): T | readonly T[] {
  return values.length === 1 ? values[0] : values;
}

/** Of each family all addresses, or those that were listened on. */
function chooseHosts(listeners: readonly OtherListener[]): string[] {
  const own = (ones: readonly OtherListener[], all: string) =>
    ones.some(isEverywhere) ? [all] : [...new Set(ones.map(({ host }) => host))];
  return [...own(listeners.filter(servesV4), '0.0.0.0'), ...own(listeners.filter(servesV6), '::')];
}

function takeHosts(hosts: readonly string[], transfer: Transfer): void {
  const ipv4 = hosts.filter((host) => isIP(host) === 4);
  const everySix = hosts.includes('::') && ipv4.length > 0;
  if (everySix)
    transfer.take(transfer.listeners.find((one) => servesV6(one) && isEverywhere(one))!.place, {
      ipv6: true,
    });
  const named = everySix ? ipv4 : hosts;
  if (named.length === 0 || (named.length === 1 && named[0] === '0.0.0.0')) return;
  const places = named.map((host) => transfer.listeners.find((one) => includes(one, host))!.place);
  for (const place of new Set(places)) transfer.take(place, { host: oneOrMore(named) });
}

/** Of each port, where it is opened here and was not. */
function warnOfExposed(hosts: readonly string[], transfer: Transfer): void {
  const told = new Set<string>();
  for (const { place, protocol, port } of transfer.listeners) {
    if (told.has(`${protocol} ${port}`)) continue;
    told.add(`${protocol} ${port}`);
    const same = transfer.listeners.filter((other) => other.protocol === protocol && other.port === port);
    const others = hosts.filter((host) => !same.some((listener) => includes(listener, host)));
    if (others.length === 0) continue;
    transfer.differs(
      `every port is opened on every address here: ${protocol} ${port} on ${others.join(' and ')} too; ` +
        'close it in the firewall, or set host',
      place,
    );
  }
}

/** Whether what comes to an address, or to all of its family, comes to the listener. */
function includes(listener: OtherListener, host: string): boolean {
  if (isIP(host) === 4 ? !servesV4(listener) : !servesV6(listener)) return false;
  return isEverywhere(listener) || listener.host === host;
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
