/**
 * Knows how WebSocket messages are read out of bytes as they come (RFC 6455), at either end.
 *
 * `new WebSocketReader('client' | 'server', maxMessage)`, one for all connections of a thread; `reader.read(partial, bytes,
 * at, end, sink)` calls the `WebSocketSink` for what is whole and returns the `PartialMessage` to bring along next time:
 * undefined, as a rule, so a connection costs nothing while nothing of it is incomplete. Extensions are never negotiated.
 */
import { isUtf8 } from './utf8.ts';
import {
  CloseCode,
  isCloseCode,
  longestClientHead,
  longestControlPayload,
  WebSocketOpcode,
} from './websocket-frames.ts';
import { applyMask, rotateMask } from './websocket-mask.ts';

/**
 * Who is told what was read. Ranges are valid during the call only, and may be written to. `message`, `ping` and `pong`
 * return whether to go on with what follows; if not, `WebSocketReader.consumed` says where that begins. None may call `read`.
 */
export interface WebSocketSink {
  /** A whole message, text (then well-formed UTF-8) or binary. */
  message(bytes: Uint8Array, at: number, end: number, binary: boolean): boolean;
  /** To be answered by a pong with the same bytes, at most 125. */
  ping(bytes: Uint8Array, at: number, end: number): boolean;
  pong(bytes: Uint8Array, at: number, end: number): boolean;
  /** The other end closes, to be answered by a close frame unless one was sent. `code` is 1005 where it says none. */
  close(code: number, bytes: Uint8Array, reasonAt: number, reasonEnd: number): void;
  /** The other end broke a rule: the connection is to be closed with `code`, which is 1002, 1007 or 1009. */
  broken(code: number, reason: string): void;
}

const nothing = new Uint8Array(0);

/** What is there of a message or frame whose end has not come. Only the reader looks inside. */
export class PartialMessage {
  /** The opcode of the message that is being collected; 0 when none is. */
  opcode = 0;
  /** What has come of it, unmasked: `payload[0 .. length)`. Grows with what comes, not with what is announced. */
  payload = nothing;
  length = 0;
  /** Its bytes combined with OR. */
  seen = 0;
  /** What is still to come of the data frame that has begun, and whether it is the message's last. */
  frameLeft = 0;
  final = false;
  mask = 0;
  /** The beginning of a head, or of a control frame: `held[0 .. heldLength)`. */
  held = nothing;
  heldLength = 0;
}

/** A control frame as a whole is the longest that is held. */
const heldBytes = longestClientHead + longestControlPayload;
/** What the memory of a collected message begins with. */
const smallPayload = 512;
const nonAscii = 0x80808080 | 0;

export class WebSocketReader {
  /** Where in the input the part begins that was not read because the sink said so; else the input's end. */
  consumed = 0;
  readonly #masked: boolean;
  readonly #maxMessage: number;
  /** Kept for the next message that comes in pieces. */
  #spare: PartialMessage | undefined;
  // During one call of `read`.
  #partial: PartialMessage | undefined;
  #sink: WebSocketSink | undefined;
  #goesOn = true;
  #over = false;
  // The head last read.
  #final = false;
  #opcode = 0;
  #length = 0;
  #mask = 0;

  /**
   * @param from whose frames are read: a client's must be masked, a server's must not.
   * @param maxMessage bytes, below 2^31; a longer message is refused as soon as a frame's head announces it.
   */
  constructor(from: 'client' | 'server', maxMessage: number) {
    this.#masked = from === 'client';
    this.#maxMessage = maxMessage;
  }

  /**
   * Reads `bytes[at .. end)` of one connection; payloads are unmasked in place. `partial` is what the last call for this
   * connection returned. After `close` and `broken` nothing more is read.
   */
  read(
    partial: PartialMessage | undefined,
    bytes: Uint8Array,
    at: number,
    end: number,
    sink: WebSocketSink,
  ): PartialMessage | undefined {
    this.#partial = partial;
    this.#sink = sink;
    this.#goesOn = true;
    this.#over = false;
    let cursor = at;
    while (this.#goesOn && cursor < end) cursor = this.#step(bytes, cursor, end);
    this.consumed = this.#over ? end : cursor;
    return this.#leave();
  }

  /** Reads on from `at`; returns how far. */
  #step(bytes: Uint8Array, at: number, end: number): number {
    const partial = this.#partial;
    if (partial === undefined) return this.#readFrame(bytes, at, end);
    if (partial.frameLeft > 0) return this.#readPayload(partial, bytes, at, end);
    return partial.heldLength > 0 ? this.#readHeld(partial, bytes, at, end) : this.#readFrame(bytes, at, end);
  }

