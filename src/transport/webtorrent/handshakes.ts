// Whether a request for a WebSocket gets one, whichever way it came, and what it is answered.
import { createHash } from 'node:crypto';
import { faultOfUpgrade, type UpgradeRequest, upgradeAnswer } from '../../protocol/websocket-handshake.ts';
import { type HttpError, httpError } from '../http/http-error.ts';
import { isOriginAllowed, type OriginRules } from './origins.ts';
import type { WebTorrentCounters } from './webtorrent-counters.ts';

export interface HandshakeRequest extends UpgradeRequest {
  readonly origin: string | undefined;
}

export interface HandshakeRules extends OriginRules {
  /** WebSockets of all threads. */
  readonly mostOpen: number;
}

const phrases = { 400: 'Bad Request', 405: 'Method Not Allowed', 426: 'Upgrade Required' } as const;
const forbidden = httpError(403, 'Forbidden', 'origin not allowed');
const full = httpError(503, 'Service Unavailable', 'too many connections', 'Retry-After', '120');

/** The whole head of the answer that opens it, or the error with which it is refused and counted. */
export function answerHandshake(
  request: HandshakeRequest,
  rules: HandshakeRules,
  open: number,
  counters: WebTorrentCounters,
): string | HttpError {
  const fault = faultOfUpgrade(request);
  if (fault !== undefined) {
    counters.handshakesFailed++;
    return httpError(fault.status, phrases[fault.status], fault.reason, ...fault.fields.flat());
  }
  if (!isOriginAllowed(request.origin, rules)) {
    counters.originsRefused++;
    return forbidden;
  }
  if (open >= rules.mostOpen) {
    counters.tooManyConnections++;
    return full;
  }
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (const [name, value] of upgradeAnswer(request.key!, sha1Base64)) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}

function sha1Base64(text: string): string {
  return createHash('sha1').update(text, 'latin1').digest('base64');
}
