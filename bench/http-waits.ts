// `node http-waits.js`: how long one after the other waits for an answer over a few kept HTTP connections that are far from busy, so
// that the times tell of the server and not of a queue.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '' },
    /** A file of request targets, one a line. */
    paths: { type: 'string', default: '' },
    seconds: { type: 'string', default: '4' },
  },
});

const connections = 4;
const betweenMs = 1;
const paths = readFileSync(values.paths, 'utf8').trimEnd().split('\n');
const waits: number[] = [];
let turn = 0;
const end = performance.now() + Number(values.seconds) * 1000;
await Promise.all(Array.from({ length: connections }, askOnAndOn));
waits.sort((a, b) => a - b);
console.log(JSON.stringify({ answers: waits.length, p99Ms: waits[Math.floor(waits.length * 0.99)] }));
process.exit(0);

async function askOnAndOn(): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: Number(values.port), noDelay: true });
  let answered: (() => void) | undefined;
  // An announce is answered in one piece.
  socket.on('data', () => answered?.());
  while (performance.now() < end) {
    const asked = performance.now();
    await new Promise<void>((resolve, reject) => {
      answered = resolve;
      socket.once('close', reject);
      socket.write(`GET ${paths[turn++ % paths.length]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    });
    socket.removeAllListeners('close');
    waits.push(performance.now() - asked);
    await pause(betweenMs);
  }
  socket.destroy();
}
