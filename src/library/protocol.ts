// The package's `protocol` door: the codecs of all that trackers and their clients say, both directions. Imports no Node module.
export {
  type Bencodable,
  type BencodableRecord,
  type Bencoded,
  type BencodedDictionary,
  BencodeError,
  type BencodeOptions,
  type BencodeResult,
  decodeBencode,
  encodeBencode,
  writeBencode,
} from '../protocol/bencode.ts';
export { ByteWriter } from '../protocol/byte-writer.ts';
export {
  compactBytes,
  decodeCompactPeers,
  encodeCompactPeers,
  formatPeer,
  type PeerEndpoint,
  parsePeer,
} from '../protocol/compact-peers.ts';
export { ConnectionIds } from '../protocol/connection-id.ts';
export { Event } from '../protocol/event.ts';
export { Failure, type FailureKind, failureKinds } from '../protocol/failure.ts';
export { decodeHttpAnnounce, HttpAnnounceQuestion } from '../protocol/http-announce.ts';
export {
  encodeHttpAnnounceReply,
  encodeHttpFailure,
  type HttpAnnounceAnswer,
  type HttpAnnounceForm,
} from '../protocol/http-announce-reply.ts';
export {
  decodeHttpAnnounceReply,
  decodeHttpScrapeReply,
  type HttpAnnounceReply,
  type HttpPeer,
  type HttpScrapeFile,
  type HttpScrapeReply,
} from '../protocol/http-client-replies.ts';
export {
  formatHttpAnnounce,
  formatHttpScrape,
  type HttpAnnounceRequest,
} from '../protocol/http-client-requests.ts';
export {
  decodeHttpScrape,
  encodeHttpScrapeCounts,
  encodeHttpScrapeHead,
  encodeHttpScrapeTail,
  HttpScrapeQuestion,
  type ScrapeCounts,
} from '../protocol/http-scrape.ts';
export { formatIp, type IpBytes, isMapped, parseIp, unmapIp } from '../protocol/ip-address.ts';
export { decodePercent, formatPercent } from '../protocol/percent.ts';
export {
  type ConnectionIdHalves,
  decodeAnnounceReply,
  decodeConnectReply,
  decodeErrorReply,
  decodeReplyAction,
  decodeReplyTransactionId,
  decodeScrapeCounts,
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
  type UdpAnnounceCounts,
  type UdpAnnounceRequest,
  type UdpScrapeCounts,
} from '../protocol/udp-client-packets.ts';
export { encodeUrlData } from '../protocol/udp-options.ts';
export {
  Action,
  announceReplyHeadBytes,
  announceRequestBytes,
  connectReplyBytes,
  connectRequestBytes,
  countScrapeHashes,
  decodeAction,
  decodeAnnounceRequest,
  decodeTransactionId,
  encodeAnnounceReplyHead,
  encodeConnectReply,
  encodeErrorReply,
  encodeScrapeCounts,
  encodeScrapeReplyHead,
  errorReplyHeadBytes,
  isConnectRequest,
  mayBeReply,
  replyAt,
  requestAt,
  requestHeadBytes,
  scrapeCountsBytes,
  scrapeReplyHeadBytes,
  type UdpAnnounceQuestion,
} from '../protocol/udp-packets.ts';
export {
  type ClientOffer,
  decodeWebTorrentTracker,
  formatWebTorrentAnnounce,
  formatWebTorrentAnswer,
  formatWebTorrentScrape,
  type WebTorrentClientAnnounce,
  type WebTorrentFile,
  type WebTorrentTrackerMessage,
} from '../protocol/webtorrent-client.ts';
export { decodeWebTorrent, WebTorrentMessage } from '../protocol/webtorrent-message.ts';
export {
  encodeDescription,
  encodeWebTorrentFailure,
  encodeWebTorrentReply,
  encodeWebTorrentScrapeHead,
  encodeWebTorrentScrapeItem,
  encodeWebTorrentScrapeTail,
  type RelayedDescription,
  type WebTorrentReply,
} from '../protocol/webtorrent-replies.ts';
