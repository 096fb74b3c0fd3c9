/** Knows the compact form of peers (BEP 23, BEP 7): 4 or 16 bytes of address and 2 of port, one after another. */
import { formatEndpoint, type IpBytes, parseIp } from './ip-address.ts';

/** An IPv4 address and a port. */
export const compactIpv4Bytes = 6;
/** An IPv6 address and a port. */
export const compactIpv6Bytes = 18;

/** Where a peer is reached. */
export interface PeerEndpoint {
  /** 4 or 16 bytes. */
  ip: IpBytes;
  /** 0 to 65535. */
  port: number;
}

/** Bytes per peer of a family. */
export function compactBytes(family: 4 | 6): number {
  return family === 4 ? compactIpv4Bytes : compactIpv6Bytes;
}

/** The peers in `bytes`, or undefined when its length does not divide. Addresses are views of `bytes`. */
export function decodeCompactPeers(bytes: Uint8Array, family: 4 | 6): PeerEndpoint[] | undefined {
  const stride = compactBytes(family);
  if (bytes.length % stride !== 0) return undefined;
  const peers: PeerEndpoint[] = [];
  for (let at = 0; at < bytes.length; at += stride) {
    const portAt = at + stride - 2;
    peers.push({ ip: bytes.subarray(at, portAt), port: (bytes[portAt] << 8) | bytes[portAt + 1] });
  }
  return peers;
}

/** The compact form of peers that are all of one family. */
export function encodeCompactPeers(peers: readonly PeerEndpoint[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(peers.reduce((total, peer) => total + peer.ip.length + 2, 0));
  let at = 0;
  for (const { ip, port } of peers) {
    bytes.set(ip, at);
    at += ip.length;
    bytes[at++] = port >> 8;
    bytes[at++] = port & 0xff;
  }
  return bytes;
}

/** `1.2.3.4:6881` or `[2001:db8::1]:6881`. */
export function formatPeer(peer: PeerEndpoint): string {
  return formatEndpoint(peer.ip, peer.port);
}

/** The peer that `formatPeer` would write so, or undefined. */
export function parsePeer(text: string): PeerEndpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const ip = match ? parseIp(match[1] ?? match[2]) : undefined;
  // Brackets hold IPv6 and nothing else does.
  if (ip === undefined || port > 65535 || (match?.[1] === undefined) !== (ip.length === 4)) return undefined;
  return { ip, port };
}
