// Which client software a peer_id names: the conventions of its first bytes, and the names behind the letters.

import { PairTally } from './pair-tally.ts';

const DASH = 0x2d;

/** Counts peers by client and version; both lists are bounded, whatever peers send. */
export class ClientTally {
  /** By key: exact for every client. */
  readonly #clients = new Uint32Array(clientKeys);
  /** By the peer_id's first 8 bytes; rare versions may be forgotten. */
  readonly #versions = new PairTally(4096);

  /** Takes the first two words of a peer_id. */
  add(word0: number, word1: number): void {
    const key = clientKey(word0, word1);
    this.#clients[key]++;
    if (key >= firstLetters) this.#versions.add(word0, word1);
  }

  /** The clients with the most peers first, each with its most used versions; a counted peer stands for `weight`. */
  list(clients: number, versions: number, weight = 1): ClientShare[] {
    const versionsOf = new Map<number, ClientShare['versions']>();
    for (const [word0, word1, peers] of [...this.#versions.pairs()].sort(([, , a], [, , b]) => b - a)) {
      const key = clientKey(word0, word1);
      const listed = versionsOf.get(key) ?? [];
      if (listed.length < versions) {
        listed.push({ version: versionOf(word0, word1), peers: Math.round(peers * weight) });
      }
      versionsOf.set(key, listed);
    }
    return Array.from(this.#clients, (peers, key) => ({ key, peers }))
      .filter(({ peers }) => peers > 0)
      .sort((a, b) => b.peers - a.peers)
      .slice(0, clients)
      .map(({ key, peers }) => ({
        prefix: prefixOf(key),
        name: nameOf(key),
        peers: Math.round(peers * weight),
        versions: versionsOf.get(key) ?? [],
      }));
  }
}

export interface ClientShare {
  /** Two letters, or empty for peer_ids of other conventions. */
  prefix: string;
  name: string;
  peers: number;
  versions: { version: string; peers: number }[];
}

// A client's key: its two letters as a number, or one of these for other ways of writing a peer_id.
const unknown = 0;
const mainline = 1;
const aria2 = 2;
/** Nothing but zeros: another node of the cluster has told of the peer, and nodes do not tell what peers call themselves. */
const untold = 3;
const firstLetters = 0x3030;
const clientKeys = 0x7b7b;

function clientKey(word0: number, word1: number): number {
  if ((word0 | word1) === 0) return untold;
  const first = word0 & 0xff;
  const second = (word0 >>> 8) & 0xff;
  const third = (word0 >>> 16) & 0xff;
  // -qB5140-
  if (first === DASH && word1 >>> 24 === DASH && isWordByte(second) && isWordByte(third)) {
    return (second << 8) | third;
  }
  // M7-9-2-- and A2-1-37-
  if (first === 0x4d && isDigit(second) && third === DASH) return mainline;
  if (first === 0x41 && second === 0x32 && third === DASH) return aria2;
  return unknown;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isWordByte(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x7a);
}

function prefixOf(key: number): string {
  return key >= firstLetters ? String.fromCharCode(key >>> 8, key & 0xff) : '';
}

function nameOf(key: number): string {
  if (key === mainline) return 'BitTorrent (mainline)';
  if (key === aria2) return 'aria2';
  if (key === unknown) return 'Other';
  if (key === untold) return 'Known to another node';
  return clientNames[prefixOf(key)] ?? `-${prefixOf(key)}-`;
}

/**
 * The version as the client itself writes it. Four characters, digits up to 9 and letters from A as 10 on; the fourth
 * says mostly that it is a release (`0`, `s`), and then is not shown.
 */
function versionOf(word0: number, word1: number): string {
  const codes = [word0 >>> 24, word1 & 0xff, (word1 >>> 8) & 0xff, (word1 >>> 16) & 0xff];
  const [major, minor, patch, last] = codes.map((code) =>
    isWordByte(code) ? String.fromCharCode(code) : '?',
  ) as [string, string, string, string];
  const client = prefixOf((word0 & 0xff00) | ((word0 >>> 16) & 0xff));
  // -TR3000- is 3.00, -TR2940- 2.94; from 4 on it is like others.
  if (client === 'TR' && major < '4') return `${major}.${minor}${patch}`;
  // -WW0202- is 2.2: two digits each.
  if (client === 'WW' || client === 'WD') return `${Number(major + minor)}.${Number(patch + last)}`;
  const numbers = [major, minor, patch].map(numberOf);
  if (isDigit(codes[3]) && last !== '0') numbers.push(last);
  return numbers.join('.');
}

/** `D` is 13; what is no digit to anybody stays as it is. */
function numberOf(digit: string): string {
  return /[A-Za-z]/.test(digit) ? String(Number.parseInt(digit, 36)) : digit;
}

const clientNames: Record<string, string> = {
  A2: 'aria2',
  AZ: 'Vuze',
  BC: 'BitComet',
  BI: 'BiglyBT',
  BT: 'BitTorrent',
  BW: 'BitWombat',
  BX: 'BittorrentX',
  CT: 'CTorrent',
  DE: 'Deluge',
  EB: 'EBit',
  FD: 'Free Download Manager',
  FL: 'Flud',
  FW: 'FrostWire',
  GT: 'anacrolix/torrent',
  HL: 'Halite',
  IL: 'iLivid',
  JS: 'Justseed.it',
  KT: 'KTorrent',
  LP: 'Lphant',
  LT: 'libtorrent',
  LW: 'LimeWire',
  MG: 'MediaGet',
  NE: 'BT Next Evolution',
  OT: 'OmegaTorrent',
  PI: 'PicoTorrent',
  PO: 'PO (btpd)',
  QD: 'QQDownload',
  RM: 'RUM Torrent',
  RT: 'Retriever',
  SD: 'Xunlei',
  SP: 'BitSpirit',
  TB: 'Torch',
  TI: 'tinytorrent',
  TL: 'Tribler',
  TR: 'Transmission',
  TT: 'TuoTu',
  TX: 'Tixati',
  UE: 'µTorrent Embedded',
  UM: 'µTorrent for Mac',
  UT: 'µTorrent',
  UW: 'µTorrent Web',
  WD: 'WebTorrent Desktop',
  WW: 'WebTorrent',
  XF: 'Xfplay',
  XL: 'Xunlei',
  ZT: 'ZipTorrent',
  bk: 'BitKitten',
  lt: 'rTorrent',
  qB: 'qBittorrent',
  st: 'SharkTorrent',
};

/** The client that a peer_id, given as its first two words, names, and its version. */
export function nameOfPeerId(word0: number, word1: number): string {
  const key = clientKey(word0, word1);
  if (key < firstLetters) return nameOf(key);
  return `${nameOf(key)} ${versionOf(word0, word1)}`;
}
