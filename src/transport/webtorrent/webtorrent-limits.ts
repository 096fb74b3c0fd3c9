// Knows how much time and room WebTorrent gives its clients.

/** Times are milliseconds unless they say seconds, sizes bytes. */
export interface WebTorrentLimits {
  /** One message; libtorrent's largest is about 15 KB. */
  readonly messageBytes: number;
  /** From a message's first byte to its last, whatever the size of its frames. */
  readonly messageMs: number;
  /** A client that has said nothing for so long is pinged; proxies cut silent connections after 60 seconds. */
  readonly pingMs: number;
  /** A client that says nothing for so long after a ping is gone. */
  readonly pongMs: number;
  /** What may wait for a client that does not read; with more its connection ends. */
  readonly backlogBytes: number;
  /** A client that takes nothing of what waits for so long is gone. */
  readonly stallMs: number;
  /** How long the other end may take to answer a close frame. */
  readonly closeMs: number;
  /** Offers of one announce that are relayed. */
  readonly maxOffers: number;
  /** Seconds that an offer can be answered for. */
  readonly offerSeconds: number;
  /** Offers of one connection that are relayed within `offerSeconds`. */
  readonly maxOffersPerConnection: number;
  /** Swarms in one message with all of them; whoever has more is asked over HTTP, where the answer is a stream. */
  readonly maxFullScrape: number;
  /** Torrents that one connection may announce at once. */
  readonly maxTorrents: number;
}

export const defaultWebTorrentLimits: WebTorrentLimits = {
  messageBytes: 65_536,
  messageMs: 8000,
  pingMs: 45_000,
  pongMs: 10_000,
  backlogBytes: 262_144,
  stallMs: 15_000,
  closeMs: 1000,
  maxOffers: 10,
  offerSeconds: 120,
  maxOffersPerConnection: 8192,
  maxFullScrape: 1200,
  maxTorrents: 10_000,
};
