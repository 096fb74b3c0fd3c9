// Knows the JSON of a result: the keys of docs/compatibility.md in their order, `error` and findings only where there are any.
import type { Loss } from '../asking/effort.ts';
import { type AnnounceResult, peerCountOf, type ScrapeResult } from '../asking/tracker-answer.ts';

export type JsonObject = Record<string, unknown>;

export function resultObject(result: AnnounceResult | ScrapeResult, showPeers: boolean): JsonObject {
  return 'torrents' in result ? scrapeObject(result) : announceObject(result, showPeers);
}

function announceObject(result: AnnounceResult, showPeers: boolean): JsonObject {
  const { answer } = result;
  return {
    tracker: result.tracker,
    interval: answer?.interval ?? null,
    min_interval: answer?.minInterval ?? null,
    seeds: answer?.complete ?? null,
    leechers: answer?.incomplete ?? null,
    downloaded: answer?.downloaded ?? null,
    ipv4_peers: answer?.ipv4Peers ?? null,
    ipv4_bytes: answer?.ipv4Bytes ?? null,
    ipv6_peers: answer?.ipv6Peers ?? null,
    ipv6_bytes: answer?.ipv6Bytes ?? null,
    ...(answer?.webrtcPeers == null ? {} : { webrtc_peers: answer.webrtcPeers }),
    ...(showPeers ? { peer_list: peerList(result) } : {}),
    num_want_requested: result.numwant,
    total_peers_returned: answer ? peerCountOf(answer) : null,
    response_time_ms: result.responseTimeMs,
    warning_message: answer?.warningMessage ?? null,
    failure_reason: answer?.failureReason ?? null,
    external_ip: answer?.externalIp ?? null,
    tracker_id: answer?.trackerId ?? null,
    ...exceptions(result.error, answer?.compliance ?? [], result.loss),
  };
}

function peerList({ answer }: AnnounceResult): JsonObject[] {
  return (answer?.peers ?? []).map(({ ip, port, type, peerId, hostname }) => ({
    ip: type === 'webrtc' ? null : ip,
    port: type === 'webrtc' ? null : port,
    type,
    peer_id: peerId,
    hostname,
  }));
}

function scrapeObject(result: ScrapeResult): JsonObject {
  return {
    tracker: result.tracker,
    scrape_url: result.scrapeUrl,
    response_time_ms: result.responseTimeMs,
    failure_reason: result.failureReason,
    min_request_interval: result.minRequestInterval,
    torrents: result.torrents.map(({ infoHash, ...counts }) => ({ info_hash: infoHash, ...counts })),
    torrent_count: result.torrentCount,
    ...exceptions(result.error, result.compliance, result.loss),
  };
}

function exceptions(error: string | undefined, compliance: readonly string[], loss: Loss): JsonObject {
  const { unit, sent, lost } = loss;
  return {
    ...(error === undefined ? {} : { error }),
    ...(compliance.length === 0 ? {} : { compliance_warnings: compliance }),
    // Of a single request, `error` says it.
    ...(lost === 0 || sent === 1 ? {} : { loss: { unit, sent, lost } }),
  };
}