  /** Reads the frame that begins at `at`, or the head of a data frame whose end has not come, or keeps what is there. */
  #readFrame(bytes: Uint8Array, at: number, end: number): number {
    const headBytes = this.#readHead(bytes, at, end);
    if (this.#over) return end;
    if (headBytes === 0) return this.#hold(bytes, at, end);
    const payloadAt = at + headBytes;
    const frameEnd = payloadAt + this.#length;
    const control = this.#opcode >= WebSocketOpcode.close;
    if (frameEnd > end && control) return this.#hold(bytes, at, end);
    if (frameEnd <= end && (control || (this.#final && this.#opcode !== WebSocketOpcode.continuation))) {
      const seen = this.#masked ? applyMask(bytes, payloadAt, frameEnd, this.#mask) : nonAscii;
      if (control) this.#takeControl(bytes, payloadAt, frameEnd);
      else this.#deliver(this.#opcode, bytes, payloadAt, frameEnd, seen);
      return frameEnd;
    }
    this.#begin();
    return payloadAt;
  }

  /** Reads a head; returns its length, or 0 when more has to come. Every rule is checked as soon as its byte is there. */
  #readHead(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at];
    this.#final = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    if ((first & 0x70) !== 0) return this.#break('reserved bits are set');
    const fault = this.#faultOfOpcode();
    if (fault !== undefined) return this.#break(fault);
    if (at + 1 === end) return 0;
    const second = bytes[at + 1];
    if (second >= 0x80 !== this.#masked) {
      return this.#break(
        this.#masked ? 'a frame of a client is not masked' : 'a frame of a server is masked',
      );
    }
    const short = second & 0x7f;
    if (this.#opcode >= WebSocketOpcode.close && short > longestControlPayload) {
      return this.#break('a control frame is too long');
    }
    const maskAt = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const headEnd = this.#masked ? maskAt + 4 : maskAt;
    if (maskAt > end) return 0;
    this.#length = short < 126 ? short : readLength(bytes, at + 2, maskAt);
    if (this.#length < (short < 126 ? 0 : short === 126 ? 126 : 0x1_0000)) {
      return this.#break('a length is written in more bytes than it needs');
    }
    const soFar = this.#opcode === WebSocketOpcode.continuation ? this.#partial!.length : 0;
    if (this.#length + soFar > this.#maxMessage) {
      return this.#break('a message is too big', CloseCode.messageTooBig);
    }
    if (headEnd > end) return 0;
    if (this.#masked) this.#mask = readMask(bytes, maskAt);
    return headEnd - at;
  }

  #faultOfOpcode(): string | undefined {
    const opcode = this.#opcode;
    if (opcode >= WebSocketOpcode.close) {
      if (opcode > WebSocketOpcode.pong) return 'an opcode is unknown';
      return this.#final ? undefined : 'a control frame is fragmented';
    }
    if (opcode > WebSocketOpcode.binary) return 'an opcode is unknown';
    const collecting = this.#partial !== undefined && this.#partial.opcode !== 0;
    if (opcode === WebSocketOpcode.continuation)
      return collecting ? undefined : 'there is nothing to continue';
    return collecting ? 'a message begins within another' : undefined;
  }

