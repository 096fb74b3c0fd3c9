// A tracker with its admin door open, and how tests announce to it and ask at the door.
import { request } from 'node:http';
import { startTracker, type TrackerProgram } from '../../tracker-program.ts';

export interface AdminTracker extends TrackerProgram {
  adminPort: number;
  url: string;
}

export async function startAdminTracker(options: readonly string[] = []): Promise<AdminTracker> {
  const tracker = await startTracker(['--admin-port', 'any', ...options]);
  const [, port] = await tracker.program.printed(/Admin listening on http:\/\/127\.0\.0\.1:(\d+)\//);
  return { ...tracker, adminPort: Number(port), url: `http://127.0.0.1:${port}` };
}

/** Announces over HTTP; the info_hash is 20 times the byte `swarm`. */
export async function announce(port: number, swarm: number, peer: number, more = 'left=0'): Promise<void> {
  const infoHash = `%${swarm.toString(16).padStart(2, '0')}`.repeat(20);
  const peerId = `-TR4060-${String(peer).padStart(12, '0')}`;
  const url = `http://127.0.0.1:${port}/announce?info_hash=${infoHash}&peer_id=${peerId}&port=${1024 + peer}&${more}`;
  const response = await fetch(url);
  await response.arrayBuffer();
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Asks with exactly this target and these header fields, which fetch would tidy up. */
export function askRaw(
  port: number,
  target: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const question = request({ host: '127.0.0.1', port, path: target, method, headers, agent: false });
    question.on('error', reject);
    question.on('response', (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    question.end();
  });
}
