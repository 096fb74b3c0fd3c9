// Two network namespaces with two cables between them, for a tracker that reads the queues of one and the sockets of both.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

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

  /** Has both ends send whatever goes elsewhere over the cable, so that the kernel takes packets from anywhere for possible. */
  routeEverything(): void {
    ip('-n', this.server, 'route', 'add', 'default', 'via', `${taken.ipv4}.2`);
    ip('-n', this.client, 'route', 'add', 'default', 'via', `${taken.ipv4}.1`);
  }

  /**
   * Has the kernel receive for each end of the cable on one processor, as a network card's interrupts would. Otherwise it does
   * so on whichever processor sends.
   * @throws without ethtool, or where the kernel has no threads for it
   */
  receiveOn(serverCore: number, clientCore: number): void {
    for (const [namespace, name, core] of [
      [this.server, this.interface, serverCore],
      [this.client, this.clientInterface, clientCore],
    ] as const) {
      run(...this.inside(namespace, ['ethtool', '-K', name, 'gro', 'on']));
      run(...this.inside(namespace, ['sh', '-c', `echo 1 > /sys/class/net/${name}/threaded`]));
      const threads = receivingThreads(name);
      if (threads.length !== this.queues) throw new Error(`no threads receive for ${name}: ${threads}`);
      for (const thread of threads) run('taskset', '-pc', String(core), String(thread));
    }
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
  return run('ip', ...words);
}

function run(...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(words[0], words.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** The kernel's threads that receive for an interface. */
function receivingThreads(interfaceName: string): number[] {
  const isIts = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith(`napi/${interfaceName}-`);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isIts(name))
    .map(Number);
}
