// Asks a tracker over HTTPS without a pause and counts what fails, while something else happens to the tracker.
import { Agent, get } from 'node:https';

export interface HttpsLoad {
  /** Stops asking; how many requests were answered with a tracker's answer, and what went wrong with the others. */
  stop(): Promise<{ answered: number; failures: string[] }>;
}

/** Half of the clients keep their connection, half connect anew for each request. `ca`: PEM of what to trust. */
export function startHttpsLoad(port: number, ca: string[], clients = 8, servername = 'localhost'): HttpsLoad {
  let running = true;
  let answered = 0;
  const failures: string[] = [];
  const ask = (agent: Agent, client: number) =>
    new Promise<void>((resolve) => {
      const path = `/announce?info_hash=${'%01'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=${6881 + client}&left=0`;
      const fail = (error: Error) => {
        failures.push(error.message);
        resolve();
      };
      get({ host: '127.0.0.1', port, path, agent, ca, servername, timeout: 5000 }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece)).once('error', fail);
        response.once('end', () => {
          if (Buffer.concat(pieces).includes('8:complete')) answered++;
          else failures.push(`status ${response.statusCode}`);
          resolve();
        });
      }).once('error', fail);
    });
  const run = async (client: number) => {
    const agent = new Agent({ keepAlive: client % 2 === 0, maxSockets: 1 });
    while (running) await ask(agent, client);
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  return {
    stop: async () => {
      running = false;
      await all;
      return { answered, failures };
    },
  };
}
