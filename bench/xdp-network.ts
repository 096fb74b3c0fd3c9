// Two network namespaces with two cables between them, for a tracker that reads the queues of one and the sockets of both.
import { spawnSync } from 'node:child_process';

/** The tracker is at .1 of each network; its --xdp interface is on `taken`. */
export const taken = { ipv4: '10.99.0', ipv6: 'fd99:0::' } as const;
export const plain = { ipv4: '10.99.1', ipv6: 'fd99:1::' } as const;

export class XdpNetwork {
  readonly server = `caracal-s${process.pid}`;
  readonly client = `caracal-c${process.pid}`;
  /** The server's end of the cable that is taken. */
  readonly interface = 'cable0';
  /** The client's end of it. */
  readonly clientInterface = 'there0';
  /** Of each end of each cable. */
  readonly queues: number;

  constructor(queues = 2) {
    this.queues = queues;
  }

  /** @throws when this process may not make namespaces, or the machine knows none */
  open(): void {
    ip('netns', 'add', this.server);
    ip('netns', 'add', this.client);
    this.#cable(this.interface, this.clientInterface, taken);
    this.#cable('cable1', 'there1', plain);
    ip('-n', this.server, 'link', 'set', 'lo', 'up');
    ip('-n', this.client, 'link', 'set', 'lo', 'up');
  }

  close(): void {
    for (const name of [this.server, this.client]) spawnSync('ip', ['netns', 'del', name]);
  }

  /** Gives both ends of the cable that is taken addresses of another IPv4 network besides. */
  addAddresses(network: string): void {
    ip('-n', this.server, 'addr', 'add', `${network}.1/24`, 'dev', this.interface);
    ip('-n', this.client, 'addr', 'add', `${network}.2/24`, 'dev', this.clientInterface);
  }

  /** A command line that runs there. */
  inside(namespace: string, words: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', namespace, ...words];
  }

  /** Whether a program is attached to the server's end. */
  get attached(): boolean {
    return ip('-n', this.server, 'link', 'show', this.interface).includes('prog/xdp');
  }

  /** Datagrams that sockets of the server's namespace have been given. */
  get givenToSockets(): number {
    const [command, ...words] = this.inside(this.server, ['cat', '/proc/net/snmp']);
    const lines = spawnSync(command, words, { encoding: 'utf8' }).stdout.split('\n');
    return Number(lines.filter((line) => line.startsWith('Udp:'))[1]?.split(' ')[1]);
  }

  #cable(ours: string, theirs: string, { ipv4, ipv6 }: { ipv4: string; ipv6: string }): void {
    const count = String(this.queues);
    const queues = ['numrxqueues', count, 'numtxqueues', count];
    const peer = ['type', 'veth', 'peer', 'name', theirs, 'netns', this.client, ...queues];
    ip('link', 'add', ours, 'netns', this.server, ...queues, ...peer);
    for (const [namespace, name, host] of [
      [this.server, ours, 1],
      [this.client, theirs, 2],
    ] as const) {
      ip('-n', namespace, 'addr', 'add', `${ipv4}.${host}/24`, 'dev', name);
      ip('-n', namespace, 'addr', 'add', `${ipv6}${host}/64`, 'dev', name, 'nodad');
      ip('-n', namespace, 'link', 'set', name, 'up');
    }
  }
}

function ip(...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
