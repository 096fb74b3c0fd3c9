// A tracker that is started, ended in every way and started again on the same ports and the same data.
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Program, pause, startProgram } from '../program.ts';
import { mainScript } from '../tracker-program.ts';

/** USER_HZ, as every Linux has it. */
const ticksPerSecond = 100;

export interface TrackerOptions {
  /** Where the snapshots go; a new directory, removed at the end, when not given. */
  dataDir?: string;
  flags?: readonly string[];
  env?: Record<string, string>;
  /** How many descriptors it may have. */
  openFiles?: number;
  /** How far it stands back for its clients, which elsewhere have processors of their own; 0 to 19. */
  nice?: number;
}

export class TrackerUnderTest {
  readonly dataDir: string;
  readonly #options: TrackerOptions;
  readonly #ownsDirectory: boolean;
  program!: Program;
  /** Those whose place another one has taken, too. */
  readonly #programs: Program[] = [];
  httpPort = 0;
  /** How many lines it had printed when it was ready. */
  startLines = 0;
  udpPort = 0;

  constructor(options: TrackerOptions = {}) {
    this.#options = options;
    this.#ownsDirectory = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'caracal-fault-'));
  }

  /** Resolves when it answers; the ports of the first start are kept. */
  async start(flags: readonly string[] = []): Promise<void> {
    const port = (known: number) => (known === 0 ? 'any' : String(known));
    const { flags: always = [], env = {}, openFiles, nice = 0 } = this.#options;
    const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles} && `;
    this.program = startProgram(
      '/bin/sh',
      [
        '-c',
        `${limit}exec nice -n ${nice} "$0" "$@"`,
        process.execPath,
        mainScript,
        // An address named twice is two addresses.
        ...(always.includes('--host') ? [] : ['--host', '127.0.0.1']),
        ...['--data-dir', this.dataDir],
        ...['--http-port', port(this.httpPort), '--udp-port', port(this.udpPort)],
        ...always,
        ...flags,
      ],
      { env },
    );
    this.#programs.push(this.program);
    await this.program.printed(/Tracker running/, 30_000);
    this.startLines = this.program.stdout.split('\n').length - 1;
    this.httpPort = Number((await this.program.printed(/HTTP tracker listening on \S+:(\d+)\//))[1]);
    this.udpPort = Number((await this.program.printed(/UDP tracker listening on \S+:(\d+)/))[1]);
  }

  /** `undefined` before the first snapshot. */
  get savedAt(): number | undefined {
    return statSync(join(this.dataDir, 'swarms.snapshot'), { throwIfNoEntry: false })?.mtimeMs;
  }

  /** How many it has open. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.program.pid}/fd`).length;
  }

  /** The highest that it opened itself for sockets, loops and as a reserve; what a shell left open may lie far above. */
  get highestDescriptor(): number {
    const directory = `/proc/${this.program.pid}/fd`;
    const isOwn = (fd: string) => {
      try {
        return /^(?:anon_inode:|socket:|\/dev\/null$)/.test(readlinkSync(join(directory, fd)));
      } catch {
        return false; // closed meanwhile
      }
    };
    return Math.max(...readdirSync(directory).filter(isOwn).map(Number));
  }

  /** Seconds of processor time that it has used. */
  get processorSeconds(): number {
    const fields = readFileSync(`/proc/${this.program.pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  get residentMiB(): number {
    const status = readFileSync(`/proc/${this.program.pid}/status`, 'latin1');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
  }

  /** Resolves when a snapshot is there that was begun after now. */
  async nextSnapshot(ms = 20_000): Promise<void> {
    const deadline = Date.now() + ms;
    // The next one may have been begun already; the one after it has not.
    for (let round = 0; round < 2; round++) {
      const before = this.savedAt;
      while (this.savedAt === before) {
        if (Date.now() > deadline) throw new Error(this.program.describe('does not save'));
        await pause(20);
      }
    }
  }

  async close(): Promise<void> {
    for (const program of this.#programs) await program.kill();
    if (this.#ownsDirectory) rmSync(this.dataDir, { recursive: true, force: true });
  }
}
