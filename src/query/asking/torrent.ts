// What a query knows of a torrent, however it was named.
export interface Torrent {
  /** 20 bytes; a v2 hash is truncated (BEP 52). */
  infoHash: Uint8Array;
  name: string | undefined;
  /** Announce URLs that the magnet link or the file brings, in order, without repeats. */
  trackers: string[];
}
