// A program for the client's namespace: sends the datagrams that it is given to each of two addresses and prints the answers.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** What it is told, as JSON on its command line. */
export interface Asking {
  family: 4 | 6;
  addresses: readonly string[];
  port: number;
  /** Of another tracker on the same addresses, which gives the ids; `port` where there is none. */
  idsFrom?: number;
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
  { family, port, idsFrom = port, datagrams, flood = 1 }: Asking,
  address: string,
): Promise<(string | null)[]> {
  const [socket, other] = [port, idsFrom].map((to) => {
    const one = createSocket(family === 4 ? 'udp4' : 'udp6');
    one.connect(to, address);
    return one;
  });
  await Promise.all([socket, other].map((one) => once(one, 'connect')));
  const ask = async (from: Socket, datagram: Buffer, times = 1): Promise<Buffer | null> => {
    const answer = once(from, 'message');
    for (let i = 0; i < times; i++) from.send(datagram);
    return Promise.race([answer.then(([bytes]) => bytes as Buffer), pause(700, null)]);
  };
  const answers: (string | null)[] = [];
  try {
    for (const text of datagrams) {
      let datagram = Buffer.from(text.replace(/^ID/, ''), 'hex');
      if (text.startsWith('ID')) {
        const reply = await ask(other, Buffer.from('00000417271019800000000000000001', 'hex'));
        if (reply === null) return [...answers, null];
        datagram = Buffer.concat([reply.subarray(8, 16), datagram]);
      }
      answers.push((await ask(socket, datagram, flood))?.toString('hex') ?? null);
    }
  } finally {
    socket.close();
    other.close();
  }
  return answers;
}