  /** Keeps the beginning of a frame. */
  #hold(bytes: Uint8Array, at: number, end: number): number {
    const partial = this.#ownPartial();
    if (partial.held.length === 0) partial.held = new Uint8Array(heldBytes);
    for (let i = at; i < end; i++) partial.held[partial.heldLength++] = bytes[i];
    return end;
  }

  /** Reads a frame whose beginning was kept. */
  #readHeld(partial: PartialMessage, bytes: Uint8Array, at: number, end: number): number {
    const before = partial.heldLength;
    const taken = Math.min(heldBytes - before, end - at);
    for (let i = 0; i < taken; i++) partial.held[before + i] = bytes[at + i];
    // If it is still not enough, `#hold` counts the same bytes again.
    partial.heldLength = 0;
    return at + this.#readFrame(partial.held, 0, before + taken) - before;
  }

  /** Begins to collect the data frame whose head was read. */
  #begin(): void {
    const partial = this.#ownPartial();
    if (this.#opcode !== WebSocketOpcode.continuation) partial.opcode = this.#opcode;
    partial.final = this.#final;
    partial.mask = this.#mask;
    partial.frameLeft = this.#length;
    if (this.#length === 0) this.#finishFrame(partial);
  }

  /** Collects what has come of a data frame. */
  #readPayload(partial: PartialMessage, bytes: Uint8Array, at: number, end: number): number {
    const count = Math.min(partial.frameLeft, end - at);
    const { length } = partial;
    reserve(partial, length + count, this.#maxMessage);
    partial.payload.set(bytes.subarray(at, at + count), length);
    partial.length += count;
    partial.seen |= this.#masked
      ? applyMask(partial.payload, length, partial.length, partial.mask)
      : nonAscii;
    partial.mask = rotateMask(partial.mask, count);
    partial.frameLeft -= count;
    if (partial.frameLeft === 0) this.#finishFrame(partial);
    return at + count;
  }

  #finishFrame(partial: PartialMessage): void {
    if (!partial.final) return;
    const { opcode, length, seen } = partial;
    partial.opcode = partial.length = partial.seen = 0;
    this.#deliver(opcode, partial.payload, 0, length, seen);
  }

  #deliver(opcode: number, bytes: Uint8Array, at: number, end: number, seen: number): void {
    const binary = opcode === WebSocketOpcode.binary;
    if (!binary && (seen & nonAscii) !== 0 && !isUtf8(bytes, at, end)) {
      this.#break('a text is not UTF-8', CloseCode.invalidPayload);
      return;
    }
    this.#goesOn = this.#sink!.message(bytes, at, end, binary);
  }

  #takeControl(bytes: Uint8Array, at: number, end: number): void {
    if (this.#opcode === WebSocketOpcode.ping) this.#goesOn = this.#sink!.ping(bytes, at, end);
    else if (this.#opcode === WebSocketOpcode.pong) this.#goesOn = this.#sink!.pong(bytes, at, end);
    else this.#takeClose(bytes, at, end);
  }

  #takeClose(bytes: Uint8Array, at: number, end: number): void {
    const length = end - at;
    const code = length < 2 ? CloseCode.noStatus : (bytes[at] << 8) | bytes[at + 1];
    if (length === 1 || (length > 1 && !isCloseCode(code))) this.#break('a close frame has a wrong code');
    else if (!isUtf8(bytes, at + 2, end)) this.#break('a reason is not UTF-8', CloseCode.invalidPayload);
    else {
      this.#stop();
      this.#sink!.close(code, bytes, Math.min(at + 2, end), end);
    }
  }

  #break(reason: string, code: number = CloseCode.protocolError): 0 {
    this.#stop();
    this.#sink!.broken(code, reason);
    return 0;
  }

  #stop(): void {
    this.#over = true;
    this.#goesOn = false;
  }

  #ownPartial(): PartialMessage {
    if (this.#partial === undefined) {
      this.#partial = this.#spare ?? new PartialMessage();
      this.#spare = undefined;
    }
    return this.#partial;
  }

  /** What is to be brought along next time, if anything. */
  #leave(): PartialMessage | undefined {
    const partial = this.#partial;
    this.#partial = undefined;
    this.#sink = undefined;
    if (partial === undefined || this.#over) return undefined;
    if (partial.opcode !== 0 || partial.heldLength > 0) return partial;
    this.#spare = partial;
    return undefined;
  }
}

/** A length of two or eight bytes; those over 2^53 lose digits, which are too many anyway. */
function readLength(bytes: Uint8Array, at: number, end: number): number {
  let length = 0;
  for (let i = at; i < end; i++) length = length * 256 + bytes[i];
  return length;
}

function readMask(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Makes room for `needed` bytes; doubles, so that many small pieces are not copied again and again. */
function reserve(partial: PartialMessage, needed: number, max: number): void {
  if (needed <= partial.payload.length) return;
  const larger = new Uint8Array(
    Math.max(needed, Math.min(max, Math.max(smallPayload, partial.payload.length * 2))),
  );
  larger.set(partial.payload.subarray(0, partial.length));
  partial.payload = larger;
}
