// The load of beside.bench.ts that means harm: WebTorrent clients that do one thing again and again, as fast as they can, and
// come back when they are sent away.
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { encodeMaskedWebSocketFrame, WebSocketOpcode } from '../src/protocol/websocket-frames.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '' }, manner: { type: 'string', default: '' } },
});

const upgrade =
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const clients = 20;
/**
 * Bytes that may wait in one connection before its client writes on, and what it writes at once: little, as the kernel lets nobody else of
 * the core run while it copies, and so whoever measures there would wait for that.
 */
const most = 1 << 13;
const atOnce = 8;
let count = 0;

const id = (text: string) => text.padEnd(20, '.').slice(0, 20);
function frame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const bytes = Buffer.alloc(payload.length + 14);
  return bytes.subarray(0, encodeMaskedWebSocketFrame(bytes, 0, WebSocketOpcode.text, 0, payload));
}

const announce = (peer: string, more: object = {}) =>
  frame({ action: 'announce', info_hash: id('swarm'), peer_id: id(peer), numwant: 10, left: 1, ...more });
const offers = (many: number) =>
  Array.from({ length: many }, (_, n) => ({
    offer: { type: 'offer', sdp: 'v' },
    offer_id: id(`offer ${n}`),
  }));

/** The head of a frame of ten megabytes, and the first of them. */
function largeMessage(): Buffer {
  const head = Buffer.alloc(14 + 2 ** 20);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(10 * 2 ** 20), 2);
  return head;
}

const [large, manyOffers] = [largeMessage(), announce('many', { offers: offers(10_000) })];
/** What each sends next. @param first whether it has just come */
const manners: Record<string, (client: number, first: boolean) => Buffer> = {
  'ten megabytes': () => large,
  'ten thousand offers': () => manyOffers,
  'a byte a frame': (_, first) => Buffer.from([first ? 0x01 : 0x00, 0x81, 0, 0, 0, 0, 0x20]),
  'reading nothing': () => frame({ action: 'scrape', info_hash: ['1', '2', '3', '4', '5'].map(id) }),
  'answering everybody': () =>
    announce('answers', {
      to_peer_id: id(`peer ${count++ % 5000}`),
      offer_id: id(`offer ${count % 10}`),
      answer: { type: 'answer', sdp: 'v' },
    }),
  'stealing peer_ids': (client) => announce(`peer ${(count++ + client) % 100}`, { numwant: 0 }),
};
const manner = manners[values.manner];
if (!manner) throw new RangeError(`--manner is one of: ${Object.keys(manners).join(', ')}`);

function come(client: number): void {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(values.port),
    localAddress: `127.8.0.${client + 1}`,
  });
  let first = true;
  socket.on('error', () => {});
  socket.once('connect', () => {
    socket.write(upgrade);
    if (values.manner === 'reading nothing') socket.pause();
    goOn(socket);
  });
  if (values.manner !== 'reading nothing') socket.resume();
  socket.once('close', () => setTimeout(come, 10, client));

  function goOn(to: Socket): void {
    for (let sent = 0; sent < atOnce && to.writable && to.writableLength < most; sent++) {
      to.write(manner(client, first));
      first = false;
    }
    if (to.destroyed) return;
    if (to.writableLength < most) setImmediate(goOn, to);
    else to.once('drain', () => goOn(to));
  }
}

for (let client = 0; client < clients; client++) come(client);
console.log('OPEN');
