// Packets as a network card would see them, for tests: Ethernet to UDP, right or wrong in one place.

export interface PacketShape {
  family?: 4 | 6;
  vlan?: number;
  /** Instead of the type that the family has. */
  etherType?: number;
  source?: readonly number[];
  target?: readonly number[];
  protocol?: number;
  /** Flags and offset of a fragment; 0x4000 is "do not fragment". */
  fragment?: number;
  /** Words of 4 bytes that the IPv4 header has; 5 without options. */
  headerWords?: number;
  sourcePort?: number;
  targetPort?: number;
  payload?: Uint8Array;
  /** What the UDP header says instead of the right length. */
  udpLength?: number;
  /** `none` is the 0 of IPv4; `partial` what a sender on the same machine leaves. */
  checksum?: 'right' | 'none' | 'partial' | 'wrong';
}

export const ourIpv4 = [192, 0, 2, 1];
export const ourIpv6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
export const theirIpv4 = [198, 51, 100, 7];
export const theirIpv6 = [0x20, 1, 0xd, 0xb8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
const ourMac = [2, 0, 0, 0, 0, 1];
const theirMac = [2, 0, 0, 0, 0, 7];

export function packet(shape: PacketShape = {}): Uint8Array {
  const { family = 4, vlan, protocol = 17, payload = new Uint8Array(16), checksum = 'right' } = shape;
  const { source = family === 4 ? theirIpv4 : theirIpv6, target = family === 4 ? ourIpv4 : ourIpv6 } = shape;
  const length = 8 + payload.length;
  const udp = [
    ...be16(shape.sourcePort ?? 51413),
    ...be16(shape.targetPort ?? 6969),
    ...be16(shape.udpLength ?? length),
    0,
    0,
    ...payload,
  ];
  const pseudo = [...source, ...target, ...be16(0), ...be16(protocol), ...be16(0), ...be16(length)];
  const sum = internetSum([...pseudo, ...udp]);
  const value = {
    right: ~sum & 0xffff || 0xffff,
    none: 0,
    partial: internetSum(pseudo),
    wrong: (~sum + 1) & 0xffff,
  }[checksum];
  udp.splice(6, 2, ...be16(value));
  const type = shape.etherType ?? (family === 4 ? 0x0800 : 0x86dd);
  const tag = vlan === undefined ? [] : [...be16(0x8100), ...be16(vlan)];
  return Uint8Array.from([...ourMac, ...theirMac, ...tag, ...be16(type), ...ip(shape, udp.length), ...udp]);
}

function ip(shape: PacketShape, udpLength: number): number[] {
  const { family = 4, protocol = 17, fragment = 0x4000, headerWords = 5 } = shape;
  const { source = family === 4 ? theirIpv4 : theirIpv6, target = family === 4 ? ourIpv4 : ourIpv6 } = shape;
  if (family === 6) return [0x60, 0, 0, 0, ...be16(udpLength), protocol, 64, ...source, ...target];
  const bytes = headerWords * 4;
  const header = [
    0x40 | headerWords,
    0,
    ...be16(bytes + udpLength),
    ...be16(1),
    ...be16(fragment),
    64,
    protocol,
    0,
    0,
    ...source,
    ...target,
    ...new Array<number>(bytes - 20).fill(1),
  ];
  header.splice(10, 2, ...be16(~internetSum(header) & 0xffff));
  return header;
}

/** The sum of RFC 1071, byte by byte. */
export function internetSum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

export function be16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/** A connect request (BEP 15), 16 bytes. */
export function connectPayload(): Uint8Array {
  return Uint8Array.from([0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, 4]);
}

/** A request with an id and an action, zeros behind them. */
export function requestPayload(idHigh: number, action: number, length = 98): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, idHigh);
  if (length >= 12) new DataView(bytes.buffer).setUint32(8, action);
  return bytes;
}

/** An announce with an id in two halves, as `ConnectionIds` makes it. */
export function provenPayload({ high, low }: { high: number; low: number }, action = 1): Uint8Array {
  const bytes = requestPayload(high, action);
  new DataView(bytes.buffer).setInt32(4, low);
  return bytes;
}
