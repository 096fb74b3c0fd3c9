// Every parser that reads what strangers wrote, as something a fuzzer can feed: well-formed seeds, and what may be thrown.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../src/cli/usage-error.ts';
import { BencodeError, decodeBencode, encodeBencode } from '../../src/protocol/bencode.ts';
import { ByteWriter } from '../../src/protocol/byte-writer.ts';
import { ConnectionIds } from '../../src/protocol/connection-id.ts';
import { Event } from '../../src/protocol/event.ts';
import { decodeHttpAnnounce, HttpAnnounceQuestion } from '../../src/protocol/http-announce.ts';
import { decodeHttpAnnounceReply, decodeHttpScrapeReply } from '../../src/protocol/http-client-replies.ts';
import { decodeHttpScrape, HttpScrapeQuestion } from '../../src/protocol/http-scrape.ts';
import { decodeProxyHeader } from '../../src/protocol/proxy-protocol.ts';
import {
  encodeAnnounceRequest,
  encodeConnectRequest,
  encodeScrapeRequest,
} from '../../src/protocol/udp-client-packets.ts';
import { decodeWebTorrent, WebTorrentMessage } from '../../src/protocol/webtorrent-message.ts';
import { encodeDescription } from '../../src/protocol/webtorrent-replies.ts';
import { readConfigFile } from '../../src/server/options/read-config-file.ts';
import { readFlags } from '../../src/server/options/read-flags.ts';
import { Tracker } from '../../src/tracker/tracker.ts';
import { HttpTarget } from '../../src/transport/http/http-target.ts';
import { maxReplyBytes, packetBuffer, UdpAnswers } from '../../src/transport/udp/udp-answers.ts';
import { createUdpCounters } from '../../src/transport/udp/udp-counters.ts';
import { frame, ping, readCut } from '../protocol/websocket-log.ts';
import { clockAt, encodeStore, joined, readerOf } from '../swarm/snapshot-content.ts';
import { createStore, Visit } from '../swarm/visit.ts';
import { contractSettings } from '../transport/contract.ts';

export interface FuzzTarget {
  name: string;
  seeds: readonly Uint8Array[];
  /** Throws, other than `expected`, when the parser fails. */
  parse(input: Uint8Array): void;
  /** Whether an exception is the parser's way of refusing. */
  expected?: (error: unknown) => boolean;
  /** Inputs of a short run, where one costs much more than a microsecond. */
  share?: number;
}

const text = (value: string) => Buffer.from(value, 'latin1');
const announceQuery =
  'info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A&peer_id=-TR2940-k8hj0wgej6ch&port=51413&uploaded=0' +
  '&downloaded=0&left=9223372036854775807&numwant=80&key=1a2b&compact=1&supportcrypto=1&event=started&ip=1.2.3.4';

export function createFuzzTargets(): FuzzTarget[] {
  return [
    createUdpTarget(),
    {
      name: 'query string',
      seeds: [text(announceQuery), text('info_hash=a&info_hash=&&=&port'), text('info_hash=%41'.repeat(6))],
      parse: (input) => {
        decodeHttpAnnounce(input, 0, input.length, new HttpAnnounceQuestion());
        decodeHttpScrape(input, 0, input.length, new HttpScrapeQuestion(5));
      },
    },
    {
      name: 'request target',
      seeds: [
        text(`/announce?${announceQuery}`),
        text('http://h:1/x/scrape/?info_hash='),
        text('//announce'),
      ],
      parse: (input) => new HttpTarget().read(input, 0, input.length),
    },
    {
      name: 'bencode',
      seeds: [
        encodeBencode({ interval: 1800, peers: Buffer.alloc(12, 7), list: [1, -2, [{ a: 'b' }]] }),
        text('d14:failure reason3:bad5:peers0:e'),
        text('l'.repeat(70)),
      ],
      parse: (input) => {
        decodeBencode(input);
      },
      expected: (error) => error instanceof BencodeError,
    },
    {
      name: 'tracker reply',
      seeds: [
        text('d8:completei1e8:intervali1800e5:peersld2:ip7:1.2.3.44:porti1eeee'),
        text(`d5:filesd20:${'h'.repeat(20)}d8:completei1e10:downloadedi2e10:incompletei3eeee`),
      ],
      parse: (input) => {
        decodeHttpAnnounceReply(input);
        decodeHttpScrapeReply(input);
      },
      expected: (error) => error instanceof BencodeError,
    },
    {
      name: 'PROXY header',
      seeds: [
        text('PROXY TCP4 192.0.2.1 192.0.2.2 51413 6969\r\n'),
        Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c0000202c8d51b39', 'hex'),
      ],
      parse: (input) => {
        decodeProxyHeader(input, input.length);
      },
    },
    createWebSocketTarget(),
    createWebTorrentTarget(),
    createConfigurationTarget(),
    {
      name: 'command line',
      seeds: [
        text('--http-port\x008080\0--trusted-proxy\x0010.0.0.0/8\0-v'),
        text('--max-peers=50\0--interval\0'),
      ],
      parse: (input) => {
        readFlags(Buffer.from(input).toString('utf8').split('\0'));
      },
      expected: (error) => error instanceof UsageError,
      share: 0.02,
    },
    createSnapshotTarget(),
  ];
}

