// Starts nginx and haproxy in the foreground, with what a test gives them to do.
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Program, pause, startProgram } from '../program.ts';

/** Waits until somebody accepts connections there. */
export async function accepting(port: number, program: Program): Promise<void> {
  for (let i = 0; i < 250; i++) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', resolve),
    );
    socket.destroy();
    if (open === true) return;
    await pause(20);
  }
  throw new Error(program.describe(`does not listen on ${port}`));
}

export function startNginx(directory: string, servers: string): Program {
  mkdirSync(join(directory, 'nginx'));
  const path = join(directory, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/nginx/${name};`)
    .join('\n');
  writeFileSync(
    path,
    `daemon off; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log;
     worker_processes 1; events { worker_connections 64; }
     http { access_log off; ${temporary} ${servers} }`,
  );
  // A worker that still carries a WebSocket outlives its master, and holds the pipes.
  return startProgram('nginx', ['-e', join(directory, 'nginx.log'), '-p', directory, '-c', path], {
    group: true,
  });
}

export function startHaproxy(directory: string, sections: string): Program {
  const path = join(directory, 'haproxy.cfg');
  const times = 'timeout connect 5s\n timeout client 10s\n timeout server 10s\n';
  writeFileSync(path, `defaults\n ${times}\n${sections}\n`);
  return startProgram('haproxy', ['-db', '-f', path]);
}
