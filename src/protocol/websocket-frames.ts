/**
 * Knows how a WebSocket frame begins and how one is written (RFC 6455, 5.2), at either end; `websocket-reader.ts` reads them.
 *
 * `WebSocketOpcode`, `CloseCode`, `isCloseCode(code)` · `webSocketHeadBytes(length)` · `encodeWebSocketHead(bytes, at,
 * opcode, length)` · `encodeWebSocketHeadBefore(bytes, payloadAt, opcode, length)` for a payload that was written first ·
 * `encodeWebSocketFrame(…)` · `encodeMaskedWebSocketFrame(…)`, a client's · `encodeClosePayload(…)`. Nothing is allocated.
 */
import { applyMask } from './websocket-mask.ts';

export const WebSocketOpcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;
export type WebSocketOpcode = (typeof WebSocketOpcode)[keyof typeof WebSocketOpcode];

/** Why a connection ends (RFC 6455, 7.4.1), as far as a tracker says it. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Never sent: what a close frame without a status is read as. */
  noStatus: 1005,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
} as const;

/** Whether `code` may stand in a close frame: what IANA's registry has for it, 3000 to 3999, and 4000 to 4999. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Payload of a control frame. */
export const longestControlPayload = 125;
/** Head of an unmasked frame of any length. */
export const longestServerHead = 10;
/** Head of a masked frame of any length. */
export const longestClientHead = 14;

const finalBit = 0x80;
const maskedBit = 0x80;
const twoByteLength = 126;
const eightByteLength = 127;
const maskBytes = 4;

/** How long the head of an unmasked frame is: 2, 4 or 10. */
export function webSocketHeadBytes(length: number): number {
  if (length < twoByteLength) return 2;
  return length <= 0xffff ? 4 : 10;
}

/** Writes the head of an unmasked final frame at `at`; returns where the payload of `length` bytes goes. */
export function encodeWebSocketHead(
  bytes: Uint8Array,
  at: number,
  opcode: WebSocketOpcode,
  length: number,
): number {
  bytes[at] = finalBit | opcode;
  if (length < twoByteLength) {
    bytes[at + 1] = length;
    return at + 2;
  }
  if (length <= 0xffff) {
    bytes[at + 1] = twoByteLength;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length & 0xff;
    return at + 4;
  }
  bytes[at + 1] = eightByteLength;
  let rest = length;
  for (let i = 9; i >= 2; i--) {
    bytes[at + i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return at + 10;
}

/**
 * Writes the head of an unmasked final frame right before its payload, which is at `payloadAt` already; returns where
 * the frame begins, at most `longestServerHead` bytes before it.
 */
export function encodeWebSocketHeadBefore(
  bytes: Uint8Array,
  payloadAt: number,
  opcode: WebSocketOpcode,
  length: number,
): number {
  const at = payloadAt - webSocketHeadBytes(length);
  encodeWebSocketHead(bytes, at, opcode, length);
  return at;
}

/** Writes an unmasked final frame with `payload[from .. to)` at `at`; returns its end. */
export function encodeWebSocketFrame(
  bytes: Uint8Array,
  at: number,
  opcode: WebSocketOpcode,
  payload: Uint8Array,
  from = 0,
  to = payload.length,
): number {
  const payloadAt = encodeWebSocketHead(bytes, at, opcode, to - from);
  return copy(bytes, payloadAt, payload, from, to);
}

/**
 * Writes a client's final frame with `payload[from .. to)` at `at`; returns its end. `mask` is 32 bits that nobody can
 * foresee (RFC 6455, 10.3); its lowest byte goes first.
 */
export function encodeMaskedWebSocketFrame(
  bytes: Uint8Array,
  at: number,
  opcode: WebSocketOpcode,
  mask: number,
  payload: Uint8Array,
  from = 0,
  to = payload.length,
): number {
  const maskAt = encodeWebSocketHead(bytes, at, opcode, to - from);
  bytes[at + 1] |= maskedBit;
  for (let i = 0; i < maskBytes; i++) bytes[maskAt + i] = (mask >>> (8 * i)) & 0xff;
  const end = copy(bytes, maskAt + maskBytes, payload, from, to);
  applyMask(bytes, maskAt + maskBytes, end, mask);
  return end;
}

/** Writes what a close frame carries at `at`: the code, then `reason`, ASCII of at most 123 bytes; returns its end. */
export function encodeClosePayload(bytes: Uint8Array, at: number, code: number, reason = ''): number {
  bytes[at] = code >> 8;
  bytes[at + 1] = code & 0xff;
  for (let i = 0; i < reason.length; i++) bytes[at + 2 + i] = reason.charCodeAt(i);
  return at + 2 + reason.length;
}

function copy(bytes: Uint8Array, at: number, source: Uint8Array, from: number, to: number): number {
  // A short copy costs less than the view that `set` needs.
  if (to - from > 32) bytes.set(source.subarray(from, to), at);
  else for (let i = from; i < to; i++) bytes[at + i - from] = source[i];
  return at + to - from;
}
