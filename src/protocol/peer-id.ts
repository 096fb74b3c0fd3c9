// How long a peer_id is where it is handled as 32-bit words (BEP 3: 20 bytes that a client chooses for itself).

export const peerIdWords = 5;
