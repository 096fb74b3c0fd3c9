// Which addresses of this machine --xdp answers on.
import { networkInterfaces } from 'node:os';
import { parseIp } from '../../protocol/ip-address.ts';

/** Where UDP is answered: an IP literal, perhaps a wildcard. */
export interface XdpEndpoint {
  readonly address: string;
  readonly port: number;
}

/** The addresses of this machine that the endpoints answer on, as 16 bytes by their text. Loopback never meets a network card. */
export function localAddresses(endpoints: readonly XdpEndpoint[]): Map<string, Uint8Array> {
  const wanted = new Set(endpoints.map(({ address }) => address));
  const found = Object.values(networkInterfaces()).flatMap((ones) => ones ?? []);
  const ours = found.filter(
    ({ address, family, internal }) =>
      !internal && (wanted.has(address) || wanted.has(family === 'IPv4' ? '0.0.0.0' : '::')),
  );
  return new Map(
    ours.flatMap(({ address }) => {
      const bytes = parseIp(address);
      return bytes === undefined ? [] : [[address, mapped(bytes)] as const];
    }),
  );
}

function mapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes;
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]);
}
