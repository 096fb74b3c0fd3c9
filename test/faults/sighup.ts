// SIGHUP again and again, with files of every kind that are good and that are not, while requests of every kind go on.
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '../certificates.ts';
import { pause } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { HttpClient, infoHashOf, UdpClient } from './clients.ts';
import type { FaultSuite } from './figures.ts';
import { Ledger } from './ledger.ts';
import { askForPeers, Load } from './load.ts';
import { ProcessorWaits } from './processor-waits.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

const everyMs = 200;
const swarms = 40;
/** Of the loads. */
const firstSwarms = [0, 100, 200, 300];
/** Allowed by one of the good lists only, and the other way round denied. */
const sometimes = 5000;
/** All that a tracker may say of what happens here. */
const expectedLines = [
  /New certificate in use/,
  /The certificate has not changed/,
  /--((allow|deny)-list: \d+ info_hash(es)?|deny-ip: \d+ networks?) in use\.$/,
  /--cert .*; the old certificate stays in use/,
  /--(allow-list|deny-list|deny-ip) .*; the old list stays in use/,
  /the settings stay as they were: .*unknown key 'no-such-key'/,
];

/** And what it says once a minute in any case, here with all peers on loopback. */
const knownLines = [...expectedLines, / Stats: /, /seem to have the address/];

export const sighupSuite: FaultSuite = {
  fault: 'SIGHUP every 200 ms with good and bad files',
  limits: { lost: 0, ghost: 0, failed: 0, exits: 0, linesPerSignal: 4, wrongLines: 0, longestMs: 500 },
  atLeast: { signals: 15, kindsOfLine: 6, listsInForce: 1, acknowledged: 500 },
  skip: skipWithout('openssl'),
  async run({ seed, long }) {
    const files = new ReloadedFiles();
    const tracker = new TrackerUnderTest({ flags: files.flags });
    const ledger = new Ledger();
    let waits: ProcessorWaits | undefined;
    try {
      await tracker.start();
      const httpsPort = Number((await tracker.program.printed(/HTTPS tracker listening on [\d.]+:(\d+)/))[1]);
      const ca = files.authority.root;
      const udp = new UdpClient(tracker.udpPort);
      const http = new HttpClient(tracker.httpPort);
      const https = new HttpClient(httpsPort, { ca });
      // A handshake with whatever certificate there is just now.
      const freshHttps = new HttpClient(httpsPort, { ca, fresh: true });
      const rates = [500, 200, 100, 20];
      const clients = [udp, http, https, freshHttps];
      const loads = clients.map(
        (client, i) =>
          new Load(ledger, {
            client,
            perSecond: rates[i],
            firstSwarm: firstSwarms[i],
            swarms,
            seed,
            stoppedPercent: 20,
          }),
      );
      // The first handshake waits for the threads that are begun with it.
      await pause(1000);
      waits = new ProcessorWaits(tracker.program.pid);
      for (const client of clients) Object.assign(client, { longestMs: 0, longestByClockMs: 0, waits });
      const signals = long ? 300 : 25;
      for (let signal = 0; signal < signals; signal++) {
        files.change(signal);
        tracker.program.signal('SIGHUP');
        await pause(everyMs);
      }
      for (const load of loads) await load.stop();
      const lines = tracker.program.stdout.trimEnd().split('\n').slice(tracker.startLines);
      // What the last good files say is what holds, and a bad one after them changes nothing.
      files.install(0);
      tracker.program.signal('SIGHUP');
      await pause(1000);
      files.spoil(0);
      tracker.program.signal('SIGHUP');
      await pause(1000);
      const says = async (swarm: number) => await refusalOf(tracker.httpPort, swarm);
      const listsInForce = Number(
        (await says(sometimes)) === '' && (await says(sometimes + 1)) === 'unregistered torrent',
      );
      const longestMs = Math.round(Math.max(...clients.map((client) => client.longestMs)));
      const exits = Number(!tracker.program.running);
      const balance = await ledger.balance((swarm) => askForPeers(udp, swarm));
      for (const client of clients) client.close();
      return {
        signals,
        ...balance,
        exits,
        acknowledged: loads.reduce((sum, load) => sum + load.acknowledged, 0),
        linesPerSignal: Math.round((100 * lines.length) / signals) / 100,
        wrongLines: lines.filter((line) => !knownLines.some((known) => known.test(line))).length,
        kindsOfLine: expectedLines.filter((expected) => lines.some((line) => expected.test(line))).length,
        listsInForce,
        longestMs,
        longestByClockMs: Math.round(Math.max(...clients.map((client) => client.longestByClockMs))),
      };
    } finally {
      waits?.close();
      await tracker.close();
      files.remove();
    }
  },
};

