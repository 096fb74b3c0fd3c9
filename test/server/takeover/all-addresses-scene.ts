// What goes on in the network namespace of the takeover on all addresses: trackers with and without socket workers take
// over from each other, each asked on every address. Prints a line of JSON for each tracker.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeConnectReply, encodeConnectRequest } from '../../../src/protocol/udp-client-packets.ts';
import { type Program, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const addresses = process.argv.slice(2);
const dataDir = mkdtempSync(join(tmpdir(), 'caracal-all-addresses-'));
const port = 6969;
const programs: Program[] = [];

try {
  for (const workers of [0, 2, 0, 0, 2]) {
    const previous = programs.at(-1);
    const words = [
      ...[
        '--host',
        '0.0.0.0',
        '--ipv6',
        '--udp-port',
        String(port),
        '--http-port',
        String(port),
        '--data-dir',
        dataDir,
      ],
      ...['--workers', String(workers), ...(previous ? ['--takeover'] : [])],
    ];
    const tracker = startProgram(process.execPath, [mainScript, ...words]);
    programs.push(tracker);
    await tracker.printed(/Tracker running/, 30_000);
    const ended = previous ? (await previous.exit(30_000)).code : null;
    const answered = [];
    // More often than there are threads, so that each has been asked.
    for (const address of addresses) answered.push((await countAnswers(address, 12)) === 12 && address);
    console.log(JSON.stringify({ workers, ended, answered }));
  }
} finally {
  await Promise.all(programs.map((program) => program.kill()));
  rmSync(dataDir, { recursive: true });
}

/** Answers that came from the very address asked, as connected sockets hear no other. */
async function countAnswers(address: string, questions: number): Promise<number> {
  let answers = 0;
  for (let n = 0; n < questions; n++) {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.connect(port, address);
    await once(socket, 'connect');
    const packet = Buffer.alloc(16);
    encodeConnectRequest(new DataView(packet.buffer, packet.byteOffset, packet.length), 0, n);
    socket.send(packet);
    try {
      const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
      const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
      const id = { connectionIdHigh: 0, connectionIdLow: 0 };
      if (decodeConnectReply(view, 0, reply.length, id)) answers++;
    } catch {
      // No answer, or an error of ICMP: it is not counted.
    }
    socket.close();
  }
  return answers;
}
