// Knows who tracker-query says it is: a qBittorrent User-Agent, the peer_id that belongs to it, and a key.
import { randomBytes, randomInt } from 'node:crypto';

export interface Identity {
  userAgent: string;
  /** 20 ASCII bytes. */
  peerId: Uint8Array;
  /** 32 bits, so that a tracker may recognise the client from another address (BEP 7, BEP 15). */
  key: number;
}

const usualVersion = '5.1.4';

// Releases whose three numbers are single digits, so that the peer_id's four characters follow from them.
const versions =
  '4.3.9 4.4.5 4.5.2 4.5.5 4.6.0 4.6.2 4.6.3 4.6.4 4.6.5 4.6.6 4.6.7 5.0.0 5.0.1 5.0.2 5.0.3 5.0.4 5.0.5 5.1.0 5.1.1 5.1.2 5.1.4'.split(
    ' ',
  );

// What libtorrent fills the rest of a peer_id with.
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*()';

/** A new identity; `random` picks another qBittorrent release each time. */
export function createIdentity({ random = false } = {}): Identity {
  const version = random ? versions[randomInt(versions.length)] : usualVersion;
  const prefix = `-qB${version.replaceAll('.', '')}0-`;
  const rest = Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return {
    userAgent: `qBittorrent/${version}`,
    peerId: new TextEncoder().encode(prefix + rest),
    key: randomBytes(4).readUInt32BE(),
  };
}
