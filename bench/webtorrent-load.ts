// The load of webtorrent.bench.ts, a process of its own: WebTorrent clients that announce with offers and answer those they get.
//
// Frames are masked with zeros and made beforehand, and of what comes only offers are looked into, so that this end costs little.
// Every client announces again when its reply has come: a closed loop.
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    connections: { type: 'string', default: '' },
    swarms: { type: 'string', default: '' },
    offers: { type: 'string', default: '' },
    seconds: { type: 'string', default: '' },
    /** Only connects, says so, and waits to be ended. */
    idle: { type: 'boolean', default: false },
  },
});

const request =
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
/** As long as a browser's SDP without trickle: 692 characters (measured). */
const sdp = 'v=0\\r\\n'.padEnd(692, 'a');
/** Received: replies, offers and answers. */
let messages = 0;
let offersGot = 0;
let answersGot = 0;
let running = true;

function frameOf(text: string): Buffer {
  const payload = Buffer.from(text, 'latin1');
  const head = Buffer.alloc(payload.length < 126 ? 6 : 8);
  head[0] = 0x81;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

function announceOf(swarm: string, peer: string): Buffer {
  const offers = Array.from(
    { length: Number(values.offers) },
    (_, n) =>
      `{"offer":{"type":"offer","sdp":"${sdp}"},"offer_id":"${`${peer.slice(8)}${n}`.padEnd(20, 'o').slice(0, 20)}"}`,
  );
  return frameOf(
    `{"numwant":${values.offers},"uploaded":0,"downloaded":0,"left":1000,"action":"announce",` +
      `"info_hash":"${swarm}","peer_id":"${peer}","offers":[${offers.join(',')}]}`,
  );
}

/** The value of a string of plain characters. */
function plainValueOf(text: string, key: string): string {
  const at = text.indexOf(`"${key}":"`) + key.length + 4;
  return text.slice(at, text.indexOf('"', at));
}

async function open(): Promise<Socket> {
  const socket = connect(Number(values.port), '127.0.0.1').setNoDelay(true);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.write(request);
  await new Promise<void>((resolve, reject) => {
    socket.once('data', (data) => (data.includes(' 101 ') ? resolve() : reject(new Error(data.toString()))));
  });
  return socket;
}

function serve(socket: Socket, swarm: string, peer: string): void {
  const announce = announceOf(swarm, peer);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const out: Buffer[] = [];
    for (;;) {
      if (bytes.length < 4) break;
      const short = bytes[1] & 0x7f;
      const headBytes = short < 126 ? 2 : 4;
      const length = short < 126 ? short : bytes.readUInt16BE(2);
      if (bytes.length < headBytes + length) break;
      const text = bytes.toString('latin1', headBytes, headBytes + length);
      bytes = bytes.subarray(headBytes + length);
      messages++;
      if (text.includes('"offer":')) {
        offersGot++;
        out.push(
          frameOf(
            `{"action":"announce","info_hash":"${swarm}","peer_id":"${peer}","to_peer_id":"${plainValueOf(text, 'peer_id')}",` +
              `"answer":{"type":"answer","sdp":"${sdp}"},"offer_id":"${plainValueOf(text, 'offer_id')}"}`,
          ),
        );
      } else if (text.includes('"answer":')) answersGot++;
      else if (running) out.push(announce);
    }
    rest = bytes;
    if (out.length > 0) socket.write(Buffer.concat(out));
  });
  socket.on('error', () => process.exit(1));
  socket.write(announce);
}

const sockets: Socket[] = [];
for (let n = 0; n < Number(values.connections); n++) sockets.push(await open());
if (values.idle) {
  console.log('OPEN');
  await new Promise(() => setInterval(() => {}, 1000));
}
for (const [n, socket] of sockets.entries()) {
  serve(
    socket,
    `swarm ${n % Number(values.swarms)}`.padEnd(20, '.'),
    `-WW0001-${String(n).padStart(12, '0')}`,
  );
}
await pause(1000);
messages = offersGot = answersGot = 0;
const began = performance.now();
console.log('BEGIN');
await pause(Number(values.seconds) * 1000);
const elapsed = (performance.now() - began) / 1000;
running = false;
console.log(
  `RESULT ${Math.round(messages / elapsed)} ${Math.round(offersGot / elapsed)} ${Math.round(answersGot / elapsed)}`,
);
process.exit(0);
