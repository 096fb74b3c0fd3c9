/** Knows how a client reads what trackers answer over HTTP: known keys into typed fields, oddities reported, nothing trusted. */
import {
  type Bencoded,
  type BencodedDictionary,
  BencodeError,
  type BencodeOptions,
  decodeBencode,
} from './bencode.ts';
import { parseLatin1 } from './latin1.ts';

/** A peer of a dictionary list. */
export interface HttpPeer {
  /** What the tracker sent: an address, or a name. */
  ip: string;
  /** 0 to 65535. */
  port: number;
  /** Raw bytes, 20 if the tracker keeps to the protocol. */
  peerId: Uint8Array | undefined;
}

/** What is undefined was not there, or not of its kind; then `findings` says so. Text may hold control characters. */
export interface HttpAnnounceReply {
  /** Why it was refused; then nothing else counts. */
  failureReason: string | undefined;
  /** What the tracker warns of. */
  warningMessage: string | undefined;
  /** Minutes (BEP 31). */
  retryIn: number | 'never' | undefined;
  /** Seconds. */
  interval: number | undefined;
  /** Seconds that a client should wait at least. */
  minInterval: number | undefined;
  /** Seeders. */
  complete: number | undefined;
  /** Leechers. */
  incomplete: number | undefined;
  /** How often it was downloaded whole. */
  downloaded: number | undefined;
  /** Compact peers as sent, of any length, or a list. */
  peers: Uint8Array | HttpPeer[] | undefined;
  /** IPv6 peers of 18 bytes each (BEP 7). */
  peers6: Uint8Array | undefined;
  /** Raw bytes, of any length. */
  externalIp: Uint8Array | undefined;
  /** To be sent with the next announce. */
  trackerId: Uint8Array | undefined;
  /** What a careful tracker would not have sent. */
  findings: string[];
}

/** The counts of one torrent; what is undefined was not there. */
export interface HttpScrapeFile {
  /** The key as sent, of any length. */
  infoHash: Uint8Array;
  /** Seeders. */
  complete: number | undefined;
  /** Leechers. */
  incomplete: number | undefined;
  /** How often it was downloaded whole. */
  downloaded: number | undefined;
  /** Leechers that still download. */
  downloaders: number | undefined;
  /** Its name, where the tracker says it. */
  name: string | undefined;
}

/** What a scrape was answered. */
export interface HttpScrapeReply {
  /** Why it was refused. */
  failureReason: string | undefined;
  /** Seconds. */
  minRequestInterval: number | undefined;
  /** In the order in which they stood, the first so many. */
  files: HttpScrapeFile[];
  /** How many torrents the reply has; `files` may hold fewer. */
  fileCount: number;
  /** What is against the protocol, each kind once. */
  findings: string[];
}

/** Reads an announce reply; sloppy dictionaries are taken and reported. Throws BencodeError. */
export function decodeHttpAnnounceReply(bytes: Uint8Array, limits: BencodeOptions = {}): HttpAnnounceReply {
  const fields = Fields.ofReply(bytes, limits);
  return {
    failureReason: fields.text('failure reason'),
    warningMessage: fields.text('warning message'),
    retryIn: fields.retryIn(),
    interval: fields.count('interval'),
    minInterval: fields.count('min interval'),
    complete: fields.count('complete'),
    incomplete: fields.count('incomplete'),
    downloaded: fields.count('downloaded'),
    peers: fields.peers(),
    peers6: fields.string('peers6'),
    externalIp: fields.string('external ip'),
    trackerId: fields.string('tracker id'),
    findings: fields.findings,
  };
}

/**
 * Reads a scrape reply; sloppy dictionaries are taken and reported. Throws BencodeError.
 * @param maxFiles torrents beyond the first so many are counted, and not read
 */
export function decodeHttpScrapeReply(
  bytes: Uint8Array,
  limits: BencodeOptions = {},
  maxFiles = Number.POSITIVE_INFINITY,
): HttpScrapeReply {
  const fields = Fields.ofReply(bytes, limits);
  return {
    ...fields.files(maxFiles),
    failureReason: fields.text('failure reason'),
    minRequestInterval: fields.dictionary('flags')?.count('min_request_interval'),
    findings: fields.findings,
  };
}

const utf8 = new TextDecoder();

/** The values of one dictionary by key and kind; a value of another kind counts as absent and is reported once. */
class Fields {
  readonly findings: string[];
  readonly #values: BencodedDictionary;

  constructor(values: BencodedDictionary, findings: string[]) {
    this.#values = values;
    this.findings = findings;
  }

  static ofReply(bytes: Uint8Array, limits: BencodeOptions): Fields {
    const { value, findings } = decodeBencode(bytes, { ...limits, lenient: true });
    if (!(value instanceof Map)) throw new BencodeError('not a dictionary', 0);
    return new Fields(value, findings);
  }

  string(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    return value === undefined || value instanceof Uint8Array ? value : this.#report(key, 'a string');
  }

  text(key: string): string | undefined {
    const value = this.string(key);
    return value && utf8.decode(value);
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(key: string): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
    return this.#report(key, 'a number of 0 or more');
  }

  dictionary(key: string): Fields | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    return value instanceof Map ? new Fields(value, this.findings) : this.#report(key, 'a dictionary');
  }

  retryIn(): number | 'never' | undefined {
    return this.#values.get('retry in') instanceof Uint8Array && this.text('retry in') === 'never'
      ? 'never'
      : this.count('retry in');
  }

  peers(): Uint8Array | HttpPeer[] | undefined {
    const value = this.#values.get('peers');
    if (!Array.isArray(value)) return this.string('peers');
    return value.map((item) => this.#peer(item)).filter((peer) => peer !== undefined);
  }

  #peer(item: Bencoded): HttpPeer | undefined {
    const fields = item instanceof Map ? new Fields(item, this.findings) : undefined;
    const ip = fields?.text('ip');
    const port = fields?.count('port');
    if (ip === undefined || port === undefined || port > 65535)
      return this.#report('peers', 'a list of ip and port');
    return { ip, port, peerId: fields?.string('peer id') };
  }

  files(maxFiles: number): { files: HttpScrapeFile[]; fileCount: number } {
    const files: HttpScrapeFile[] = [];
    let fileCount = 0;
    const value = this.#values.get('files');
    if (value !== undefined && !(value instanceof Map)) this.#report('files', 'a dictionary');
    for (const [key, item] of value instanceof Map ? value : []) {
      if (!(item instanceof Map)) {
        this.#report('files', 'a dictionary of dictionaries');
        continue;
      }
      if (fileCount++ < maxFiles) files.push(this.#file(key, item));
    }
    return { files, fileCount };
  }

  #file(key: string, item: BencodedDictionary): HttpScrapeFile {
    if (key.length !== 20) this.#report('files', 'keyed by 20 bytes');
    const fields = new Fields(item, this.findings);
    return {
      infoHash: parseLatin1(key),
      complete: fields.count('complete'),
      incomplete: fields.count('incomplete'),
      downloaded: fields.count('downloaded'),
      downloaders: fields.count('downloaders'),
      name: fields.text('name'),
    };
  }

  #report(key: string, kind: string): undefined {
    const finding = `${key} is not ${kind}`;
    if (!this.findings.includes(finding)) this.findings.push(finding);
  }
}
