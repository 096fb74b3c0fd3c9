// `npm run bench answers`: what one answered UDP announce costs in JavaScript, without any system call.
//
// The same workload as `npm run bench udp`, written straight into the request buffer, 64 packets at a time.
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
import { answerOptions, compareAnswers, quickTenth, trackerSettings } from './answer-times.ts';
import { createFilledStore, loopbackWord } from './filled-store.ts';
import { Random } from './random.ts';
import { createWorkload } from './workload.ts';

const packets = 64;
const addressWords = 8;
const addresses = 8;
const warmUpMs = 1500;
const measuredMs = 1000;

const flags = process.argv.slice(2);
const { values } = parseArgs({
  options: {
    ...answerOptions,
    /** For such a process itself: announces in a row from one client. */
    'run-length': { type: 'string' },
  },
});
const peers = Number(values.peers);
const torrents = Number(values.torrents);

const runLength = values['run-length'];
if (runLength !== undefined) console.log(measureHere(Number(runLength)));
else
  compareAnswers(fileURLToPath(import.meta.url), flags, values, 'announces', [
    ['each from another client than the one before', '--run-length=1'],
    ['eight at a time from one client', '--run-length=8'],
  ]);

/** Nanoseconds of an answer when so many announces in a row come from one address. */
function measureHere(runLength: number): number {
  const workload = createWorkload(1, torrents, peers, addresses);
  const store = createFilledStore(workload, addresses, 1024 ** 3);
  const tracker = new Tracker(store, trackerSettings);
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

  return quickTenth(
    () => {
      let spent = 0;
      for (let batch = 0; batch < 10; batch++) {
        writeRequests();
        const start = performance.now();
        answerAll();
        spent += performance.now() - start;
      }
      return (spent * 1e6) / (10 * packets);
    },
    warmUpMs,
    measuredMs,
  );
}
