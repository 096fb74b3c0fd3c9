// Takes docs/images/dashboard-*.png: the dashboard of a tracker that clients of every transport ask, wide and light, narrow and dark.
// Needs a built checkout, Linux (each client has a loopback address of its own) and Chromium:
// node scripts/site/dashboard-picture.mjs [SECONDS], which are 75 by themselves. CHROMIUM names the browser where it lies elsewhere.
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bootstrap } from '../bootstrap.mjs';

await bootstrap();
const { chromium } = await import('playwright-core');
const root = fileURLToPath(new URL('../../', import.meta.url));
const seconds = Number(process.argv[2] ?? 75);
const perSecond = { udp: 420, http: 90, webTorrent: 60 };
const clients = { udp: 60, webTorrent: 240 };
const swarms = Array.from({ length: 3000 }, () => randomBytes(20));

const data = mkdtempSync(join(tmpdir(), 'caracal-picture-'));
const options = ['--http-port', 'any', '--udp-port', 'any', '--admin-port', 'any', '--data-dir', data];
const tracker = spawn(
  process.execPath,
  [join(root, 'dist/src/main.js'), ...options, '--host', '127.0.0.1', '--domain', 'tracker.example.net'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
let said = '';
tracker.stdout.setEncoding('utf8').on('data', (text) => {
  said += text;
});
try {
  while (!said.includes('Tracker running')) await pause(100);
  await ask();
} finally {
  tracker.kill('SIGTERM');
  await once(tracker, 'exit');
  rmSync(data, { recursive: true, force: true });
}
process.exit(0);

async function ask() {
  const [httpPort, udpPort, url] = [
    /^.*HTTP tracker .*:(\d+)\//m,
    /^.*UDP tracker .*:(\d+)$/m,
    /Admin listening on (\S+)/,
  ].map((pattern) => pattern.exec(said)?.[1] ?? '');
  await askOverUdp(Number(udpPort));
  askOverHttp(Number(httpPort));
  await askOverWebTorrent(Number(httpPort));
  await pause(seconds * 1000);
  await take(url);
}

/** Popular swarms have most peers. */
function someSwarm() {
  return swarms[Math.floor(swarms.length * Math.random() ** 3)];
}

function someLeft() {
  return Math.random() < 0.3 ? 0 : randomInt(1, 2 ** 31);
}

/**
 * Calls it as often as that, in bursts as clients come.
 * @param {number} times a second
 * @param {() => void} call
 */
function often(times, call) {
  const next = () => {
    call();
    setTimeout(next, (-Math.log(1 - Math.random()) * 1000) / times);
  };
  next();
}

/** @param {number} port */
async function askOverUdp(port) {
  const sockets = await Promise.all(
    Array.from({ length: clients.udp }, async (_, index) => {
      const socket = createSocket('udp4');
      await new Promise((resolve) => socket.bind(0, `127.0.1.${index + 1}`, () => resolve(undefined)));
      const question = Buffer.alloc(16);
      question.writeBigUInt64BE(0x41727101980n);
      socket.send(question, port, '127.0.0.1');
      const [answer] = await new Promise((resolve) => socket.once('message', (...all) => resolve(all)));
      socket.on('message', () => {});
      return { socket, connectionId: answer.subarray(8, 16) };
    }),
  );
  often(perSecond.udp, () => {
    const { socket, connectionId } = sockets[randomInt(sockets.length)];
    const packet = Buffer.alloc(98);
    connectionId.copy(packet);
    packet.writeUInt32BE(1, 8);
    someSwarm().copy(packet, 16);
    packet.write(`-TR4060-${randomInt(1e12).toString(36).padStart(12, '0')}`, 36, 'latin1');
    packet.writeUInt32BE(someLeft(), 68);
    packet.writeInt32BE(50, 92);
    packet.writeUInt16BE(randomInt(1024, 65_536), 96);
    socket.send(packet, port, '127.0.0.1');
  });
}

/** @param {Buffer} bytes */
function escaped(bytes) {
  return bytes.toString('hex').replaceAll(/../g, '%$&');
}

/** @param {number} port */
function askOverHttp(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  often(perSecond.http, () => {
    const path =
      Math.random() < 0.02
        ? '/announce?info_hash=short'
        : `/announce?info_hash=${escaped(someSwarm())}&peer_id=-qB5030-${randomInt(1e12).toString(36).padStart(12, '0')}&port=${randomInt(1024, 65_536)}&left=${someLeft()}&compact=1&numwant=50`;
    // The tracker ends before its clients do.
    get({ host: '127.0.0.1', port, agent, path }, (reply) => reply.resume()).on('error', () => {});
  });
}

/** @param {number} port */
async function askOverWebTorrent(port) {
  const peers = await Promise.all(
    Array.from({ length: clients.webTorrent }, async (_, index) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.2.${index + 1}` });
      socket.write(
        'GET / HTTP/1.1\r\nHost: tracker.example.net\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
      await new Promise((resolve) => socket.once('data', resolve));
      socket.on('data', () => {}).on('error', () => {});
      return { socket, peerId: `-WW0202-${randomInt(1e12).toString(36).padStart(12, '0')}` };
    }),
  );
  often(perSecond.webTorrent, () => {
    const { socket, peerId } = peers[randomInt(peers.length)];
    const offers = [0, 1, 2].map((n) => ({
      offer_id: randomBytes(10).toString('hex'),
      offer: { type: 'offer', sdp: `v=0\r\n${'a'.repeat(600 + n)}` },
    }));
    const fields = { uploaded: 0, downloaded: 0, left: someLeft(), numwant: offers.length, offers };
    const infoHash = someSwarm().toString('latin1');
    socket.write(
      frameOf(JSON.stringify({ action: 'announce', info_hash: infoHash, peer_id: peerId, ...fields })),
    );
  });
}

/**
 * A text frame of a client, masked with zeros (RFC 6455).
 * @param {string} text
 */
function frameOf(text) {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head.set([0x81, 0x80 | 126]);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** @param {string} url */
async function take(url) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
  });
  for (const [name, width, height, colorScheme] of /** @type {const} */ ([
    ['wide', 1600, 1740, 'light'],
    ['narrow', 360, 1000, 'dark'],
  ])) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(url);
    await page.waitForSelector('#chart-peers canvas');
    await page.waitForSelector('#top tbody tr');
    await pause(4000);
    await page.screenshot({ path: join(root, `docs/images/dashboard-${name}.png`) });
  }
  await browser.close();
}
