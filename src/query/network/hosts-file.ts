// Knows which names and addresses this machine's hosts file gives each other.
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { formatIp, parseIp } from '../../protocol/ip-address.ts';

const path = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';
let file: Promise<string> | undefined;

/** Addresses of `name` in the hosts file, in its order; empty when it is not there. The file is read once. */
export async function addressesInHostsFile(name: string): Promise<string[]> {
  return addressesInHosts(await readOnce(), name);
}

/** The first name that the hosts file gives `address`. */
export async function nameInHostsFile(address: string): Promise<string | undefined> {
  return nameInHosts(await readOnce(), address);
}

export function addressesInHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase();
  const found = new Set<string>();
  for (const [address, names] of linesOf(text)) {
    if (names.some((name) => name.toLowerCase() === wanted)) found.add(address);
  }
  return [...found];
}

export function nameInHosts(text: string, address: string): string | undefined {
  const wanted = canonical(address);
  for (const [listed, names] of linesOf(text)) if (canonical(listed) === wanted && names[0]) return names[0];
  return undefined;
}

function readOnce(): Promise<string> {
  file ??= readFile(path, 'utf8').catch(() => '');
  return file;
}

function* linesOf(text: string): Generator<[address: string, names: string[]]> {
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address)) yield [address, names];
  }
}

/** An address has several spellings. */
function canonical(address: string): string {
  const bytes = parseIp(address);
  return bytes ? formatIp(bytes) : address.toLowerCase();
}
