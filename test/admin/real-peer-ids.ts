// The peer_ids that real clients announced to a tracker of our own, taken from their announces on Debian 12 (and one from PyPI).

export interface RealPeerId {
  /** What was installed. */
  software: string;
  /** Its User-Agent in the same announce. */
  userAgent: string;
  /** 20 bytes, each as the character of its number. */
  peerId: string;
  /** What it is to be called. */
  name: string;
}

export const realPeerIds: readonly RealPeerId[] = [
  {
    software: 'transmission-daemon and transmission-cli 3.00',
    userAgent: 'Transmission/3.00',
    peerId: '-TR3000-ci9kjpfbt3pu',
    name: 'Transmission 3.00',
  },
  {
    software: 'qbittorrent-nox 4.5.2',
    userAgent: 'qBittorrent/4.5.2',
    peerId: '-qB4520-p8at5jR67twY',
    name: 'qBittorrent 4.5.2',
  },
  {
    software: 'deluged 2.0.3',
    userAgent: 'Deluge/2.0.3 libtorrent/2.0.8.0',
    peerId: '-DE203s-e~t9WYe.~nak',
    name: 'Deluge 2.0.3',
  },
  {
    // Named is the version of its library, the only one in the peer_id.
    software: 'rtorrent 0.9.8 with libtorrent 0.13.8',
    userAgent: 'rtorrent/0.9.8/0.13.8',
    peerId: "-lt0D80-\xba/\xdeK/\x11<'9\xa9\x9cU",
    name: 'rTorrent 0.13.8',
  },
  {
    software: 'python3-libtorrent 2.0.8',
    userAgent: 'libtorrent/2.0.8.0',
    peerId: '-LT2080-R1UHtsPYNRyQ',
    name: 'libtorrent 2.0.8',
  },
  {
    software: 'libtorrent 2.1.1 of PyPI',
    userAgent: 'libtorrent/2.1.1.0',
    peerId: '-LT2110-Qm8JrodA_p_(',
    name: 'libtorrent 2.1.1',
  },
  {
    software: 'aria2 1.36.0',
    userAgent: 'aria2/1.36.0',
    peerId: 'A2-1-36-0-\xa5\xd4R\x18\xb0}\xe3\xf0\x1az',
    name: 'aria2',
  },
];
