// The ceiling: the system calls of the UDP tracker and replies of the right size, but no tracker and no store.
import { parseArgs } from 'node:util';
import { findFastPath } from '../src/net/availability.ts';
import { cellWords, DatagramBatch } from '../src/net/datagram-batch.ts';
import { EventLoop } from '../src/net/event-loop.ts';
import { EPOLLIN } from '../src/net/layouts.ts';
import { openUdpSockets } from '../src/net/udp-socket.ts';
import { Waker } from '../src/net/waker.ts';
import { announceReplyHeadBytes, connectReplyBytes, requestAt } from '../src/protocol/udp-packets.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    peers: { type: 'string', default: '30' },
    cells: { type: 'string', default: '64' },
  },
});

const { calls, reason } = findFastPath();
if (!calls) {
  console.error(`the responder needs the fast path: ${reason}`);
  process.exit(1);
}

const [socket] = openUdpSockets(calls, { address: values.host, port: Number(values.port) });
const batch = new DatagramBatch(calls, socket, Number(values.cells));
const announceReplyBytes = announceReplyHeadBytes + 6 * Number(values.peers);
const actionWord = requestAt.action / 4;
const transactionWord = requestAt.transactionId / 4;
const announce = 0x01000000; // big-endian 1
const scrape = 0x02000000;
const { words, replyWords } = batch;
// Peers that are no copy of anything still have to be written by somebody once for each reply, as a tracker does.
const peerWords = Math.ceil(announceReplyBytes / 4) - 5;

function respond(cell: number): void {
  const at = cell * cellWords;
  const out = batch.replyCell * cellWords;
  const action = words[at + actionWord];
  replyWords[out] = action;
  replyWords[out + 1] = words[at + transactionWord];
  replyWords[out + 2] = 1;
  if (action === announce) {
    replyWords[out + 3] = 1;
    replyWords[out + 4] = 1;
    for (let word = 0; word < peerWords; word++) replyWords[out + 5 + word] = words[at + 4] + word;
    batch.reply(cell, announceReplyBytes);
  } else {
    batch.reply(cell, action === scrape ? 20 : connectReplyBytes);
  }
}

const waker = new Waker(calls);
const loop = new EventLoop(calls);
loop.listenTo(waker.handle);
loop.add(socket.fd, EPOLLIN, () => {
  const count = batch.receive();
  for (let cell = 0; cell < count; cell++) respond(cell);
  batch.flush();
  return batch.isBusy;
});
console.error(`responder listening on ${socket.address}:${socket.port}`);
loop.run();
