// Starts Let's Encrypt's own test authority (pebble) on loopback, with names that all lead to 127.0.0.1.

import { createSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { TestAuthority } from './certificates.ts';
import { type Program, startProgram } from './program.ts';

export interface AcmeAuthority {
  /** For --acme-directory. */
  directory: string;
  /** For NODE_EXTRA_CA_CERTS of whoever asks it. */
  caPath: string;
  /** The port on which it asks HTTP-01 challenges. */
  httpPort: number;
  /** The root, PEM, under the certificates that it issues. */
  issuedRoot: string;
  /** What it has printed. */
  log(): string;
  close(): Promise<void>;
}

/** @param validitySeconds of the certificates that it issues */
export async function startAcmeAuthority(validitySeconds = 86_400): Promise<AcmeAuthority> {
  const own = new TestAuthority();
  const { chain, key } = own.issue();
  const directory = join(own.directory, 'pebble');
  mkdirSync(directory);
  writeFileSync(join(directory, 'cert.pem'), chain);
  writeFileSync(join(directory, 'key.pem'), key);
  const [listen, management, httpPort, tlsPort, dnsPort, dnsManagement] = await freeTcpPorts(6);
  const pebble = {
    listenAddress: `127.0.0.1:${listen}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: 'cert.pem',
    privateKey: 'key.pem',
    httpPort,
    tlsPort,
    certificateValidityPeriod: validitySeconds,
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ pebble }));
  const names = startProgram('pebble-challtestsrv', [
    ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dnsPort}`],
    // Without an address of its own, its management would take port 80.
    ...['-management', `127.0.0.1:${dnsManagement}`, '-http01', '', '-https01', '', '-tlsalpn01', ''],
  ]);
  const dns = ['-dnsserver', `127.0.0.1:${dnsPort}`];
  const authority = startProgram('pebble', ['-config', 'config.json', ...dns], {
    cwd: directory,
    env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0' },
  });
  const close = async () => {
    await Promise.all([authority.kill(), names.kill()]);
    own.close();
  };
  try {
    await authority.printed(/ACME directory available/);
    await answersNames(dnsPort, names);
    const issuedRoot = await fetchText(`https://127.0.0.1:${management}/roots/0`, own.root);
    return {
      directory: `https://127.0.0.1:${listen}/dir`,
      caPath: own.rootPath,
      httpPort: httpPort,
      issuedRoot,
      log: () => authority.stdout,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ports that were free a moment ago: these programs cannot say which one the system chose. */
async function freeTcpPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until the name server answers a question, whichever. */
async function answersNames(port: number, program: Program): Promise<void> {
  // An A question for "x", recursion desired.
  const question = Buffer.from('00010100000100000000000001780000010001', 'hex');
  const socket = createSocket('udp4').on('error', () => {});
  try {
    const answer = new Promise((resolve) => socket.once('message', resolve));
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5000, 'late').unref());
    const again = setInterval(() => socket.send(question, port, '127.0.0.1'), 50);
    const first = await Promise.race([answer, late]);
    clearInterval(again);
    if (first === 'late') throw new Error(program.describe('answers no names'));
  } finally {
    socket.close();
  }
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.once('end', () => resolve(text)).once('error', reject);
    }).once('error', reject);
  });
}
