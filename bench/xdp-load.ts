// A load of UDP announces that is itself made on a network card's queue (AF_XDP), so that the server is what is measured.
//
// One client with so many requests under way; each answer brings the next, and what is not answered in time is lost.
// Prints BEGIN when the measured time begins, and then one line of JSON.
import { readFileSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadSystemCalls } from '../src/net/system-calls.ts';
import { openXdpSocket } from '../src/net/xdp/xdp-handle.ts';
import { XdpSocket } from '../src/net/xdp/xdp-socket.ts';
import { Event } from '../src/protocol/event.ts';
import { encodeAnnounceRequest, encodeConnectRequest } from '../src/protocol/udp-client-packets.ts';
import { announceRequestBytes, connectRequestBytes, requestAt } from '../src/protocol/udp-packets.ts';
import { Latencies } from './latencies.ts';
import { LoadFilter } from './load-filter.ts';
import { createWorkload } from './workload.ts';

const { values } = parseArgs({
  options: {
    interface: { type: 'string' },
    'server-mac': { type: 'string' },
    'server-address': { type: 'string' },
    address: { type: 'string' },
    port: { type: 'string', default: '6969' },
    seconds: { type: 'string', default: '3' },
    /** Fewer than a cable's ring holds (256), or bursts are lost. */
    window: { type: 'string', default: '192' },
    torrents: { type: 'string', default: '10000' },
    peers: { type: 'string', default: '50000' },
    numwant: { type: 'string', default: '50' },
    /**
     * Besides, as fast as it can, datagrams of 64 bytes: `implausible` (no question) or `connect` with forged senders, or
     * `own-connect` with its own address, whose answers it counts.
     */
    flood: { type: 'string', default: '' },
    /** Announces a second at most; as many as are answered when 0. */
    rate: { type: 'string', default: '0' },
    /** Of the flood, between two looks at what has been answered: what looks seldom measures itself. */
    chunk: { type: 'string', default: '16' },
  },
});

const headBytes = 42;
const floodBytes = 64;
const ourPort = 20_000;
const giveUpMs = 100;
const lookForLostMs = 10;
/** Requests under way are numbered by so many bits of the transaction_id; the rest says which use of the number it is. */
const rowBits = 8;

const { calls, reason } = loadSystemCalls();
if (!calls) throw new Error(reason);
const {
  interface: interfaceName = '',
  address = '',
  'server-mac': mac = '',
  'server-address': server = '',
} = values;
const numbersOf = (text: string, base: number, by: string) =>
  text.split(by).map((part) => Number.parseInt(part, base));
const ourMac = numbersOf(readFileSync(`/sys/class/net/${interfaceName}/address`, 'latin1').trim(), 16, ':');
const serverMac = numbersOf(mac, 16, ':');
const ourAddress = numbersOf(address, 10, '.');
const serverAddress = numbersOf(server, 10, '.');
const filter = new LoadFilter(calls, interfaceName, Uint8Array.from(ourAddress));
const socket = new XdpSocket(
  calls,
  openXdpSocket(calls, { interfaceIndex: filter.interfaceIndex, queue: 0 }),
);
filter.setRing(socket.fd);
const bytes = new Uint8Array(socket.memory);
const view = new DataView(socket.memory);
const words = new Int32Array(socket.memory);

/** Ethernet, IPv4 and UDP before a question; without a sum over the question, as IPv4 allows. */
function templateOf(questionBytes: number): Uint8Array {
  const template = new Uint8Array(headBytes + questionBytes);
  const head = new DataView(template.buffer);
  template.set([...serverMac, ...ourMac, 8, 0, 0x45, 0]);
  head.setUint16(16, 28 + questionBytes);
  head.setUint16(20, 0x4000);
  template.set([64, 17], 22);
  template.set([...ourAddress, ...serverAddress], 26);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += head.getUint16(at);
  sum = (sum & 0xffff) + (sum >> 16);
  head.setUint16(24, ~((sum & 0xffff) + (sum >> 16)));
  head.setUint16(34, ourPort);
  head.setUint16(36, Number(values.port));
  head.setUint16(38, 8 + questionBytes);
  return template;
}

const connect = templateOf(connectRequestBytes);
encodeConnectRequest(new DataView(connect.buffer), headBytes, 1);

function sendTemplate(template: Uint8Array): number {
  const room = socket.room;
  if (room < 0) return -1;
  bytes.set(template, room);
  socket.send(template.length);
  return room;
}

/** The connection id, as two halves. */
function askForId(): { connectionIdHigh: number; connectionIdLow: number } {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    sendTemplate(connect);
    socket.flush();
    for (const wait = performance.now() + 50; socket.waiting === 0 && performance.now() < wait; );
    if (socket.waiting === 0) continue;
    const at = socket.at(0) + headBytes;
    const id = { connectionIdHigh: view.getInt32(at + 8), connectionIdLow: view.getInt32(at + 12) };
    socket.take();
    socket.flush();
    return id;
  }
  throw new Error('the server does not answer a connect');
}

const workload = createWorkload(1, Number(values.torrents), Number(values.peers));
const announce = templateOf(announceRequestBytes);
const id = askForId();
encodeAnnounceRequest(new DataView(announce.buffer), headBytes, {
  ...id,
  transactionId: 1,
  infoHash: new Uint8Array(20),
  peerId: Buffer.from('-qB5140-bench-------'),
  downloaded: 0,
  left: 0,
  uploaded: 0,
  event: Event.none,
  key: 1,
  numwant: Number(values.numwant),
  port: 0,
});

