// Knows the header that a TCP proxy puts before a connection's own bytes to say who connects: PROXY protocol v1 and v2.
import { formatIp, type IpBytes, parseIp } from './ip-address.ts';

/** What the header says. */
export interface ProxyHeader {
  /** Bytes of the header; the connection's own begin behind them. */
  readonly length: number;
  /** Who connected to the proxy; undefined when the proxy speaks for itself or does not say. */
  readonly source: IpBytes | undefined;
  /** 0 when there is no source. */
  readonly sourcePort: number;
}

/** Both ends of the connection that the proxy took, of one family. */
export interface ProxiedConnection {
  readonly source: IpBytes;
  readonly sourcePort: number;
  readonly destination: IpBytes;
  readonly destinationPort: number;
}

/** No header is longer here; v2 could say up to 65,551, in fields that no tracker reads. */
export const longestProxyHeader = 2048;

const CR = 0x0d;
const LF = 0x0a;
/** Of v1, its line end included. */
const longestLine = 107;
const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const v1Start = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
const v2Fixed = 16;

/**
 * The header at the start of `bytes[0 .. end)`; `incomplete` when more bytes are needed to tell, undefined when this
 * is no such header or a broken one.
 */
export function decodeProxyHeader(bytes: Uint8Array, end: number): ProxyHeader | 'incomplete' | undefined {
  if (end === 0) return 'incomplete';
  if (startsLike(bytes, end, v1Start)) return end < v1Start.length ? 'incomplete' : decodeLine(bytes, end);
  if (startsLike(bytes, end, signature)) return end < v2Fixed ? 'incomplete' : decodeBinary(bytes, end);
  return undefined;
}

/** Whether `bytes[0 .. end)` and `start` agree as far as both go. */
function startsLike(bytes: Uint8Array, end: number, start: readonly number[]): boolean {
  for (let i = 0; i < start.length && i < end; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

function decodeLine(bytes: Uint8Array, end: number): ProxyHeader | 'incomplete' | undefined {
  const limit = Math.min(end, longestLine);
  let text = '';
  for (let at = v1Start.length; at < limit; at++) {
    const byte = bytes[at];
    if (byte !== CR) {
      // Everything in it is printable ASCII.
      if (byte < 0x20 || byte > 0x7e) return undefined;
      text += String.fromCharCode(byte);
      continue;
    }
    if (at + 1 === longestLine) return undefined;
    if (at + 1 === end) return 'incomplete';
    return bytes[at + 1] === LF ? readLine(text, at + 2) : undefined;
  }
  return end < longestLine ? 'incomplete' : undefined;
}

/** Reads what stands between `PROXY ` and the line's end. */
function readLine(text: string, length: number): ProxyHeader | undefined {
  const [family, sourceText, destinationText, sourcePortText, destinationPortText, ...more] = text.split(' ');
  // Of UNKNOWN, whatever follows is to be ignored.
  if (family === 'UNKNOWN') return { length, source: undefined, sourcePort: 0 };
  if ((family !== 'TCP4' && family !== 'TCP6') || more.length > 0) return undefined;
  const size = family === 'TCP4' ? 4 : 16;
  const source = parseIp(sourceText ?? '');
  const destination = parseIp(destinationText ?? '');
  const sourcePort = parsePort(sourcePortText);
  if (source?.length !== size || destination?.length !== size) return undefined;
  if (sourcePort === undefined || parsePort(destinationPortText) === undefined) return undefined;
  return { length, source, sourcePort };
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 0xffff ? port : undefined;
}

// Version and command, then family and transport, in one nibble each.
const versionLocal = 0x20;
const versionProxy = 0x21;
const families: Record<number, number> = { 17: 4, 33: 16 };
/** Unspecified and UNIX stream sockets: the header is fine, but says no address. */
const withoutAddress = [0x00, 0x31];

function decodeBinary(bytes: Uint8Array, end: number): ProxyHeader | 'incomplete' | undefined {
  const command = bytes[12];
  const family = bytes[13];
  const length = v2Fixed + word(bytes, 14);
  if (command !== versionLocal && command !== versionProxy) return undefined;
  if (length > longestProxyHeader) return undefined;
  const size = families[family];
  const local = command === versionLocal || withoutAddress.includes(family);
  if (!local && (size === undefined || length < v2Fixed + 2 * size + 4)) return undefined;
  if (end < length) return 'incomplete';
  if (local || size === undefined) return { length, source: undefined, sourcePort: 0 };
  const source = new Uint8Array(bytes.subarray(v2Fixed, v2Fixed + size));
  return { length, source, sourcePort: word(bytes, v2Fixed + 2 * size) };
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** The line of v1. */
export function encodeProxyLine(connection: ProxiedConnection): Uint8Array {
  const { source, sourcePort, destination, destinationPort } = connection;
  const family = source.length === 4 ? 'TCP4' : 'TCP6';
  const line = `PROXY ${family} ${formatIp(source)} ${formatIp(destination)} ${sourcePort} ${destinationPort}\r\n`;
  return Uint8Array.from(line, (character) => character.charCodeAt(0));
}

/** The header of v2; without a connection the proxy speaks for itself (LOCAL). `extra` is put behind the addresses. */
export function encodeProxyBinary(
  connection: ProxiedConnection | undefined,
  extra: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const size = connection?.source.length ?? 0;
  const payload = (connection === undefined ? 0 : 2 * size + 4) + extra.length;
  const bytes = new Uint8Array(v2Fixed + payload);
  bytes.set(signature);
  bytes[12] = connection === undefined ? versionLocal : versionProxy;
  bytes[13] = connection === undefined ? 0 : size === 4 ? 0x11 : 0x21;
  bytes[14] = payload >> 8;
  bytes[15] = payload & 0xff;
  bytes.set(extra, bytes.length - extra.length);
  if (connection === undefined) return bytes;
  const { source, sourcePort, destination, destinationPort } = connection;
  bytes.set(source, v2Fixed);
  bytes.set(destination, v2Fixed + size);
  const ports = v2Fixed + 2 * size;
  bytes.set([sourcePort >> 8, sourcePort & 0xff, destinationPort >> 8, destinationPort & 0xff], ports);
  return bytes;
}
