// A program for the client's namespace: announces every few milliseconds, each once and no more, and prints how many were answered.
// `xdp-steady <address> <port>`, until SIGTERM, or for a minute and a half
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

const [address, port] = process.argv.slice(2);
const everyMs = 4;
const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
socket.connect(Number(port), address);
await once(socket, 'connect');
// While nobody has the port the kernel says so, which is no answer either.
socket.on('error', () => {});
const connecting = once(socket, 'message');
socket.send(Buffer.from('00000417271019800000000000000001', 'hex'));
const [{ buffer, byteOffset }] = (await connecting) as [Buffer];
const id = Buffer.from(buffer, byteOffset + 8, 8);
const unanswered = new Set<number>();
socket.on('message', (reply) => {
  if (reply.length >= 20 && reply.readUInt32BE(0) === 1) unanswered.delete(reply.readUInt32BE(4));
});
let sent = 0;
console.log('asking');
let end = performance.now() + 90_000;
process.once('SIGTERM', () => {
  end = 0;
});
for (let due = performance.now(); performance.now() < end; due += everyMs) {
  const question = Buffer.alloc(98);
  id.copy(question);
  question.writeUInt32BE(1, 8);
  question.writeUInt32BE(++sent, 12);
  question.write('a torrent of the loadan own peer id ....', 16, 'latin1');
  question.writeUInt32BE(1, 68);
  question.writeInt32BE(-1, 92);
  question.writeUInt16BE(7000 + (sent % 500), 96);
  unanswered.add(sent);
  socket.send(question);
  await pause(Math.max(0, due + everyMs - performance.now()));
}
await pause(2000);
console.log(JSON.stringify({ sent, unanswered: [...unanswered] }));
process.exit(0);
