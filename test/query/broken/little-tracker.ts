// A tracker as small as can be, over HTTP and UDP, that does everything right but what a fixture tells it to do wrong.
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type Bencodable, encodeBencode } from '../../../src/protocol/bencode.ts';

export interface Wrongs {
  /** The address under which every peer is stored. */
  seenAs?: string;
  externalIp?: string;
  refuses?: string;
  refusesPaused?: boolean;
  keepsStopped?: boolean;
  storesNothing?: boolean;
  takesClaims?: boolean;
  takesPortZero?: boolean;
  interval?: number;
  status?: number;
  /** UDP: no check of the connection_id. */
  anyConnectionId?: boolean;
  refusesOptions?: boolean;
  reflects?: boolean;
  /** UDP: answers come from this address. */
  answersFrom?: string;
  contentEncoding?: string;
}

type Swarm = Map<string, { ip: string; port: number }>;

export class LittleTracker {
  readonly #swarms = new Map<string, Swarm>();
  readonly wrongs: Wrongs;

  constructor(wrongs: Wrongs = {}) {
    this.wrongs = wrongs;
  }

  announce(infoHash: string, peer: { ip: string; port: number }, stopped: boolean, self: string) {
    const { wrongs } = this;
    const swarm: Swarm = this.#swarms.get(infoHash) ?? new Map();
    this.#swarms.set(infoHash, swarm);
    if (!stopped && !wrongs.storesNothing) swarm.set(self, peer);
    else if (!wrongs.keepsStopped) swarm.delete(self);
    const others = [...swarm].filter(([id]) => id !== self).map(([, other]) => compact(other));
    return { count: swarm.size, peers: Buffer.concat(others) };
  }

  count(infoHash: string): number {
    return this.#swarms.get(infoHash)?.size ?? 0;
  }

  readonly http: RequestListener = (request, response) => {
    const { wrongs } = this;
    const url = new URL(`http://x${request.url!.replaceAll(/%([0-9A-F]{2})/g, (_, hex) => `~${hex}`)}`);
    const query = url.searchParams;
    const answer = (value: Bencodable) => {
      const headers = wrongs.contentEncoding ? { 'Content-Encoding': wrongs.contentEncoding } : {};
      response.writeHead(wrongs.status ?? 200, headers).end(Buffer.from(encodeBencode(value)));
    };
    if (!/^\/(announce|scrape)$/.test(url.pathname)) return void response.writeHead(404).end('not here');
    if (wrongs.refuses) return answer({ 'failure reason': wrongs.refuses });
    const infoHash = query.get('info_hash') ?? '';
    if (url.pathname === '/scrape') return answer(this.#scrape(infoHash));
    const port = Number(query.get('port'));
    if (port === 0 && !wrongs.takesPortZero) return answer({ 'failure reason': 'invalid port' });
    const event = query.get('event') ?? '';
    if (event === 'paused' && wrongs.refusesPaused) return answer({ 'failure reason': 'invalid event' });
    const from = (request.socket.remoteAddress ?? '').replace('::ffff:', '');
    const ip = (wrongs.takesClaims && query.get('ip')) || wrongs.seenAs || from;
    const { count, peers } = this.announce(
      infoHash,
      { ip, port },
      event === 'stopped',
      query.get('peer_id')!,
    );
    const seen = wrongs.externalIp && { 'external ip': bytesOf(wrongs.externalIp) };
    return answer({ complete: 0, ...seen, incomplete: count, interval: wrongs.interval ?? 1800, peers });
  };

  #scrape(infoHash: string): Bencodable {
    if (!infoHash) return { 'failure reason': 'full scrape not allowed' };
    const bytes = infoHash.replaceAll(/~([0-9A-F]{2})/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    const incomplete = this.count(infoHash);
    return { files: new Map([[bytes, { complete: 0, downloaded: 0, downloaders: incomplete, incomplete }]]) };
  }

  udp(packet: Buffer, from: RemoteInfo, reply: (bytes: Buffer) => void): void {
    const { wrongs } = this;
    if (packet.length < 16) return;
    const [action, transactionId] = [packet.readInt32BE(8), packet.readInt32BE(12)];
    const id = wrongs.anyConnectionId
      ? 7
      : from.address.split('.').reduce((sum, byte) => sum * 7 + Number(byte), 7);
    if (action === 0 && packet.readInt32BE(0) === 0x417)
      return void reply(udpReply(0, transactionId, [0, id]));
    if (!wrongs.anyConnectionId && packet.readInt32BE(4) !== id) {
      if (wrongs.reflects) reply(udpReply(3, transactionId, [], Buffer.alloc(500, 'x')));
      return;
    }
    const infoHash = packet.toString('hex', 16, 36);
    if (action === 2) return void reply(udpReply(2, transactionId, [0, 0, this.count(infoHash)]));
    if (action !== 1 || packet.length < 98 || (wrongs.refusesOptions && packet.length > 98)) return;
    const [event, port] = [packet.readInt32BE(80), packet.readUInt16BE(96)];
    const refused =
      wrongs.refuses ??
      (port === 0 && !wrongs.takesPortZero
        ? 'invalid port'
        : event === 4 && wrongs.refusesPaused
          ? 'invalid event'
          : undefined);
    if (refused) return void reply(udpReply(3, transactionId, [], Buffer.from(refused)));
    const claimed = [...packet.subarray(84, 88)].join('.');
    const ip = wrongs.takesClaims && claimed !== '0.0.0.0' ? claimed : (wrongs.seenAs ?? from.address);
    const self = packet.toString('hex', 36, 56);
    const { count, peers } = this.announce(infoHash, { ip, port }, event === 3, self);
    reply(udpReply(1, transactionId, [wrongs.interval ?? 1800, count, 0], peers));
  }
}

export function listenHttp(host: string, port: number, listener: RequestListener): Promise<void> {
  return new Promise((resolve) => createServer(listener).listen(port, host, resolve));
}

export function listenHttps(
  host: string,
  port: number,
  certificate: { cert: string; key: string },
  listener: RequestListener,
): Promise<void> {
  return new Promise((resolve) => createHttpsServer(certificate, listener).listen(port, host, resolve));
}

export async function listenUdp(host: string, port: number, tracker: LittleTracker): Promise<void> {
  const socket = createSocket('udp4');
  const other = createSocket('udp4');
  const { answersFrom } = tracker.wrongs;
  if (answersFrom) await new Promise<void>((resolve) => other.bind(port, answersFrom, resolve));
  socket.on('message', (packet, from) => {
    const out = answersFrom ? other : socket;
    tracker.udp(packet, from, (bytes) => out.send(bytes, from.port, from.address));
  });
  await new Promise<void>((resolve) => socket.bind(port, host, resolve));
}

function compact({ ip, port }: { ip: string; port: number }): Buffer {
  return Buffer.concat([bytesOf(ip), Buffer.from([port >> 8, port & 255])]);
}

function bytesOf(ip: string): Buffer {
  return Buffer.from(ip.split('.').map(Number));
}

function udpReply(
  action: number,
  transactionId: number,
  words: number[],
  bytes: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(8 + words.length * 4);
  head.writeInt32BE(action, 0);
  head.writeInt32BE(transactionId, 4);
  for (const [index, word] of words.entries()) head.writeUInt32BE(word >>> 0, 8 + index * 4);
  return Buffer.concat([head, bytes]);
}
