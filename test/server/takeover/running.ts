// Trackers for tests of a takeover, and a new one that says only what a test has it say.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { takeoverVersion } from '../../../src/server/takeover/conversation.ts';
import { sectionHeader, sectionKind } from '../../../src/swarm/snapshot-format.ts';
import { UdpClient } from '../../faults/clients.ts';
import { type Program, pause, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-takeover-'));
after(() => rmSync(root, { recursive: true }));

export const newDirectory = () => mkdtempSync(join(root, 'data-'));
/** What a new tracker says first. */
export const take = `take ${takeoverVersion}`;

export interface Running {
  program: Program;
  udpPort: number;
  httpPort: number;
}

export async function start(
  test: TestContext,
  dataDir: string,
  words: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const ports = words.includes('--udp-port') ? [] : ['--http-port', 'any', '--udp-port', 'any'];
  const program = startProgram(
    '/bin/sh',
    [
      // What systemd sets for the process that it starts.
      ...['-c', 'WATCHDOG_PID=$$ exec "$0" "$@"', process.execPath, mainScript],
      ...['--host', '127.0.0.1', '--data-dir', dataDir, ...ports, ...words],
    ],
    { env, group: true },
  );
  test.after(() => program.kill());
  await program.printed(/Tracker running/, 30_000);
  const udpPort = Number((await program.printed(/UDP tracker listening on [\d.]+:(\d+)/))[1]);
  const httpPort = Number((await program.printed(/HTTP tracker listening on [\d.]+:(\d+)/))[1]);
  return { program, udpPort, httpPort };
}

export const samePorts = ({ udpPort, httpPort }: Running) => [
  ...['--udp-port', String(udpPort)],
  ...['--http-port', String(httpPort)],
];

export function askHttp(port: number, peerPort: number): Promise<string> {
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=${peerPort}&left=1&compact=1`;
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: `/announce?${query}`, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    }).once('error', reject);
  });
}

export async function askUdp(test: TestContext, port: number): Promise<void> {
  const client = new UdpClient(port);
  test.after(() => client.close());
  await client.announce({ swarm: 1, port: 7000, event: 2, numwant: 10 });
}

/** A new tracker that goes as far as it is told to: everything it is sent is counted. */
export async function knock(
  test: TestContext,
  dataDir: string,
): Promise<{ socket: Socket; bytes: () => number }> {
  const socket = connect(join(dataDir, 'takeover.sock'));
  test.after(() => socket.destroy());
  let bytes = 0;
  socket.on('data', (data) => {
    bytes += data.length;
  });
  await once(socket, 'connect');
  return { socket, bytes: () => bytes };
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 1500) throw new Error(`it never came to it: ${what}`);
    await pause(20);
  }
}

/** What follows the greeting and so many rows of sections; `undefined` while there are fewer. */
export function afterRows(bytes: Buffer, rows: number): Buffer | undefined {
  let at = bytes.indexOf('\n') + 1;
  for (let left = rows; left > 0; ) {
    if (bytes.length < at + 4 * sectionHeader.size) return undefined;
    if (bytes.readInt32LE(at + 4 * sectionHeader.kind) === sectionKind.end) left--;
    at += 4 * (sectionHeader.size + bytes.readInt32LE(at + 4 * sectionHeader.payloadWords));
  }
  return bytes.subarray(at);
}

export interface Stopped {
  old: Running;
  dataDir: string;
  socket: Socket;
  /** What the old tracker has said after the swarms. */
  said: () => string;
}

/** An old tracker that has stopped for a new one. */
export async function stopped(test: TestContext): Promise<Stopped> {
  const dataDir = newDirectory();
  const old = await start(test, dataDir);
  await askHttp(old.httpPort, 7001);
  const { socket } = await knock(test, dataDir);
  let received = Buffer.alloc(0);
  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
  });
  socket.write(`${take}\ncopy\nready\n`);
  // The swarms, what has changed, and the rest.
  await until(() => afterRows(received, 3) !== undefined, 'the swarms');
  return { old, dataDir, socket, said: () => afterRows(received, 3)!.toString('latin1') };
}
