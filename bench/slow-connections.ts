// The load of beside.bench.ts: HTTP connections that send a request byte by byte and never end it, or WebSockets that say nothing.
import { connect } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    count: { type: 'string', default: '' },
    webtorrent: { type: 'boolean', default: false },
  },
});

const count = Number(values.count);
const upgrade =
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const dribbleMs = 2000;
/** Many at once, but fewer than wait at a listening socket. */
const atOnce = 64;
let opened = 0;
let open = 0;
let told = false;

function next(): void {
  const number = opened++;
  // As many clients, as one address may not have so many connections.
  const localAddress = `127.9.${(number >> 5) >> 8}.${(number >> 5) & 255}`.replace(/\.0$/, '.254');
  const socket = connect({ host: '127.0.0.1', port: Number(values.port), localAddress });
  let timer: NodeJS.Timeout | undefined;
  socket.on('error', () => {});
  socket.on('connect', () => {
    open++;
    if (values.webtorrent) socket.write(upgrade);
    else {
      socket.write('GET /announce?info_hash=');
      timer = setInterval(() => socket.write('%'), dribbleMs);
    }
    if (!told && open >= count * 0.98) {
      told = true;
      console.log('OPEN');
    }
  });
  socket.resume();
  // What the tracker ends is replaced: so many are always there.
  socket.on('close', () => {
    clearInterval(timer);
    if (timer !== undefined || values.webtorrent) open--;
    setTimeout(next, 100);
  });
}

const opening = setInterval(() => {
  for (let i = 0; i < atOnce && opened < count; i++) next();
  if (opened >= count) clearInterval(opening);
}, 20);
