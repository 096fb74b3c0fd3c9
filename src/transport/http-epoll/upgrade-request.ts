// What a request for a WebSocket says, read out of its head once more: few requests are such, and all others need none of it.
import type { HandshakeRequest } from '../webtorrent/handshakes.ts';
import { latin1 } from './head-bytes.ts';

/** The head is `bytes[at .. end)`, whole and without a fault. */
export function readUpgradeRequest(bytes: Uint8Array, at: number, end: number): HandshakeRequest {
  const [requestLine, ...lines] = latin1(bytes, at, end).trim().split('\r\n');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return {
    method: requestLine.split(' ')[0],
    http11: requestLine.endsWith('HTTP/1.1'),
    upgrade: fields.get('upgrade'),
    connection: fields.get('connection'),
    key: fields.get('sec-websocket-key'),
    version: fields.get('sec-websocket-version'),
    origin: fields.get('origin'),
  };
}
