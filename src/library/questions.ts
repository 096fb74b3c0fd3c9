// What a program asks the tracker within it, without a socket: announces, scrapes, swarms and figures.

import { compactBytes } from '../protocol/compact-peers.ts';
import { Event } from '../protocol/event.ts';
import { undecided } from '../protocol/failure.ts';
import { decodeIpWords, encodeIpWords, formatIp, parseIp, unmapIp } from '../protocol/ip-address.ts';
import { peerIdWords } from '../protocol/peer-id.ts';
import { monotonicSeconds } from '../server/clock.ts';
import type { RunningTracker } from '../server/running-tracker.ts';
import { WalkSlice, walkedConnection, walkedPeer, walkedSeeder } from '../swarm/store-walk.ts';
import { Announce } from '../tracker/announce.ts';
import { bytesOf, formatInfoHash, parseInfoHash, parseInfoHashes, parsePeerId } from './info-hash-bytes.ts';
import type {
  AnnounceAnswer,
  AnnounceQuestion,
  InfoHash,
  ScrapedTorrent,
  Swarm,
  TrackerStats,
  TransportStats,
} from './tracker.ts';

type Inside = RunningTracker['inside'];

/** 16-bit units of the longest compact peer. */
const unitsPerPeer = 9;

/** Rejects with a Failure when it is refused, with a TypeError when it is wrong. */
export async function announceTo({ tracker }: Inside, question: AnnounceQuestion): Promise<AnnounceAnswer> {
  const announce = createAnnounce(question);
  const { maxPeers, interval, minInterval } = tracker.settings;
  announce.out = new Uint16Array(maxPeers * unitsPerPeer);
  announce.outPeerIds = new Int32Array(maxPeers * peerIdWords);
  let failure = tracker.announce(announce, monotonicSeconds());
  if (failure === undecided && tracker.decisions !== undefined) {
    failure = await new Promise((resolve) => {
      tracker.decisions!.whenDecided(() => resolve(tracker.announce(announce, monotonicSeconds())));
    });
  }
  if (failure !== undefined) throw failure;
  const { complete, incomplete, downloaded } = announce;
  return { interval, minInterval, complete, incomplete, downloaded, peers: peersOf(announce) };
}

function createAnnounce(question: AnnounceQuestion): Announce {
  if (typeof question !== 'object' || question === null)
    throw new TypeError(`announce takes an object with infoHash, peerId, ip and port, not ${question}`);
  const { infoHash, peerId, ip, port, event = 'none', left, numwant } = question;
  const announce = new Announce();
  announce.infoHash = parseInfoHash(infoHash);
  announce.peerId = parsePeerId(peerId);
  const address = typeof ip === 'string' ? parseIp(ip) : undefined;
  if (address === undefined) throw new TypeError(`ip must be an IPv4 or IPv6 address, not '${ip}'`);
  announce.family = encodeIpWords(unmapIp(address), announce.address);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new TypeError(`port must be a whole number from 1 to 65535, not ${port}`);
  announce.port = port;
  if (!Object.hasOwn(Event, event))
    throw new TypeError(`event must be one of ${Object.keys(Event).join(', ')}, not '${event}'`);
  announce.event = Event[event];
  if (left !== undefined && !(left >= 0)) throw new TypeError(`left must be 0 or more bytes, not ${left}`);
  announce.seeding = left === 0;
  if (numwant !== undefined && !(Number.isInteger(numwant) && numwant >= 0))
    throw new TypeError(`numwant must be a whole number of 0 or more, not ${numwant}`);
  announce.numwant = Math.min(numwant ?? -1, 0x7fff);
  return announce;
}

function peersOf({ out, outPeerIds, family, peers }: Announce): AnnounceAnswer['peers'] {
  const bytes = new Uint8Array(out.buffer);
  const stride = compactBytes(family);
  return Array.from({ length: peers }, (_, index) => {
    const at = index * stride;
    return {
      ip: formatIp(bytes, at, stride - 2),
      port: (bytes[at + stride - 2] << 8) | bytes[at + stride - 1],
      peerId: bytesOf(outPeerIds!, index * peerIdWords),
    };
  });
}

export function scrapeOf({ tracker }: Inside, infoHashes: readonly InfoHash[]): ScrapedTorrent[] {
  return parseInfoHashes(infoHashes).map((words) => {
    const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
    tracker.scrape(words, 0, counts);
    const { complete, incomplete, downloaded } = counts;
    return { infoHash: formatInfoHash(words, 0), complete, incomplete, downloaded };
  });
}

export function swarmOf({ store }: Inside, infoHash: InfoHash): Swarm | undefined {
  const words = parseInfoHash(infoHash);
  const counts = { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 };
  store.scrape(words, 0, counts);
  const { complete, incomplete, downloaded } = counts;
  if (complete + incomplete === 0) return undefined;
  const slice = new WalkSlice();
  store.walk().readSwarm(words, 0, slice);
  const peers = Array.from({ length: slice.peerCount }, (_, index) => index * walkedPeer.size)
    .filter((at) => (slice.peers[at + walkedPeer.head] & walkedConnection) === 0)
    .map((at) => peerAt(slice, at));
  return { infoHash: formatInfoHash(words, 0), complete, incomplete, downloaded, peers };
}

function peerAt({ peers }: WalkSlice, at: number): Swarm['peers'][number] {
  const head = peers[at + walkedPeer.head];
  const family = (head & 0xff) === 4 ? 4 : 6;
  return {
    ip: formatIp(decodeIpWords(peers, at + walkedPeer.address, family)),
    port: head >>> 16,
    seeder: (head & walkedSeeder) !== 0,
  };
}

export function statsOf({ store, counts }: Inside): TrackerStats {
  const { swarms, leechers4, leechers6, seeders4, seeders6, ...rest } = store.totals();
  const { connectionSwarms, connectionLeechers, connectionSeeders, bytesInUse, memoryLimit } = rest;
  const seeders = seeders4 + seeders6 + connectionSeeders;
  const leechers = leechers4 + leechers6 + connectionLeechers;
  const transports: Record<string, TransportStats> = {};
  for (const [name, counted] of Object.entries(counts())) {
    const { announces4, announces6, scrapes, refused, bytesIn, bytesOut, connections } = counted;
    const announces = [...announces4, ...announces6].reduce((sum, count) => sum + count, 0);
    transports[name] = { announces, scrapes, refused, bytesIn, bytesOut, connections };
  }
  return {
    torrents: swarms + connectionSwarms,
    peers: seeders + leechers,
    seeders,
    leechers,
    webrtcPeers: connectionSeeders + connectionLeechers,
    memoryInUse: bytesInUse,
    memoryLimit,
    transports,
  };
}
