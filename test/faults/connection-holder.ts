// Whoever holds connections and asks nothing: a process of its own, as its connections need as many descriptors as the
// tracker's. `connection-holder <port> <how many> <a second> <network> <silent|dribble>`; those that end are replaced.
import { connect, type Socket } from 'node:net';

const [port, count, perSecond, network] = process.argv.slice(2, 6).map(Number) as [
  number,
  number,
  number,
  number,
];
const dribbles = process.argv[6] === 'dribble';
/** The tracker sees that many addresses; each has ports enough. */
const addresses = 200;
const sliceMs = 10;

const held = new Set<Socket>();
let opened = 0;
let most = 0;
let due = 0;
let last = performance.now();

setInterval(() => {
  const now = performance.now();
  due = Math.min(due + ((now - last) * perSecond) / 1000, perSecond / 5);
  last = now;
  for (; due >= 1 && held.size < count; due--) open();
}, sliceMs);
setInterval(() => console.log(JSON.stringify({ held: held.size, most, opened })), 500);

function open(): void {
  const localAddress = `127.${network}.0.${1 + (opened++ % addresses)}`;
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  held.add(socket);
  let rest: NodeJS.Timeout | undefined;
  socket.on('error', () => {});
  socket.on('connect', () => {
    most = Math.max(most, held.size);
    if (!dribbles) return;
    socket.write('GET /announce?info_hash=');
    rest = setTimeout(() => socket.write('%00'), 2000);
  });
  // An end, or what came before it.
  socket.resume();
  socket.on('close', () => {
    clearTimeout(rest);
    held.delete(socket);
  });
}
