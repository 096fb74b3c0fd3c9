// The ceiling of --xdp: the same rings and heads and replies of the right size, but no tracker and no store.
import { networkInterfaces } from 'node:os';
import { parseArgs } from 'node:util';
import { EventLoop } from '../src/net/event-loop.ts';
import { EPOLLIN } from '../src/net/layouts.ts';
import { loadSystemCalls } from '../src/net/system-calls.ts';
import { PacketHead } from '../src/net/xdp/packet-head.ts';
import { XdpFilter } from '../src/net/xdp/xdp-filter.ts';
import { openXdpSocket } from '../src/net/xdp/xdp-handle.ts';
import { XdpSocket } from '../src/net/xdp/xdp-socket.ts';
import { parseIp } from '../src/protocol/ip-address.ts';
import { announceReplyHeadBytes, connectReplyBytes, requestAt } from '../src/protocol/udp-packets.ts';

const { values } = parseArgs({
  options: {
    interface: { type: 'string', default: '' },
    port: { type: 'string', default: '6969' },
    peers: { type: 'string', default: '50' },
  },
});

const { calls, reason } = loadSystemCalls();
if (!calls) throw new Error(reason);
const { interface: interfaceName } = values;
const addresses = (networkInterfaces()[interfaceName] ?? [])
  .filter(({ family }) => family === 'IPv4')
  .map(({ address }) => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...parseIp(address)!]));
const ports = [Number(values.port)];
// Its ids are none, so that no shield would let them through.
const filter = new XdpFilter(calls, { interfaceName, ports, addresses, shield: false });
const socket = new XdpSocket(
  calls,
  openXdpSocket(calls, { interfaceIndex: filter.interfaceIndex, queue: 0 }),
);
const head = new PacketHead(socket.memory);
const view = new DataView(socket.memory);
const announce = 1;
const announceReplyBytes = announceReplyHeadBytes + 6 * Number(values.peers);
/** Packets that leave with one call, as the tracker has it. */
const batch = 64;

function respond(): void {
  const { room } = socket;
  if (room < 0 || !head.read(socket.at(0), socket.lengthAt(0))) return;
  const question = head.questionAt;
  const out = room + head.headBytes;
  const action = view.getInt32(question + requestAt.action);
  view.setInt32(out, action);
  view.setInt32(out + 4, view.getInt32(question + requestAt.transactionId));
  view.setInt32(out + 8, 1);
  view.setInt32(out + 12, 1);
  if (action !== announce) {
    socket.send(head.answer(room, connectReplyBytes));
    return;
  }
  // Somebody has to write them once for each reply, as a tracker does.
  for (let at = 16; at < announceReplyBytes - 3; at += 4) view.setInt32(out + at, at);
  socket.send(head.answer(room, announceReplyBytes));
}

const loop = new EventLoop(calls);
loop.add(socket.fd, EPOLLIN, () => {
  for (let turn = 0; turn < 16; turn++) {
    const count = Math.min(socket.waiting, batch);
    if (count === 0) break;
    for (let i = 0; i < count; i++) {
      respond();
      socket.take();
    }
    socket.flush();
  }
  return socket.waiting > 0 || socket.hasUnsent;
});
filter.setRing(0, socket.fd);
console.error("responder reads the network card's queues");
loop.run();
