// Announces over HTTP (a connection each) and UDP until told to stop, and prints how many were answered and how many not:
// node announce-steadily.mjs PORT STOP_FILE. For machines that have nothing but node.
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { get } from 'node:http';

const [, , port, stopFile] = process.argv;
const counts = { answered: 0, failed: 0 };
const reasons = new Set();
const failed = (reason) => {
  counts.failed++;
  reasons.add(reason);
};
// A bound, should nobody tell it to stop.
const until = Date.now() + 120_000;
const goOn = () => Date.now() < until && !existsSync(stopFile);

function overHttp(n) {
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=${1024 + (n % 4)}&uploaded=0&downloaded=0&left=1&compact=1`;
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: `/announce?${query}`, agent: false, timeout: 8000 },
      (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (text) => (body += text));
        response.on('end', () => {
          if (body.startsWith('d8:') && !body.includes('failure reason')) counts.answered++;
          else failed(`http ${response.statusCode} ${body}`);
          resolve();
        });
        response.on('error', (error) => resolve(failed(error.message)));
      },
    );
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve(failed(error.message)));
  });
}

const socket = createSocket('udp4');
let heard = () => {};
socket.on('message', (message) => heard(message));
// One datagram and no second try: whatever is lost counts.
function ask(packet) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), 8000);
    heard = (message) => {
      clearTimeout(timer);
      resolve(message);
    };
    socket.send(packet, Number(port), '127.0.0.1');
  });
}

async function overUdp() {
  const connect = Buffer.from('00000417271019800000000000000007', 'hex');
  const reply = await ask(connect);
  if (reply?.readInt32BE(0) !== 0) return failed('udp connect');
  const announce = Buffer.alloc(98);
  reply.copy(announce, 0, 8, 16);
  announce.writeInt32BE(1, 8);
  announce.fill('a', 16, 36).fill('b', 36, 56);
  announce.writeUInt16BE(2000, 96);
  const answer = await ask(announce);
  if (answer?.readInt32BE(0) === 1) counts.answered++;
  else failed('udp announce');
}

await Promise.all([
  (async () => {
    for (let n = 0; goOn(); n++) await overHttp(n);
  })(),
  (async () => {
    while (goOn()) await overUdp();
  })(),
]);
socket.close();
console.log(JSON.stringify({ ...counts, reasons: [...reasons] }));
