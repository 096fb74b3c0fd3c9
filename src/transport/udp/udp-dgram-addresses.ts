// UDP through node:dgram on all addresses of the machine: a socket for each, so that replies leave from the one asked.
//
// node:dgram says neither which address a packet came to nor takes one to send from, and on a machine with several the
// system would choose one that the client did not ask.
//
// The machine's addresses are read every five seconds. A socket on all addresses that is inherited is used as it is,
// and there the system chooses.

import { closeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type UdpDgramOptions, UdpDgramTransport } from './udp-dgram.ts';

export interface UdpDgramAddressesOptions extends Omit<UdpDgramOptions, 'fd'> {
  /** Sockets on single addresses that are open already; they are used instead of new ones, or closed. */
  inherited?: readonly { readonly address: string; readonly fd: number }[];
  /** Told of an address on which the port cannot be had; it is tried again. */
  onUnbound: (address: string, error: Error) => void;
  /** How often the machine's addresses are checked. */
  checkEveryMs?: number;
  /** This machine's addresses, with the zone of link-local ones. */
  addresses?: (family: 4 | 6) => string[];
}

/** An address may come and go again; the next check finds it. */
const passing = new Set(['EADDRNOTAVAIL', 'ENODEV', 'EINVAL']);

export class UdpDgramAddresses {
  readonly #options: UdpDgramAddressesOptions;
  readonly #family: 4 | 6;
  readonly #inherited: Map<string, number>;
  readonly #sockets = new Map<string, UdpDgramTransport>();
  #port: number;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #closed = false;

  private constructor(options: UdpDgramAddressesOptions, family: 4 | 6) {
    this.#options = options;
    this.#family = family;
    this.#port = options.port;
    this.#inherited = new Map(options.inherited?.map(({ address, fd }) => [address, fd]));
  }

  /** The same on every address, also where the system chose it. */
  get port(): number {
    return this.#port;
  }

  /** Binds every address and begins to answer; rejects with the system's error when one cannot be had. `host` is `0.0.0.0` or `::`. */
  static async listen(options: UdpDgramAddressesOptions): Promise<UdpDgramAddresses> {
    const { checkEveryMs = 5000, host } = options;
    const family = host.includes(':') ? 6 : 4;
    const all = new UdpDgramAddresses(options, family);
    try {
      await all.#follow((_, error) => {
        throw error;
      });
      if (all.#sockets.size === 0) {
        throw Object.assign(new Error(`no address to listen on: ${host}`), { code: 'EADDRNOTAVAIL' });
      }
    } catch (error) {
      await all.close();
      throw error;
    }
    all.#timer = setInterval(() => void all.check(), checkEveryMs).unref();
    return all;
  }

  /** Takes up new addresses and leaves those that are gone; one check at a time. */
  check(): Promise<void> {
    this.#checking ??= this.#follow(this.#options.onUnbound).finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  descriptors(): number[] {
    return [...this.#sockets.values()].map(({ descriptor }) => descriptor);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#checking?.catch(() => {});
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    await Promise.all(sockets.map((socket) => socket.close()));
    this.#closeInherited();
  }

  async #follow(unbound: (address: string, error: Error) => void): Promise<void> {
    const { addresses = localAddresses } = this.#options;
    const found = new Set(addresses(this.#family));
    for (const [address, socket] of this.#sockets) {
      if (found.has(address)) continue;
      this.#sockets.delete(address);
      await socket.close();
    }
    for (const host of found) {
      if (this.#closed || this.#sockets.has(host)) continue;
      try {
        const socket = await this.#open(host);
        this.#sockets.set(host, socket);
        this.#port = socket.port;
      } catch (error) {
        if (!passing.has((error as NodeJS.ErrnoException).code ?? '')) unbound(host, error as Error);
      }
    }
    this.#closeInherited();
  }

  #open(host: string): Promise<UdpDgramTransport> {
    // A socket does not say its zone.
    const address = host.replace(/%.*/, '');
    const fd = this.#inherited.get(address);
    this.#inherited.delete(address);
    return UdpDgramTransport.listen({ ...this.#options, host, port: this.#port, fd });
  }

  #closeInherited(): void {
    for (const fd of this.#inherited.values()) closeSync(fd);
    this.#inherited.clear();
  }
}

function localAddresses(family: 4 | 6): string[] {
  const found: string[] = [];
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    for (const { address, scopeid } of entries ?? []) {
      if (address.includes(':') !== (family === 6)) continue;
      found.push(scopeid ? `${address}%${name}` : address);
    }
  }
  // The loopback first: it is there before any other, and stays.
  return found.sort((a, b) => Number(isLoopback(b)) - Number(isLoopback(a)));
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
