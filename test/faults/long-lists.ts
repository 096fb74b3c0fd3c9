// Lists of a million lines: how long they take to read and how much memory, and what announces notice of it.
import { linkSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../program.ts';
import { p99Of } from './address-client.ts';
import { type Client, HttpClient, infoHashOf, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, Load } from './load.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

const swarms = 40;
/** Denied by the lists, and not allowed by them. */
const unwanted = 5_000_000;

export const longListsSuite: FaultSuite = {
  fault: 'lists of a million lines read again under load, good ones and one with a bad line in the middle',
  limits: {
    lost: 0,
    ghost: 0,
    failed: 0,
    retried: 0,
    memoryMiB: 300,
    overFiveTimesQuietMs: 0,
    longestMs: 500,
  },
  atLeast: { lines: 150_000, reloads: 2, badLineNamed: 3, oldListsKept: 1, acknowledged: 500 },
  skip: process.platform === 'linux' ? false : 'memory is read from /proc',
  async run({ seed, long }) {
    const lines = long ? 1_000_000 : 50_000;
    const lists = new LongLists(lines);
    const small = new TrackerUnderTest();
    const tracker = new TrackerUnderTest({ flags: lists.flags });
    const ledger = new Ledger();
    try {
      const quickMs = await timeOf(() => small.start());
      const smallMiB = small.residentMiB;
      await small.close();
      const startMs = await timeOf(() => tracker.start());
      const memoryMiB = tracker.residentMiB - smallMiB;
      const clients: Client[] = [new UdpClient(tracker.udpPort), new HttpClient(tracker.httpPort)];
      const [udp, http] = clients as [UdpClient, HttpClient];
      const options = { swarms, seed, stoppedPercent: 20 };
      const loads = [
        new Load(ledger, { ...options, client: udp, perSecond: 500, firstSwarm: 0 }),
        new Load(ledger, { ...options, client: http, perSecond: 200, firstSwarm: swarms }),
      ];
      // Connections and compiled code first.
      await pause(1000);
      const quiet = await p99While(clients, () => pause(long ? 10_000 : 2000));
      let reloadMs = 0;
      const reloads = long ? 5 : 2;
      const reloading = await p99While(clients, async () => {
        for (let reload = 1; reload <= reloads; reload++) {
          lists.install(reload % 2 === 0 ? 'good' : 'better');
          reloadMs = Math.max(reloadMs, await timeOf(() => reloadAll(tracker)));
        }
      });
      lists.install('bad');
      tracker.program.signal('SIGHUP');
      let badLineNamed = 0;
      for (const name of lists.names) {
        await tracker.program.printed(new RegExp(`${name}:${lists.badLine}: 'neither' is`), 30_000);
        badLineNamed++;
      }
      for (const load of loads) await load.stop();
      const retried = udp.retries + http.retries;
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      const oldListsKept = Number((await refuses(udp, unwanted)) && !(await refuses(udp, 0)));
      const figures = {
        lines: 3 * lines,
        loadMs: Math.round(startMs - quickMs),
        memoryMiB,
        reloads,
        reloadMs: Math.round(reloadMs),
        ...balance,
        acknowledged: loads.reduce((sum, load) => sum + load.acknowledged, 0),
        retried,
        quietP99Ms: quiet,
        reloadP99Ms: reloading,
        overFiveTimesQuietMs: Math.max(0, Math.round(reloading - 5 * quiet)),
        badLineNamed,
        oldListsKept,
        longestMs: Math.round(Math.max(udp.longestMs, http.longestMs)),
      };
      for (const client of clients) client.close();
      return figures;
    } finally {
      await small.close();
      await tracker.close();
      lists.remove();
    }
  },
};

/**
 * An allow list with the swarms of the loads at its end, a deny list and a list of networks without anybody here; good,
 * better and bad. All are written before anything is measured.
 */
class LongLists {
  readonly names = ['allow', 'deny', 'networks'];
  /** Counted from 1. */
  readonly badLine: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'caracal-lists-'));

  constructor(lines: number) {
    this.badLine = Math.floor(lines / 2);
    this.#write('good', lines, 0);
    this.#write('better', lines + 1, 0);
    this.#write('bad', lines + 2, this.badLine);
    this.install('good');
  }

  get flags(): string[] {
    const [allow, deny, networks] = this.names.map((name) => join(this.#directory, name)) as [
      string,
      string,
      string,
    ];
    return ['--allow-list', allow, '--deny-list', deny, '--deny-ip', networks];
  }

  install(which: 'good' | 'better' | 'bad'): void {
    for (const name of this.names) {
      const path = join(this.#directory, name);
      linkSync(`${path}.${which}`, `${path}.new`);
      renameSync(`${path}.new`, path);
    }
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }

  #write(which: string, lines: number, badLine: number): void {
    const own = Array.from({ length: 2 * swarms }, (_, swarm) => hex(swarm));
    const contents = [
      [...linesOf(lines - own.length, badLine, (n) => hex(1_000_000 + n)), ...own],
      linesOf(lines, badLine, (n) => hex(n === 0 ? unwanted : 7_000_000 + n)),
      linesOf(lines, badLine, (n) => `11.${(n * 7) & 255}.${(n >> 12) & 255}.${(n >> 4) & 255}`),
    ];
    for (const [i, name] of this.names.entries()) {
      writeFileSync(join(this.#directory, `${name}.${which}`), `${contents[i].join('\n')}\n`);
    }
  }
}

function linesOf(count: number, badLine: number, item: (n: number) => string): string[] {
  return Array.from({ length: count }, (_, n) => (n === badLine - 1 ? 'neither' : item(n)));
}

function hex(swarm: number): string {
  return Buffer.from(infoHashOf(swarm)).toString('hex');
}

/** Resolves when the new lists are in force; the networks are read last. */
async function reloadAll({ program }: TrackerUnderTest): Promise<void> {
  const count = () => program.stdout.split(' networks in use').length;
  const before = count();
  program.signal('SIGHUP');
  for (let waited = 0; count() === before; waited += 20) {
    if (waited > 60_000) throw new Error(program.describe('does not take up the lists'));
    await pause(20);
  }
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The 99th percentile of all announces while `work` goes on, in milliseconds. */
async function p99While(clients: readonly Client[], work: () => Promise<void>): Promise<number> {
  for (const { times } of clients) times.length = 0;
  await work();
  return Math.round(100 * p99Of(clients.flatMap(({ times }) => times))) / 100;
}

async function refuses(client: UdpClient, swarm: number): Promise<boolean> {
  return await client.announce({ swarm, port: 1024, event: 0, numwant: 0 }).then(
    () => false,
    () => true,
  );
}
