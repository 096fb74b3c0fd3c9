// The load of `npm run bench https`, a process of its own: one handshake and one announce a connection; prints one JSON line.

import { constants, setPriority } from 'node:os';
import { connect } from 'node:tls';
import { parseArgs } from 'node:util';

/** What one run found out. */
export interface HttpsLoadResult {
  connections: number;
  failed: number;
  /** Of the connections, those whose session was resumed. */
  resumed: number;
  seconds: number;
}

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '16' },
    /** Resume a session instead of shaking hands in full. */
    resume: { type: 'boolean', default: false },
  },
});
// It stands for other machines: it has what the tracker, and whoever measures it, leave of these cores.
setPriority(constants.priority.PRIORITY_LOW);
const target = {
  host: '127.0.0.1',
  port: Number(values.port),
  servername: 'localhost',
  rejectUnauthorized: false,
};
const request = `GET /announce?info_hash=${'h'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=6881&left=1&numwant=0 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`;
const counts = { connections: 0, failed: 0, resumed: 0 };

/** Resolves to the connection's session, with whose ticket another one may be resumed. */
function ask(session: Buffer | undefined): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, ...(session && { session }) });
    let latest: Buffer | undefined;
    let answered = false;
    socket.on('session', (fresh) => {
      latest = fresh;
    });
    socket.once('secureConnect', () => {
      if (socket.isSessionReused()) counts.resumed++;
      socket.write(request);
    });
    socket.on('data', () => {
      answered = true;
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      if (answered) counts.connections++;
      else counts.failed++;
      resolve(latest);
    });
  });
}

const first = values.resume ? await ask(undefined) : undefined;
Object.assign(counts, { connections: 0, failed: 0, resumed: 0 });
const start = performance.now();
const end = start + Number(values.seconds) * 1000;
await Promise.all(
  Array.from({ length: Number(values.clients) }, async () => {
    while (performance.now() < end) await ask(first);
  }),
);
const result: HttpsLoadResult = { ...counts, seconds: (performance.now() - start) / 1000 };
console.log(JSON.stringify(result));
