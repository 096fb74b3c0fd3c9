// How long an info_hash is where it is handled as 32-bit words (BEP 3: the SHA-1 of a torrent's info dictionary).

export const infoHashWords = 5;
