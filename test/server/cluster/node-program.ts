// A tracker that is a node of a cluster, and what a client and an operator ask it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import {
  decodeConnectReply,
  decodeReplyAction,
  encodeAnnounceRequest,
  encodeConnectRequest,
} from '../../../src/protocol/udp-client-packets.ts';
import { infoHashOf } from '../../faults/clients.ts';
import { type Program, pause, startProgram } from '../../program.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import { mainScript, startTracker, type TrackerProgram } from '../../tracker-program.ts';

export interface Said {
  swarm: number;
  port: number;
  left?: number;
  compact?: 0 | 1;
  event?: 'started' | 'stopped' | 'completed';
}

const percentEncoded = (bytes: Uint8Array) =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

const nodes: NodeProgram[] = [];

/** Ends every node that this file's tests have started, whatever became of the tests; for an `after`. */
export async function endNodes(): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()));
}

/** Of the cluster that `url` and the secret make up. */
export class NodeProgram {
  readonly name: string;
  readonly #words: readonly string[];
  readonly dataDir: string;
  readonly denyList: string;
  #tracker: TrackerProgram | undefined;
  /** Those whose place another one has taken, too. */
  readonly #programs: Program[] = [];

  constructor(name: string, url: string, { hasDenyList = true } = {}) {
    nodes.push(this);
    this.name = name;
    this.dataDir = temporaryDirectory(`node-${name}`);
    this.denyList = join(this.dataDir, hasDenyList ? 'denied' : 'cluster.denied-torrents');
    if (hasDenyList) writeFileSync(this.denyList, '');
    const secret = join(this.dataDir, 'secret');
    writeFileSync(secret, 'as long as a secret has to be\n', { mode: 0o600 });
    this.#words = [
      ...['--data-dir', this.dataDir, '--memory-limit', '32MiB', '--workers', '1', '--rate-limit', 'off'],
      ...['--cluster', url, '--cluster-node', name, '--cluster-secret-file', secret],
      ...(hasDenyList ? ['--deny-list', this.denyList] : []),
      ...['--snapshot-interval', '3600', '--min-interval', '0'],
    ];
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    this.#tracker = await this.#start();
    await this.said(new RegExp(`Cluster: node ${this.name} is ready`));
  }

  /** Another process takes its place; resolves to for how many milliseconds nobody answered, when the first has ended. */
  async takeOver(): Promise<number> {
    const { program: before } = this.#running;
    this.#tracker = await this.#start('--takeover');
    const [, gap] = await this.said(/for (\d+) ms nobody answered/);
    await before.exit(30_000);
    return Number(gap);
  }

  said(pattern: RegExp, ms = 60_000): Promise<RegExpExecArray> {
    return this.#running.program.printed(pattern, ms);
  }

  get httpPort(): number {
    return this.#running.httpPort;
  }

  get log(): string {
    return this.#tracker?.program.stdout ?? '';
  }

  /** Ends as its operator ends it. */
  async stop(): Promise<void> {
    this.#running.program.signal('SIGTERM');
    await this.#running.program.exit(30_000);
  }

  async kill(): Promise<void> {
    for (const program of this.#programs) await program.kill();
  }

  async #start(...more: string[]): Promise<TrackerProgram> {
    const tracker = await startTracker([...this.#words, ...more]);
    this.#programs.push(tracker.program);
    return tracker;
  }

  /** Over HTTP: the bencoded answer. */
  announce({ swarm, port, left = 1, compact = 1, event }: Said): Promise<string> {
    const happened = event === undefined ? '' : `&event=${event}`;
    return this.#get(
      `/announce?info_hash=${percentEncoded(infoHashOf(swarm))}&peer_id=-XX0000-${String(port).padStart(12, '0')}` +
        `&port=${port}&left=${left}&compact=${compact}&numwant=200${happened}`,
    );
  }

  /** Seeders, leechers and downloads. */
  async scrape(swarm: number): Promise<string> {
    const text = await this.#get(`/scrape?info_hash=${percentEncoded(infoHashOf(swarm))}`);
    const count = (key: string) => /i(\d+)e/.exec(text.slice(text.indexOf(key) + key.length))?.[1] ?? '0';
    return ['8:complete', '10:incomplete', '10:downloaded'].map(count).join(' ');
  }

  /** Waits until a scrape says so. */
  async shows(swarm: number, counts: string, ms = 30_000): Promise<void> {
    let last = '';
    for (const end = performance.now() + ms; performance.now() < end; await pause(20)) {
      last = await this.scrape(swarm);
      if (last === counts) return;
    }
    throw new Error(`${this.name} shows ${last} instead of ${counts} in swarm ${swarm}\n${this.log}`);
  }

  /** A connection id of this node for a socket of loopback. */
  async ask(packet: (view: DataView) => number): Promise<DataView> {
    const socket = createSocket('udp4');
    const bytes = new Uint8Array(200);
    const length = packet(new DataView(bytes.buffer));
    socket.send(bytes.subarray(0, length), this.#running.udpPort, '127.0.0.1');
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
    socket.close();
    return new DataView(reply.buffer, reply.byteOffset, reply.length);
  }

  async connectionId(): Promise<{ connectionIdHigh: number; connectionIdLow: number }> {
    const id = { connectionIdHigh: 0, connectionIdLow: 0 };
    const reply = await this.ask((view) => encodeConnectRequest(view, 0, 7));
    if (!decodeConnectReply(reply, 0, reply.byteLength, id)) throw new Error('no connection id');
    return id;
  }

  /** Announces over UDP with an id that may be another node's; whether that was answered as an announce. */
  async accepts(id: { connectionIdHigh: number; connectionIdLow: number }): Promise<boolean> {
    const reply = await this.ask((view) =>
      encodeAnnounceRequest(view, 0, {
        ...id,
        ...{ transactionId: 8, infoHash: infoHashOf(99), peerId: infoHashOf(98), event: 2, key: 1 },
        ...{ downloaded: 0, left: 1, uploaded: 0, numwant: 1, port: 5000 },
      }),
    );
    return decodeReplyAction(reply, 0, reply.byteLength) === 1;
  }

  /** What an operator's command prints. */
  async command(...words: string[]): Promise<string> {
    const program = startProgram(process.execPath, [mainScript, ...words, '--data-dir', this.dataDir]);
    await program.exit(30_000);
    return program.stdout + program.stderr;
  }

  get #running(): TrackerProgram {
    if (this.#tracker === undefined) throw new Error(`${this.name} is not started`);
    return this.#tracker;
  }

  #get(path: string): Promise<string> {
    const { httpPort: port } = this.#running;
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (text) => {
          body += text;
        });
        response.on('end', () => resolve(body));
      }).on('error', reject);
    });
  }
}
