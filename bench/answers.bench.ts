// `npm run bench answers`: what one answered UDP announce costs in JavaScript, without any system call.
//
// The same workload as `npm run bench udp`, written straight into the request buffer, 64 packets at a time. Processes
// differ by where their memory lies, so several are run one after another; each gives the time that nine in ten of its
// batches took longer than, which leaves out what else goes on on the machine.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cellBytes } from '../src/net/datagram-batch.ts';
import { ConnectionIds } from '../src/protocol/connection-id.ts';
import { Event } from '../src/protocol/event.ts';
import { encodeAnnounceRequest } from '../src/protocol/udp-client-packets.ts';
import { announceRequestBytes, requestAt } from '../src/protocol/udp-packets.ts';
import { monotonicSeconds } from '../src/server/clock.ts';
import { Tracker } from '../src/tracker/tracker.ts';
import { packetBuffer, UdpAnswers } from '../src/transport/udp/udp-answers.ts';
import { createUdpCounters } from '../src/transport/udp/udp-counters.ts';
import { createFilledStore, loopbackWord } from './filled-store.ts';
import { describeCommit, describeMachine, pinned } from './machine.ts';
import { Random } from './random.ts';
import { formatTable, median } from './table.ts';
import { createWorkload } from './workload.ts';

const packets = 64;
const addressWords = 8;
const addresses = 8;
const warmUpMs = 1500;
const measuredMs = 1000;

const flags = process.argv.slice(2);
const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '100000' },
    torrents: { type: 'string', default: '10000' },
    /** Of which each row is the median. */
    processes: { type: 'string', default: '8' },
    /** For such a process itself: announces in a row from one client. */
    'run-length': { type: 'string' },
  },
});
const peers = Number(values.peers);
const torrents = Number(values.torrents);

if (values['run-length'] === undefined) compareRunLengths(Number(values.processes));
else console.log(measureHere(Number(values['run-length'])));

function compareRunLengths(processes: number): void {
  console.log(`commit ${describeCommit()}; ${describeMachine()}`);
  console.log(`${torrents} torrents, ${peers} peers, numwant 50; medians of ${processes} processes\n`);
  const rows = [
    ['each from another client than the one before', 1],
    ['eight at a time from one client', 8],
  ].map(([name, runLength]) => {
    const times = Array.from({ length: processes }, () => measureApart(Number(runLength)));
    return [String(name), median(times).toFixed(0), Math.min(...times).toFixed(0)];
  });
  console.log(formatTable(['announces', 'ns/answer', 'least'], rows));
}

function measureApart(runLength: number): number {
  const script = fileURLToPath(import.meta.url);
  const words = [process.execPath, script, ...flags, `--run-length=${runLength}`];
  const [command, ...args] = pinned(0, words);
  return Number(spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
}

/** Nanoseconds of an answer when so many announces in a row come from one address. */
function measureHere(runLength: number): number {
  const workload = createWorkload(1, torrents, peers, addresses);
  const store = createFilledStore(workload, addresses, 1024 ** 3);
  const tracker = new Tracker(store, {
    interval: 1800,
    minInterval: 0,
    maxPeers: 200,
    maxScrapeHashes: 5,
    fullScrape: false,
    trackerId: '',
    ipv4Mapped: true,
    refusedPorts: [],
  });
  const ids = new ConnectionIds(new Uint8Array(16).fill(7));
  const request = packetBuffer(new ArrayBuffer(packets * cellBytes), 0, packets * cellBytes);
  const reply = packetBuffer(new ArrayBuffer(packets * cellBytes), 0, packets * cellBytes);
  const answers = new UdpAnswers(tracker, ids, createUdpCounters(), 4, request, reply);
  const names = new Int32Array(packets * addressWords);
  const now = monotonicSeconds();
  const random = new Random(1);
  const idOf = Array.from({ length: addresses }, (_, number) => {
    ids.issue(4, Int32Array.of(loopbackWord(number)), 0, now);
    return { connectionIdHigh: ids.high, connectionIdLow: ids.low };
  });
  for (let packet = 0; packet < packets; packet++) writeTemplate(packet * cellBytes);

  function writeTemplate(at: number): void {
    encodeAnnounceRequest(request.view, at, {
      ...idOf[0],
      transactionId: 1,
      infoHash: new Uint8Array(20),
      peerId: Buffer.from('-qB5140-bench-------'),
      downloaded: 0,
      left: 0,
      uploaded: 0,
      event: Event.none,
      key: 1,
      numwant: 50,
      port: 0,
    });
  }

  function writeRequests(): void {
    let address = 0;
    for (let packet = 0; packet < packets; packet++) {
      if (packet % runLength === 0) address = (address + 1 + random.below(addresses - 1)) % addresses;
      const peer = random.below(Math.floor(peers / addresses)) * addresses + address;
      const at = packet * cellBytes;
      const { view, words } = request;
      view.setInt32(at + requestAt.connectionId, idOf[address].connectionIdHigh);
      view.setInt32(at + requestAt.connectionId + 4, idOf[address].connectionIdLow);
      const from = workload.torrentOf[peer] * 5;
      for (let word = 0; word < 5; word++)
        words[((at + requestAt.infoHash) >> 2) + word] = workload.infoHashes[from + word];
      view.setInt32(at + requestAt.left + 4, workload.seeding[peer] === 1 ? 0 : 1000);
      view.setUint16(at + requestAt.port, workload.portOf[peer]);
      names[packet * addressWords] = loopbackWord(address);
    }
  }

  function answerAll(): void {
    if (tracker.looksAhead) {
      for (let packet = 0; packet < packets; packet++)
        answers.expect(packet * cellBytes, announceRequestBytes);
      answers.lookAhead();
    }
    for (let packet = 0; packet < packets; packet++) {
      const at = packet * cellBytes;
      const length = answers.answer(at, announceRequestBytes, names, packet * addressWords, at, now);
      if (length < 20) throw new Error(`an answer of ${length} bytes`);
    }
  }

  const times: number[] = [];
  const begin = performance.now();
  while (performance.now() < begin + warmUpMs + measuredMs) {
    let spent = 0;
    for (let batch = 0; batch < 10; batch++) {
      writeRequests();
      const start = performance.now();
      answerAll();
      spent += performance.now() - start;
    }
    if (performance.now() > begin + warmUpMs) times.push((spent * 1e6) / (10 * packets));
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 10)];
}
