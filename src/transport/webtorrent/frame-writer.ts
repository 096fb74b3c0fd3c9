// One text frame of a WebSocket in the making: the message first, then the head before it, which says how long it is.
import { ByteWriter } from '../../protocol/byte-writer.ts';
import {
  encodeWebSocketHeadBefore,
  longestServerHead,
  WebSocketOpcode,
} from '../../protocol/websocket-frames.ts';

export class FrameWriter {
  /** What the message is written to. */
  readonly message = new ByteWriter(4096);

  /** Begins a message, with room for its frame's head before it. */
  begin(): ByteWriter {
    this.message.length = longestServerHead;
    return this.message;
  }

  /** Writes the head. The frame is `message.bytes[returned .. message.length)`. */
  end(): number {
    const { bytes, length } = this.message;
    const messageBytes = length - longestServerHead;
    return encodeWebSocketHeadBefore(bytes, longestServerHead, WebSocketOpcode.text, messageBytes);
  }
}
