// Knows the addresses that this machine's hosts file gives a name.
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

const path = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';
let file: Promise<string> | undefined;

/** Addresses of `name` in the hosts file, in its order; empty when it is not there. The file is read once. */
export async function addressesInHostsFile(name: string): Promise<string[]> {
  file ??= readFile(path, 'utf8').catch(() => '');
  return addressesInHosts(await file, name);
}

export function addressesInHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase();
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) && names.some((entry) => entry.toLowerCase() === wanted)) found.add(address);
  }
  return [...found];
}
