// A program for the client's namespace: sends the datagrams that it is given to each of two addresses and prints the answers.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** What it is told, as JSON on its command line. */
export interface Asking {
  family: 4 | 6;
  addresses: readonly string[];
  port: number;
  /** Hexadecimal; `ID` at the beginning stands for a connection id that the tracker has just given. */
  datagrams: readonly string[];
  /** How often each is sent at once. */
  flood?: number;
}

/** By address: the answer to each, hexadecimal, or null for silence. */
export type Answers = (string | null)[][];

if (process.argv[1]?.endsWith('xdp-asker.js')) {
  const asking = JSON.parse(process.argv[2]) as Asking;
  const answers: Answers = [];
  for (const address of asking.addresses) answers.push(await askAll(asking, address));
  process.stdout.write(JSON.stringify(answers));
}

async function askAll(
  { family, port, datagrams, flood = 1 }: Asking,
  address: string,
): Promise<(string | null)[]> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  socket.connect(port, address);
  await once(socket, 'connect');
  const ask = async (datagram: Buffer, times = 1): Promise<Buffer | null> => {
    const answer = once(socket, 'message');
    for (let i = 0; i < times; i++) socket.send(datagram);
    return Promise.race([answer.then(([bytes]) => bytes as Buffer), pause(700, null)]);
  };
  const answers: (string | null)[] = [];
  try {
    for (const text of datagrams) {
      let datagram = Buffer.from(text.replace(/^ID/, ''), 'hex');
      if (text.startsWith('ID')) {
        const reply = await ask(Buffer.from('00000417271019800000000000000001', 'hex'));
        if (reply === null) return [...answers, null];
        datagram = Buffer.concat([reply.subarray(8, 16), datagram]);
      }
      answers.push((await ask(datagram, flood))?.toString('hex') ?? null);
    }
  } finally {
    socket.close();
  }
  return answers;
}
