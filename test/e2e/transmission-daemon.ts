// Transmission as a program that holds many torrents, told what to do and asked what it knows through its RPC.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Program, pause, startProgram } from '../program.ts';
import { freePorts } from './clients.ts';

/** What Transmission knows of a torrent's one tracker; counts are −1 until a tracker has named them. */
export interface TrackerStats {
  hasScraped: boolean;
  lastScrapeResult: string;
  lastScrapeSucceeded: boolean;
  seederCount: number;
  leecherCount: number;
}

export interface TorrentState {
  hashString: string;
  /** 0 to 1, of the files that are wanted. */
  percentDone: number;
  leftUntilDone: number;
  trackerStats: TrackerStats[];
}

const fields = ['hashString', 'percentDone', 'leftUntilDone', 'trackerStats'];

export class TransmissionDaemon {
  readonly program: Program;
  readonly #url: string;
  #session = '';

  private constructor(program: Program, rpcPort: number) {
    this.program = program;
    this.#url = `http://127.0.0.1:${rpcPort}/transmission/rpc`;
  }

  /** Downloads into `directory` and finds peers through trackers alone; resolves when its RPC answers. */
  static async start(directory: string, env: Record<string, string> = {}): Promise<TransmissionDaemon> {
    const [rpcPort, peerPort] = await freePorts(2);
    const settings = join(directory, 'settings');
    mkdirSync(settings, { recursive: true });
    writeFileSync(
      join(settings, 'settings.json'),
      JSON.stringify({
        'dht-enabled': false,
        'lpd-enabled': false,
        'pex-enabled': false,
        'utp-enabled': false,
        'port-forwarding-enabled': false,
        'download-dir': directory,
        'incomplete-dir-enabled': false,
        'peer-port': peerPort,
        'rpc-bind-address': '127.0.0.1',
        'rpc-port': rpcPort,
        'rpc-whitelist-enabled': false,
        'rpc-authentication-required': false,
      }),
    );
    const program = startProgram('transmission-daemon', ['--foreground', '--config-dir', settings], { env });
    const daemon = new TransmissionDaemon(program, rpcPort);
    try {
      for (let tries = 0; !(await daemon.#answers()); tries++) {
        if (!program.running || tries > 200) throw new Error(program.describe('does not answer its RPC'));
        await pause(50);
      }
    } catch (error) {
      await program.kill();
      throw error;
    }
    return daemon;
  }

  /** `unwanted`: numbers of the files that it shall not fetch. */
  async add(metainfo: Uint8Array, { paused = false, unwanted = [] as number[] } = {}): Promise<void> {
    await this.#call('torrent-add', {
      metainfo: Buffer.from(metainfo).toString('base64'),
      paused,
      ...(unwanted.length > 0 && { 'files-unwanted': unwanted }),
    });
  }

  async torrents(): Promise<TorrentState[]> {
    return (await this.#call('torrent-get', { fields })).torrents as TorrentState[];
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#call('session-get', {});
      return true;
    } catch {
      return false;
    }
  }

  async #call(method: string, words: object): Promise<Record<string, unknown>> {
    for (let tries = 0; ; tries++) {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'X-Transmission-Session-Id': this.#session },
        body: JSON.stringify({ method, arguments: words }),
      });
      // The first answer says how the next question proves that it comes from no web page.
      if (response.status === 409 && tries === 0) {
        this.#session = response.headers.get('X-Transmission-Session-Id') ?? '';
        await response.arrayBuffer();
        continue;
      }
      const { result, arguments: answer } = (await response.json()) as Record<string, unknown>;
      if (result !== 'success') throw new Error(`${method}: ${result}`);
      return answer as Record<string, unknown>;
    }
  }
}
