// Which client software a peer_id names: the conventions of its first bytes, and the names behind the letters.

const DASH = 0x2d;

/** Counts peers by client and version; both lists are bounded, whatever peers send. */
export class ClientTally {
  /** By the two letters of `-XX1234-` (at most 62²), and by the ways of writing that have no letters. */
  readonly #clients = new Map<number, number>();
  /** By client and version; what comes after `mostVersions` is not told apart. */
  readonly #versions = new Map<number, Map<number, number>>();
  #versionCount = 0;

  /** Takes the first two words of a peer_id. */
  add(word0: number, word1: number): void {
    const key = clientKey(word0, word1);
    this.#clients.set(key, (this.#clients.get(key) ?? 0) + 1);
    if (key <= 0) return;
    let versions = this.#versions.get(key);
    if (versions === undefined) {
      versions = new Map();
      this.#versions.set(key, versions);
    }
    const version = (word0 >>> 24) | ((word1 & 0xffffff) << 8);
    const count = versions.get(version);
    if (count === undefined && this.#versionCount >= mostVersions) return;
    if (count === undefined) this.#versionCount++;
    versions.set(version, (count ?? 0) + 1);
  }

  /** The clients with the most peers first, each with its most used versions. */
  list(clients: number, versions: number): ClientShare[] {
    return [...this.#clients]
      .sort(([, a], [, b]) => b - a)
      .slice(0, clients)
      .map(([key, peers]) => ({
        prefix: prefixOf(key),
        name: nameOf(key),
        peers,
        versions: [...(this.#versions.get(key) ?? [])]
          .sort(([, a], [, b]) => b - a)
          .slice(0, versions)
          .map(([version, count]) => ({ version: formatVersion(version), peers: count })),
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

const mostVersions = 4096;
const mainline = 0;
const aria2 = -1;
const unknown = -2;

function clientKey(word0: number, word1: number): number {
  const first = word0 & 0xff;
  const second = (word0 >>> 8) & 0xff;
  const third = (word0 >>> 16) & 0xff;
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
  return key > 0 ? String.fromCharCode(key >>> 8, key & 0xff) : '';
}

function nameOf(key: number): string {
  if (key === mainline) return 'BitTorrent (mainline)';
  if (key === aria2) return 'aria2';
  if (key === unknown) return 'Other';
  return clientNames[prefixOf(key)] ?? `-${prefixOf(key)}-`;
}

/** `5140` as `5.1.4.0`; letters and other signs as they are, unless they could do harm on a page or terminal. */
function formatVersion(version: number): string {
  const digits = [0, 8, 16, 24].map((shift) => (version >>> shift) & 0xff);
  return digits.map((byte) => (isWordByte(byte) ? String.fromCharCode(byte) : '?')).join('.');
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
  if (key <= 0) return nameOf(key);
  return `${nameOf(key)} ${formatVersion((word0 >>> 24) | ((word1 & 0xffffff) << 8))}`;
}