/** Answers as a whole, with a connection_id that is good, so that the mutations reach what lies behind it. */
function createUdpTarget(): FuzzTarget {
  const request = packetBuffer(new ArrayBuffer(2048), 0, 2048);
  const reply = packetBuffer(new ArrayBuffer(maxReplyBytes), 0, maxReplyBytes);
  const tracker = new Tracker(createStore(8 * 1024 ** 2), contractSettings);
  const ids = new ConnectionIds(new Uint8Array(16).fill(1), new Uint8Array(16).fill(2));
  const answers = new UdpAnswers(tracker, ids, createUdpCounters(), 4, request, reply);
  const address = Int32Array.of(0x0100007f, 0, 0, 0);
  const bytes = new Uint8Array(request.view.buffer);
  const answer = (input: Uint8Array) => {
    bytes.set(input.subarray(0, 2048));
    return answers.answer(0, Math.min(2048, input.length), address, 0, 0, 1000);
  };
  const seed = (encode: (view: DataView) => number) => {
    const packet = new Uint8Array(300);
    return packet.slice(0, encode(new DataView(packet.buffer)));
  };
  const connect = seed((view) => encodeConnectRequest(view, 0, 7));
  answer(connect);
  const connection = { connectionIdHigh: reply.view.getInt32(8), connectionIdLow: reply.view.getInt32(12) };
  const announce = seed((view) =>
    encodeAnnounceRequest(view, 0, {
      ...connection,
      transactionId: 9,
      infoHash: new Uint8Array(20).fill(3),
      peerId: new Uint8Array(20).fill(4),
      downloaded: 0,
      left: 1,
      uploaded: 0,
      event: Event.started,
      key: 5,
      numwant: -1,
      port: 6881,
    }),
  );
  const scrape = seed((view) => encodeScrapeRequest(view, 0, connection, 8, [new Uint8Array(20).fill(3)]));
  return {
    name: 'UDP packet',
    seeds: [connect, announce, Buffer.concat([announce, Buffer.from('02052f616161610100', 'hex')]), scrape],
    parse: (input) => {
      const length = answer(input);
      if (!(length >= 0 && length <= maxReplyBytes)) throw new Error(`a reply of ${length} bytes`);
    },
  };
}

/** The same bytes at once and in pieces must be read as the same. */
function createWebSocketTarget(): FuzzTarget {
  const piece = (input: Uint8Array) => Array.from({ length: Math.ceil(input.length / 7) }, (_, i) => i * 7);
  const cut = (input: Uint8Array) => readCut(input, piece(input).slice(1)).join('\n');
  return {
    name: 'WebSocket frames',
    seeds: [
      Buffer.concat([frame({ opcode: 1, payload: announceText }), ping('x'), frame({ opcode: 8 })]),
      Buffer.concat([
        frame({ opcode: 1, payload: 'é', final: false }),
        ping('between'),
        frame({ opcode: 0, payload: 'x'.repeat(130), final: false }),
        frame({ opcode: 0, payload: '😀' }),
        frame({ opcode: 2, payload: Buffer.alloc(300, 0xff) }),
        frame({ opcode: 8, payload: Buffer.from([3, 232, 0xc3, 0xa9]) }),
      ]),
    ],
    parse: (input) => {
      const whole = readCut(input).join('\n');
      if (cut(input) !== whole) throw new Error(`read in pieces as ${cut(input)}, at once as ${whole}`);
    },
  };
}

