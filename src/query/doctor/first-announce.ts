// Knows the first announce to one address: sent by hand, so that each step has its time and the certificate is seen.
import type { TLSSocket } from 'node:tls';
import { Action } from '../../protocol/udp-packets.ts';
import { encodeUdpAnnounce, formatAnnounceQuery } from '../asking/announce-question.ts';
import { readAnnounceAnswer } from '../asking/http-answer.ts';
import type { AnnounceAnswer } from '../asking/tracker-answer.ts';
import { readUdpAnnounce } from '../asking/udp-answer.ts';
import { announceOver } from '../asking/websocket-conversation.ts';
import type { Deadline } from '../network/deadline.ts';
import { getHttp, type HttpAnswer, type HttpTimings } from '../network/http-client.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { isWebSocket, type TrackerUrl, targetWith } from '../network/tracker-url.ts';
import { UdpClient } from '../network/udp-client.ts';
import { openWebSocket } from '../network/websocket-client.ts';
import { type CertificateFacts, factsOf } from './certificate.ts';
import type { Visitor } from './examination.ts';
import type { AddressReport } from './finding.ts';

/** What came back: an answer, or over HTTP something that may be none. */
export interface FirstReply {
  /** Throws a TrackerError when what came back is no answer. */
  read: () => AnnounceAnswer;
  http: HttpAnswer | undefined;
  certificate: CertificateFacts | undefined;
}

export interface FirstAnswer extends Omit<FirstReply, 'read'> {
  endpoint: Endpoint;
  answer: AnnounceAnswer;
}

/** Announces as `visitor` and fills in the times of `report`. Throws a TrackerError when nothing came back. */
export function announceFirst(
  url: TrackerUrl,
  visitor: Visitor,
  report: AddressReport,
  infoHash: Uint8Array,
  deadline: Deadline,
): Promise<FirstReply> {
  const ask = url.scheme === 'udp' ? announceUdp : isWebSocket(url) ? announceWebSocket : announceHttp;
  return ask(url, visitor, report, infoHash, deadline);
}

async function announceUdp(
  url: TrackerUrl,
  visitor: Visitor,
  report: AddressReport,
  infoHash: Uint8Array,
  deadline: Deadline,
): Promise<FirstReply> {
  const client = await UdpClient.open(visitor.endpoint, deadline);
  try {
    const startedMs = performance.now();
    const connectionId = await client.connect(deadline);
    report.connect_ms = round(performance.now() - startedMs);
    const askedMs = performance.now();
    const reply = await client.ask(Action.announce, deadline, (view, transactionId) =>
      encodeUdpAnnounce(view, transactionId, connectionId, question(visitor, infoHash), url),
    );
    report.answer_ms = round(performance.now() - askedMs);
    return { read: () => readUdpAnnounce(reply, report.family), http: undefined, certificate: undefined };
  } finally {
    client.close();
  }
}

async function announceHttp(
  url: TrackerUrl,
  visitor: Visitor,
  report: AddressReport,
  infoHash: Uint8Array,
  deadline: Deadline,
): Promise<FirstReply> {
  const seen: SeenOfTls = { certificate: undefined };
  const options = connecting(url, visitor, report, seen);
  const target = targetWith(url, formatAnnounceQuery(question(visitor, infoHash)));
  const http = await getHttp(url, target, options, deadline);
  noteConnecting(report, http.timings);
  report.answer_ms = round(http.timings.answerMs);
  return { read: () => readAnnounceAnswer(http.body, http.family), http, ...seen };
}

async function announceWebSocket(
  url: TrackerUrl,
  visitor: Visitor,
  report: AddressReport,
  infoHash: Uint8Array,
  deadline: Deadline,
): Promise<FirstReply> {
  const seen: SeenOfTls = { certificate: undefined };
  const client = await openWebSocket(url, connecting(url, visitor, report, seen), deadline);
  try {
    noteConnecting(report, client.timings);
    const askedMs = performance.now();
    const { answer } = await announceOver(client, question(visitor, infoHash), deadline);
    report.answer_ms = round(performance.now() - askedMs);
    return { read: () => answer, http: undefined, ...seen };
  } finally {
    client.close();
  }
}

interface SeenOfTls {
  certificate: CertificateFacts | undefined;
}

/** How a connection over TCP is made, where what TLS shows is written to `seen`. */
function connecting(url: TrackerUrl, visitor: Visitor, report: AddressReport, seen: SeenOfTls) {
  const isSecure = url.scheme === 'https' || url.scheme === 'wss';
  return {
    userAgent: visitor.identity.userAgent,
    pinned: report.address,
    insecure: true,
    onTls: (socket: TLSSocket) => {
      // Of the tracker itself, not of where it may redirect to.
      if (isSecure) seen.certificate ??= factsOf(socket);
    },
  };
}

function noteConnecting(
  report: AddressReport,
  { connectMs, tlsMs }: Pick<HttpTimings, 'connectMs' | 'tlsMs'>,
): void {
  report.connect_ms = round(connectMs);
  report.tls_ms = tlsMs === null ? null : round(tlsMs);
}

function question(visitor: Visitor, infoHash: Uint8Array) {
  const { identity, port } = visitor;
  return { infoHash, identity, port, event: 'started' as const, left: 1_000_000_000, numwant: 50 };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
