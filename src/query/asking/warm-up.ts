// Knows how to have this program's own first time behind it before a tracker's time is taken: a question is asked on loopback, of ourselves.
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Action } from '../../protocol/udp-packets.ts';
import { encodeWebSocketFrame, longestServerHead, WebSocketOpcode } from '../../protocol/websocket-frames.ts';
import { upgradeAnswer } from '../../protocol/websocket-handshake.ts';
import { within } from '../network/deadline.ts';
import { prepareNames } from '../network/name-lookup.ts';
import { connectFirst, startTls } from '../network/tcp-connect.ts';
import { parseTrackerUrl, type Scheme } from '../network/tracker-url.ts';
import { sha1Base64 } from '../network/websocket-client.ts';
import { createConversation } from './conversation.ts';
import { createIdentity } from './identity.ts';

// Loading modules, compiling, the resolver and the thread that reads the hosts file took 7 to 25 ms of a first answer,
// where the second took 1 to 4. After two rounds the next is like any other.
const rounds = 2;
const patienceSeconds = 0.5;
const loopback = '127.0.0.1';
const reply = 'd8:completei0e10:incompletei1e8:intervali1800e5:peers6:\x7f\x00\x00\x01\x1a\xe1e';

const warm = new Map<Scheme, Promise<void>>();

/** Resolves when questions over `scheme` cost what they cost ever after. Once a process; never rejects. */
export function warmUp(scheme: Scheme): Promise<void> {
  // Where there is no loopback, the first time is a little slower and nothing else.
  const begun = warm.get(scheme) ?? rehearsals[scheme]().catch(() => {});
  warm.set(scheme, begun);
  return begun;
}

/** For who does not know yet which schemes there will be. */
export async function warmUpAll(): Promise<void> {
  await Promise.all((Object.keys(rehearsals) as Scheme[]).map(warmUp));
}

const rehearsals: Record<Scheme, () => Promise<void>> = {
  http: rehearseHttp,
  https: async () => {
    await warmUp('http');
    await rehearseTls();
  },
  udp: rehearseUdp,
  ws: rehearseWebSocket,
  wss: async () => {
    await warmUp('ws');
    await rehearseTls();
  },
};

async function rehearseHttp(): Promise<void> {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${reply.length}\r\n\r\n`;
  await withListener(
    (socket) => socket.once('data', () => socket.end(head + reply, 'latin1')),
    (port) => announceTo(`http://${loopback}:${port}/announce`),
  );
}

/** As far as one comes without a certificate: everything before the answer to the first message of the handshake. */
async function rehearseTls(): Promise<void> {
  await withListener(
    (socket) => socket.once('data', () => socket.destroy()),
    (port) =>
      within(patienceSeconds, undefined, async (deadline) => {
        const { socket } = await connectFirst([loopback], port, deadline);
        await startTls(socket, { host: loopback, insecure: true }, deadline).catch(() => {});
      }),
  );
}

async function rehearseWebSocket(): Promise<void> {
  const message = Buffer.from('{"action":"announce","interval":1800}');
  const frame = new Uint8Array(longestServerHead + message.length);
  const end = encodeWebSocketFrame(frame, 0, WebSocketOpcode.text, message);
  const answer = (socket: Socket, request: Buffer) => {
    const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request.toString('latin1'))?.[1] ?? '';
    const fields = upgradeAnswer(key, sha1Base64).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields.join('')}\r\n`, 'latin1');
    socket.write(frame.subarray(0, end));
  };
  await withListener(
    (socket) => socket.once('data', (request: Buffer) => answer(socket, request)),
    (port) => announceTo(`ws://${loopback}:${port}/announce`),
  );
}

async function rehearseUdp(): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.on('message', (packet, from) => {
    const answer = Buffer.alloc(packet.readInt32BE(8) === Action.connect ? 16 : 20);
    packet.copy(answer, 0, 8, 16);
    socket.send(answer, from.port, from.address, () => {});
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).bind(0, loopback, resolve);
    });
    await announceTo(`udp://${loopback}:${socket.address().port}/announce`);
  } finally {
    socket.close();
  }
}

async function withListener(
  greet: (socket: Socket) => void,
  ask: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    greet(socket);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, loopback, resolve);
    });
    await ask((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

async function announceTo(text: string): Promise<void> {
  const identity = createIdentity();
  const question = { infoHash: new Uint8Array(20), identity, port: 6881, event: 'started', left: 1 } as const;
  for (let round = 0; round < rounds; round++) {
    const conversation = createConversation(parseTrackerUrl(text), { userAgent: identity.userAgent });
    try {
      await within(patienceSeconds, undefined, async (deadline) => {
        await prepareNames();
        await conversation.announce({ ...question, numwant: 50 }, deadline);
      });
    } finally {
      conversation.close();
    }
  }
}
