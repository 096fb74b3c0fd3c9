// Knows what tracker-query can say about an answer: the model that every report is made from.

import type { Redirect } from '../network/tracker-error.ts';
import type { Loss, TimedStep } from './effort.ts';

/** In which form a peer was told. */
export type PeerType = 'ipv4' | 'ipv6' | 'ipv4-mapped' | 'dict' | 'webrtc';

/** A peer that an answer names. */
export interface ListedPeer {
  /** Empty, and the port 0, for those over WebRTC: a tracker has no address of theirs to give. */
  ip: string;
  /** 0 to 65535. */
  port: number;
  /** In which form it was told. */
  type: PeerType;
  /** Text where it is printable ASCII, else hex; those of dictionaries and over WebRTC have one. */
  peerId: string | null;
  /** Its name, where that was asked for; always null to a client of the library. */
  hostname: string | null;
}

/** What an announce was answered. Numbers are null where the tracker did not say, or said nonsense. */
export interface AnnounceAnswer {
  /** Seconds until the next announce. */
  interval: number | null;
  /** Seconds that a client should wait at least. */
  minInterval: number | null;
  /** Seeders; null where the tracker does not say. */
  complete: number | null;
  /** Leechers, likewise. */
  incomplete: number | null;
  /** How often it was downloaded whole, likewise. */
  downloaded: number | null;
  /** IPv4 peers in the answer. */
  ipv4Peers: number;
  /** Bytes of their compact form. */
  ipv4Bytes: number;
  /** IPv6 peers in the answer. */
  ipv6Peers: number;
  /** Bytes of their compact form. */
  ipv6Bytes: number;
  /** Those that sent us an offer or an answer; null where the tracker is not asked over WebSocket. */
  webrtcPeers: number | null;
  /** The first `maxListed` of them. */
  peers: ListedPeer[];
  /** What the tracker warns of. */
  warningMessage: string | null;
  /** Why it was refused; null when it was not. */
  failureReason: string | null;
  /** The client's address as the tracker sees it (BEP 24). */
  externalIp: string | null;
  /** To be sent with the next announce. */
  trackerId: string | null;
  /** What the answer does against the protocol, one sentence each. */
  compliance: string[];
}

/** An answer that says nothing. */
export function createAnswer(): AnnounceAnswer {
  return {
    interval: null,
    minInterval: null,
    complete: null,
    incomplete: null,
    downloaded: null,
    ipv4Peers: 0,
    ipv4Bytes: 0,
    ipv6Peers: 0,
    ipv6Bytes: 0,
    webrtcPeers: null,
    peers: [],
    warningMessage: null,
    failureReason: null,
    externalIp: null,
    trackerId: null,
    compliance: [],
  };
}

/** More are counted but not listed, so that a hostile answer costs little memory. */
export const maxListed = 10_000;

export interface AnnounceResult {
  /** The URL as the user gave it. */
  tracker: string;
  numwant: number;
  responseTimeMs: number | null;
  /** Where the answer came from. */
  address: string | null;
  /** The steps on the way to the answer; empty where there is none. */
  steps: readonly TimedStep[];
  loss: Loss;
  /** HTTP only: those that led to the answer. */
  redirects: readonly Redirect[];
  /** The answer, or why there is none. */
  answer: AnnounceAnswer | undefined;
  error: string | undefined;
  /** Trying again cannot help. */
  permanent: boolean;
}

/** The counts of one torrent. */
export interface ScrapedTorrent {
  /** 40 hexadecimal digits. */
  infoHash: string;
  /** Seeders; null where the tracker does not say. */
  complete: number | null;
  /** Leechers, likewise. */
  incomplete: number | null;
  /** How often it was downloaded whole, likewise. */
  downloaded: number | null;
  /** Leechers that still download, likewise. */
  downloaders: number | null;
  /** Its name, where the tracker says it. */
  name: string | null;
}

export interface ScrapeResult {
  tracker: string;
  scrapeUrl: string;
  responseTimeMs: number | null;
  steps: readonly TimedStep[];
  loss: Loss;
  failureReason: string | null;
  minRequestInterval: number | null;
  torrentCount: number;
  /** The first `maxListed` of them. */
  torrents: ScrapedTorrent[];
  compliance: string[];
  answered: boolean;
  error: string | undefined;
  permanent: boolean;
}

export function isSuccess(result: AnnounceResult | ScrapeResult): boolean {
  if ('torrents' in result) return result.answered && result.failureReason === null;
  return result.answer !== undefined && result.answer.failureReason === null;
}

/** Why a result is no success; empty for a success. */
export function failureOf(result: AnnounceResult | ScrapeResult): string {
  const refused = 'torrents' in result ? result.failureReason : result.answer?.failureReason;
  return result.error ?? refused ?? '';
}

/** All peers that an answer brought. */
export function peerCountOf({ ipv4Peers, ipv6Peers, webrtcPeers }: AnnounceAnswer): number {
  return ipv4Peers + ipv6Peers + (webrtcPeers ?? 0);
}
