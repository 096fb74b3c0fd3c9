// Knows how to play a tracker for tracker-query: HTTP and UDP servers on loopback that answer whatever a test wants.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket as TcpSocket } from 'node:net';
import type { TestContext } from 'node:test';
import { type Bencodable, encodeBencode } from '../../src/protocol/bencode.ts';

export function body(value: Bencodable): Buffer {
  return Buffer.from(encodeBencode(value));
}

/** The origin (`http://127.0.0.1:port`) of an HTTP server that lives as long as the test. */
export async function startHttp(
  t: TestContext,
  listener: RequestListener,
  host = '127.0.0.1',
): Promise<string> {
  const server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** An HTTP tracker that gives every announce the same answer; what it was asked is kept. */
export async function startAnswering(
  t: TestContext,
  answer: Bencodable | Buffer,
  host?: string,
): Promise<{ url: string; targets: string[]; agents: string[] }> {
  const targets: string[] = [];
  const agents: string[] = [];
  const bytes = Buffer.isBuffer(answer) ? answer : body(answer);
  const origin = await startHttp(
    t,
    (request, response) => {
      targets.push(request.url ?? '');
      agents.push(request.headers['user-agent'] ?? '');
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(bytes);
    },
    host,
  );
  return { url: `${origin}/announce`, targets, agents };
}

/** A bare TCP server, for what no HTTP library would send. */
export async function startTcp(t: TestContext, greet: (socket: TcpSocket) => void): Promise<string> {
  const sockets = new Set<TcpSocket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface UdpRequest {
  packet: Buffer;
  action: number;
  transactionId: number;
  from: RemoteInfo;
  reply: (packet: Buffer) => void;
  socket: Socket;
}

/** A UDP server; `answer` sees every packet. */
export async function startUdp(
  t: TestContext,
  answer: (request: UdpRequest) => void,
  host = '127.0.0.1',
): Promise<{ url: string; packets: Buffer[] }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet, from) => {
    packets.push(packet);
    const reply = (bytes: Buffer) => socket.send(bytes, from.port, from.address);
    answer({
      packet,
      action: packet.readInt32BE(8),
      transactionId: packet.readInt32BE(12),
      from,
      reply,
      socket,
    });
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  t.after(() => socket.close());
  const shown = host.includes(':') ? `[${host}]` : host;
  return { url: `udp://${shown}:${socket.address().port}/announce`, packets };
}

/** A UDP reply: action, transaction_id, then `words` and `bytes`. */
export function udpReply(action: number, transactionId: number, words: number[], bytes?: Uint8Array): Buffer {
  const packet = Buffer.alloc(8 + words.length * 4 + (bytes?.length ?? 0));
  packet.writeInt32BE(action, 0);
  packet.writeInt32BE(transactionId, 4);
  for (const [index, word] of words.entries()) packet.writeUInt32BE(word >>> 0, 8 + index * 4);
  if (bytes) packet.set(bytes, 8 + words.length * 4);
  return packet;
}

/** Answers connect requests; everything else is the test's. */
export function afterConnect(answer: (request: UdpRequest) => void): (request: UdpRequest) => void {
  return (request) => {
    if (request.action === 0) request.reply(udpReply(0, request.transactionId, [0x1234, 0x5678]));
    else answer(request);
  };
}