let nextPeer = 0;
function sendAnnounce(transaction: number): boolean {
  const room = sendTemplate(announce);
  if (room < 0) return false;
  const peer = nextPeer;
  nextPeer = nextPeer + 1 === workload.peers ? 0 : nextPeer + 1;
  const at = room + headBytes;
  view.setInt32(at + requestAt.transactionId, transaction);
  const from = workload.torrentOf[peer] * 5;
  const to = (at + requestAt.infoHash) >> 2;
  for (let word = 0; word < 5; word++) words[to + word] = workload.infoHashes[from + word];
  view.setInt32(at + requestAt.left + 4, workload.seeding[peer] === 1 ? 0 : 1000);
  view.setUint16(at + requestAt.port, workload.portOf[peer]);
  return true;
}

const rate = Number(values.rate);
const chunk = Number(values.chunk);
const latencies = new Latencies();
const window = Number(values.window);
if (window > 1 << rowBits) throw new RangeError(`--window is at most ${1 << rowBits}`);
/** By row: when its request was sent, 0 if it has none, and the transaction_id. */
const sentAt = new Float64Array(window);
const transactions = new Int32Array(window);
const freeRows = Int32Array.from({ length: window }, (_, row) => row);
let freeCount = window;

function release(row: number): void {
  sentAt[row] = 0;
  freeRows[freeCount++] = row;
}

interface Result {
  answers: number;
  errors: number;
  lost: number;
  /** Answers to what had been given up. */
  late: number;
  sent: number;
  /** Of the flood. */
  flooded: number;
  /** Answers to its own connects, and those of them with another id than the first. */
  connected: number;
  otherIds: number;
}

/** Keeps `window` requests under way for so many seconds. */
function run(seconds: number): Result {
  const result: Result = {
    answers: 0,
    errors: 0,
    lost: 0,
    late: 0,
    sent: 0,
    flooded: 0,
    connected: 0,
    otherIds: 0,
  };
  const start = performance.now();
  let now = start;
  let lookAt = now + lookForLostMs;
  for (const end = now + seconds * 1000; now < end; now = performance.now()) {
    takeAnswers(result, now);
    if (now >= lookAt) {
      lookAt = now + lookForLostMs;
      for (let row = 0; row < window; row++) {
        if (sentAt[row] === 0 || now - sentAt[row] < giveUpMs) continue;
        result.lost++;
        release(row);
      }
    }
    const most = rate === 0 ? 64 : Math.min(64, ((now - start) * rate) / 1000 - result.sent);
    for (let sent = 0; sent < most && freeCount > 0; sent++) {
      const row = freeRows[freeCount - 1];
      transactions[row] = ((transactions[row] + (1 << rowBits)) & ~((1 << rowBits) - 1)) | row;
      if (!sendAnnounce(transactions[row])) break;
      freeCount--;
      sentAt[row] = now;
      result.sent++;
    }
    if (values.flood) for (let sent = 0; sent < chunk && sendFlood(); sent++) result.flooded++;
    socket.flush();
  }
  return result;
}

function takeAnswers(result: Result, now: number): void {
  for (let left = socket.waiting; left > 0; left--) {
    const at = socket.at(0) + headBytes;
    if (view.getInt32(at) === 0) {
      result.connected++;
      if (view.getInt32(at + 8) !== id.connectionIdHigh || view.getInt32(at + 12) !== id.connectionIdLow)
        result.otherIds++;
      socket.take();
      continue;
    }
    const transaction = view.getInt32(at + 4);
    const row = transaction & ((1 << rowBits) - 1);
    if (row >= window || sentAt[row] === 0 || transactions[row] !== transaction) result.late++;
    else {
      if (view.getInt32(at) === 1) result.answers++;
      else result.errors++;
      if (rate > 0 || result.answers % 16 === 0) latencies.add(now - sentAt[row]);
      release(row);
    }
    socket.take();
  }
}

/** Of the least size that a frame has, also where its question is shorter. */
const forged =
  values.flood === 'implausible' ? templateOf(floodBytes - headBytes) : new Uint8Array(floodBytes);
const isOwn = values.flood === 'own-connect';
if (isOwn || values.flood === 'connect') forged.set(connect);
const ourSum = ((ourAddress[0] + ourAddress[2]) << 8) + ourAddress[1] + ourAddress[3];

/** The identification makes up for the address, so that the head's sum stays right. */
function sendFlood(): boolean {
  const room = sendTemplate(forged);
  if (room < 0) return false;
  if (isOwn) return true;
  const [high, low] = [(Math.random() * 0x10000) | 0, (Math.random() * 0x10000) | 0];
  view.setUint16(room + 26, high);
  view.setUint16(room + 28, low);
  view.setUint16(room + 18, (ourSum + 2 * 0xffff - high - low) % 0xffff);
  return true;
}

run(1);
latencies.clear();
writeSync(1, 'BEGIN\n');
const started = performance.now();
const result = run(Number(values.seconds));
const elapsed = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({
    ...result,
    perSecond: result.answers / elapsed,
    floodedPerSecond: result.flooded / elapsed,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
  }),
);
filter.close();