/** Everything that a tracker reads again, in a directory of its own. */
class ReloadedFiles {
  readonly authority = new TestAuthority();
  readonly #directory = mkdtempSync(join(tmpdir(), 'caracal-sighup-'));
  readonly #certificates = [this.authority.issue(), this.authority.issue()];

  constructor() {
    this.install(0);
  }

  get flags(): string[] {
    const path = (name: string) => join(this.#directory, name);
    return [
      ...[
        '--config',
        path('configuration'),
        '--https-port',
        'any',
        '--cert',
        path('cert'),
        '--key',
        path('key'),
      ],
      ...['--allow-list', path('allow'), '--deny-list', path('deny'), '--deny-ip', path('networks')],
    ];
  }

  /** Good files all, of two kinds. */
  install(kind: 0 | 1): void {
    this.#write('configuration', 'peer-ttl = 3600\n');
    const { chain, key } = this.#certificates[kind];
    this.#write('cert', chain);
    this.#write('key', key);
    this.#write('allow', allowList(kind));
    this.#write('deny', `${hex(9000)} # never announced\n${hex(9001 + kind)}\n`);
    this.#write('networks', `192.0.2.0/24\n2001:db8:${kind}::/48\n`);
  }

  /** One or all of them bad, in another way each time. */
  spoil(round: number): void {
    const bad = [
      () => this.#write('cert', 'no certificate'),
      () => this.#write('key', this.#certificates[0].key.slice(0, 100)),
      () => this.#write('allow', `${allowList(1)}no info_hash\n`),
      () => this.#write('deny', hex(9000).slice(0, 17)),
      () => this.#write('networks', '192.0.2.0/33\n'),
      () => rmSync(join(this.#directory, 'deny'), { recursive: true, force: true }),
      () => this.#replaceByDirectory('networks'),
      () => this.#write('allow', '\0'.repeat(100_000)),
    ];
    // With settings that cannot be read nothing else is read, so they alone are bad.
    const settings = () => this.#write('configuration', 'no-such-key = "["\n');
    const one = [...bad, settings];
    if (round % 2 === 0) for (const spoil of bad) spoil();
    else one[Math.floor(round / 2) % one.length]();
  }

  change(round: number): void {
    if (round % 3 === 0) this.install(round % 2 === 0 ? 0 : 1);
    else this.spoil(round);
  }

  remove(): void {
    this.authority.close();
    rmSync(this.#directory, { recursive: true });
  }

  // As editors and renewal hooks do: nobody sees half a file.
  #write(name: string, content: string): void {
    const path = join(this.#directory, name);
    writeFileSync(`${path}.new`, content, { mode: 0o600 });
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) rmdirSync(path);
    renameSync(`${path}.new`, path);
  }

  #replaceByDirectory(name: string): void {
    rmSync(join(this.#directory, name), { recursive: true, force: true });
    mkdirSync(join(this.#directory, name));
  }
}

function allowList(kind: 0 | 1): string {
  const allowed = firstSwarms.flatMap((first) => Array.from({ length: swarms }, (_, i) => first + i));
  return [...allowed, sometimes + kind].map((swarm) => `${hex(swarm)}\n`).join('');
}

function hex(swarm: number): string {
  return Buffer.from(infoHashOf(swarm)).toString('hex');
}

/** The `failure reason` of an announce; empty when it is allowed. */
async function refusalOf(port: number, swarm: number): Promise<string> {
  const infoHash = hex(swarm).replaceAll(/../g, '%$&');
  const query = `info_hash=${infoHash}&peer_id=-LG0001-000000000000&port=1024&left=1`;
  const body = await (await fetch(`http://127.0.0.1:${port}/announce?${query}`)).text();
  return /14:failure reason\d+:([^:]*)e$/.exec(body)?.[1] ?? '';
}