const description = (type: string) => ({ type, sdp: 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns="é😀\\"' });
const announceText = JSON.stringify({
  action: 'announce',
  info_hash: '\u00124Vx\u009a\u00bc\u00de\u00f1#Eg\u0089\u00ab\u00cd\u00ef\u00124Vx\u009a',
  peer_id: '-WW0100-abcdefghijkl',
  left: null,
  numwant: 5,
  event: 'started',
  offers: Array.from({ length: 3 }, (_, n) => ({
    offer: description('offer'),
    offer_id: `offer-${n}`.padEnd(20, '\u00ff'),
  })),
});

/** What is read is JSON, and what is written of it too, with the same SDPs. */
function createWebTorrentTarget(): FuzzTarget {
  const answerText = JSON.stringify({
    ...JSON.parse(announceText),
    to_peer_id: 'to'.repeat(10),
    offer_id: 'offer-id'.padEnd(20, '\0'),
    answer: description('answer'),
  });
  const message = new WebTorrentMessage(2, 5);
  const writer = new ByteWriter();
  return {
    name: 'WebTorrent message',
    seeds: [
      Buffer.from(announceText),
      Buffer.from(answerText),
      Buffer.from('{"action":"scrape","info_hash":["aaaaaaaaaaaaaaaaaaaa","\\u00e9bbbbbbbbbbbbbbbbbbb"]}'),
    ],
    parse: (input) => {
      if (decodeWebTorrent(input, 0, input.length, message) !== undefined) return;
      const asked = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input));
      if (message.kind !== 'announce') return;
      for (let i = 0; i < message.offerCount; i++) {
        writer.clear();
        encodeDescription(writer, {
          type: 'offer',
          infoHash: message.infoHashes,
          infoHashAt: 0,
          peerId: message.peerId,
          peerIdAt: 0,
          offerId: message.offerIds,
          offerIdAt: i * 20,
          sdp: input,
          sdpAt: message.sdpAt[i],
          sdpEnd: message.sdpEnd[i],
        });
        const { offer, offer_id, peer_id, info_hash } = JSON.parse(Buffer.from(writer.view()).toString());
        const same =
          offer.sdp === asked.offers[i].offer.sdp &&
          offer_id === asked.offers[i].offer_id &&
          peer_id === asked.peer_id &&
          info_hash === asked.info_hash;
        if (!same) throw new Error('something else was relayed than came');
      }
    },
  };
}

function createConfigurationTarget(): FuzzTarget {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-fuzz-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'tracker.toml');
  return {
    name: 'configuration',
    seeds: [
      text('http-port = 8080\nhost = "::1"\ntrusted-proxy = ["10.0.0.0/8"]\nmemory-limit = "64MiB"\n'),
      text('[a.b]\nc = {d = 1979-05-27T07:32:00Z, e = 0x1F, f = inf}\n__proto__ = """x"""\n'),
    ],
    parse: (input) => {
      writeFileSync(path, input);
      readConfigFile(path);
    },
    expected: (error) => error instanceof UsageError,
    share: 0.02,
  };
}

function createSnapshotTarget(): FuzzTarget {
  const store = createStore(8 * 1024 ** 2);
  const visit = new Visit();
  for (let n = 0; n < 3000; n++) {
    visit.setSwarm(n % 7 === 0 ? 0 : n % 400).setPeer(n % 5 === 0 ? 6 : 4, n);
    visit.event = n % 11 === 0 ? Event.completed : Event.started;
    store.announce(visit, 0, 100_000);
  }
  const whole = joined(encodeStore(store));
  // The same store again and again: what is read is there already, unless the damage brought something new.
  let target = createStore(8 * 1024 ** 2);
  let runs = 0;
  return {
    name: 'snapshot',
    seeds: [whole, joined(encodeStore(createStore(8 * 1024 ** 2)))],
    parse: (input) => {
      if (runs++ % 1000 === 0) target = createStore(8 * 1024 ** 2);
      const before = target.totals().leechers4 + target.totals().leechers6;
      const found = target.createSnapshotDecoder(readerOf(input, 65_536)).decode(clockAt(100_000), true);
      const after = target.totals().leechers4 + target.totals().leechers6;
      if (found.peers > 3000) throw new Error(`${found.peers} peers out of 3000`);
      if (after < before) throw new Error('peers were taken away');
    },
    share: 0.1,
  };
}
