// Writes WebSocket frames of any kind, right or wrong, and records what a reader makes of them, however the bytes are cut.
import {
  type PartialMessage,
  WebSocketReader,
  type WebSocketSink,
} from '../../src/protocol/websocket-reader.ts';

export interface FrameParts {
  opcode: number;
  payload?: Uint8Array | string;
  final?: boolean;
  reserved?: number;
  /** Default: a client's frame, masked; null for a server's. */
  mask?: readonly number[] | null;
  /** Bytes that the length is written in, where it is not the shortest; the length to claim. */
  lengthBytes?: 0 | 2 | 8;
  claimed?: number;
}

/** A frame, written in the plainest way, so that it can judge the codec. */
export function frame(parts: FrameParts): Buffer {
  const { opcode, final = true, reserved = 0, mask = [0x37, 0xfa, 0x21, 0x3d] } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const length = parts.claimed ?? payload.length;
  const lengthBytes = parts.lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8);
  const marker = lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127;
  const head = Buffer.from([(final ? 0x80 : 0) | (reserved << 4) | opcode, (mask ? 0x80 : 0) | marker]);
  const extended = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) extended.writeUInt16BE(length);
  if (lengthBytes === 8) extended.writeBigUInt64BE(BigInt(length));
  const masked = mask ? payload.map((byte, index) => byte ^ mask[index % 4]) : payload;
  return Buffer.concat([head, extended, Buffer.from(mask ?? []), masked]);
}

export const text = (payload: string | Uint8Array, more: Partial<FrameParts> = {}) =>
  frame({ opcode: 1, payload, ...more });
export const continued = (payload: string | Uint8Array, more: Partial<FrameParts> = {}) =>
  frame({ opcode: 0, payload, ...more });
export const ping = (payload: string | Uint8Array = '') => frame({ opcode: 9, payload });
export const pong = (payload: string | Uint8Array = '') => frame({ opcode: 10, payload });

/** What happened, a word and its content each; long contents as their length. */
export class WebSocketLog implements WebSocketSink {
  events: string[] = [];
  /** Say stop behind so many of message, ping and pong. */
  patience = Number.POSITIVE_INFINITY;

  message(bytes: Uint8Array, at: number, end: number, binary: boolean): boolean {
    return this.#note(binary ? 'binary' : 'text', bytes, at, end);
  }

  ping(bytes: Uint8Array, at: number, end: number): boolean {
    return this.#note('ping', bytes, at, end);
  }

  pong(bytes: Uint8Array, at: number, end: number): boolean {
    return this.#note('pong', bytes, at, end);
  }

  close(code: number, bytes: Uint8Array, reasonAt: number, reasonEnd: number): void {
    this.#note(`close ${code}`, bytes, reasonAt, reasonEnd);
  }

  broken(code: number, reason: string): void {
    this.events.push(`broken ${code} ${reason}`);
  }

  #note(word: string, bytes: Uint8Array, at: number, end: number): boolean {
    const content = Buffer.from(bytes.subarray(at, end));
    this.events.push(`${word} ${content.length > 200 ? content.length : content.toString('latin1')}`);
    return --this.patience > 0;
  }
}

const limit = 64 * 1024;

/** What a reader says of `input`, cut at the offsets `cuts`. */
export function readCut(
  input: Uint8Array,
  cuts: readonly number[] = [],
  reader = new WebSocketReader('client', limit),
): string[] {
  const log = new WebSocketLog();
  let partial: PartialMessage | undefined;
  let at = 0;
  for (const cut of [...cuts, input.length]) {
    // Each piece at an odd place of memory of its own: what was read must not be needed again.
    const memory = new Uint8Array(cut - at + 8);
    const from = (at % 5) + 1;
    memory.set(input.subarray(at, cut), from);
    const over = /^(close|broken)/.test(log.events.at(-1) ?? '');
    if (!over) partial = reader.read(partial, memory, from, from + cut - at, log);
    memory.fill(0xee);
    at = cut;
  }
  return log.events;
}

/** What a reader says of `input` as a whole; throws when it says something else of the same bytes in other pieces. */
export function readEveryWay(input: Uint8Array): string[] {
  const whole = readCut(input);
  const single = readCut(
    input,
    Array.from({ length: Math.max(0, input.length - 1) }, (_, index) => index + 1),
  );
  const ways = [single];
  for (let cut = 1; cut < Math.min(input.length, 400); cut++) ways.push(readCut(input, [cut]));
  for (const way of ways) {
    if (JSON.stringify(way) !== JSON.stringify(whole)) {
      throw new Error(`read as ${JSON.stringify(way)} in pieces, as ${JSON.stringify(whole)} at once`);
    }
  }
  return whole;
}
