// Real WebTorrent clients share a file over WebRTC and find each other through our tracker alone, over ws and wss: libtorrent 2.1,
// and pages with WebTorrent's own bundle, whose tracker client is bittorrent-tracker's.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestAuthority } from '../certificates.ts';
import { type Program, pause, startProgram } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { startTracker, type TrackerProgram } from '../tracker-program.ts';
import { aria2, freePorts } from './clients.ts';
import { createTorrent, type Torrent } from './torrent.ts';
import { WebTorrentBrowser } from './webtorrent-page.ts';
import { libtorrentDirectory, skipWithoutWebTorrent } from './webtorrent-tools.ts';

const timeoutMs = 55_000;
const script = fileURLToPath(new URL('../../../test/e2e/webtorrent-client.py', import.meta.url));

/** Ways to run the tracker that must all serve the same clients. */
const ways: { name: string; options: string[] }[] = [
  { name: 'on the main thread', options: ['--workers', '0'] },
  { name: 'with socket workers', options: ['--workers', '2'] },
];

const skip = skipWithout('chromium', 'aria2c') || skipWithoutWebTorrent();

describe('real WebTorrent clients find each other through the tracker alone', { skip }, () => {
  let directory: string;
  let authority: TestAuthority;
  let https: string[];
  let browser: WebTorrentBrowser;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'caracal-webtorrent-'));
    authority = new TestAuthority();
    const { chain, key } = authority.issue();
    const [cert, keyPath] = [join(directory, 'chain.pem'), join(directory, 'key.pem')];
    writeFileSync(cert, chain);
    writeFileSync(keyPath, key);
    https = ['--https-port', 'any', '--cert', cert, '--key', keyPath];
    browser = await WebTorrentBrowser.start();
  });

  after(async () => {
    await browser?.close();
    authority?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const { name, options } of ways) {
    for (const scheme of ['ws', 'wss'] as const) {
      const served = `over ${scheme}, served ${name}`;
      const limits = { timeout: timeoutMs + 5000 };
      test(`libtorrent gets a file from libtorrent ${served}`, limits, () =>
        within(options, async (scene) => {
          const torrent = createTorrent(scene.directory, scene.url(scheme));
          scene.libtorrent(torrent, torrent.seedDirectory);
          await scene.got(torrent, scene.libtorrent(torrent));
        }),
      );
      test(`a browser gets a file from another ${served}`, limits, () =>
        within(options, async (scene) => {
          const { content, fileName } = createTorrent(scene.directory, '');
          const [seeder, leecher] = [await browser.open(), await browser.open()];
          const torrent = await seeder.seed(content, fileName, scene.url(scheme));
          assert.deepEqual(await leecher.get(torrent), content);
          assert.deepEqual([...(await seeder.complaints()), ...(await leecher.complaints())], []);
        }),
      );
      test(`libtorrent gets a file from a browser, and a browser from libtorrent ${served}`, limits, () =>
        within(options, async (scene) => {
          const { content, fileName, ...rest } = createTorrent(scene.directory, '');
          const seeder = await browser.open();
          const bytes = await seeder.seed(content, fileName, scene.url(scheme));
          writeFileSync(rest.path, bytes);
          const torrent = { ...rest, content, fileName };
          await scene.got(torrent, scene.libtorrent(torrent));
          await seeder.close();
          const leecher = await browser.open();
          assert.deepEqual(await leecher.get(bytes), content);
          assert.deepEqual(await leecher.complaints(), []);
        }),
      );
    }
  }

  test(
    'a client of both kinds brings a file from a TCP swarm to a browser',
    { timeout: timeoutMs + 5000 },
    () =>
      within([], async (scene) => {
        const http = `http://127.0.0.1:${scene.tracker.httpPort}/announce`;
        const torrent = createTorrent(scene.directory, http, undefined, [scene.url('ws')]);
        const [port] = await freePorts(1);
        scene.programs.push(aria2.start(torrent, torrent.seedDirectory, port));
        const hybrid = scene.libtorrent(torrent, undefined, 'both');
        const leecher = await browser.open();
        assert.deepEqual(await leecher.get(readFileSync(torrent.path)), torrent.content);
        await scene.got(torrent, hybrid);
      }),
  );

  interface Started {
    own: string;
    program: Program;
  }

  class Scene {
    readonly directory: string;
    readonly tracker: TrackerProgram;
    readonly programs: Program[] = [];

    constructor(own: string, tracker: TrackerProgram) {
      this.directory = own;
      this.tracker = tracker;
    }

    url(scheme: 'ws' | 'wss'): string {
      const { httpPort, httpsPort } = this.tracker;
      return scheme === 'ws'
        ? `ws://127.0.0.1:${httpPort}/announce`
        : `wss://localhost:${httpsPort}/announce`;
    }

    /** libtorrent with the torrent, in a directory of its own unless it is to seed. */
    libtorrent(torrent: Pick<Torrent, 'path'>, seed?: string, how = 'rtc'): Started {
      const own = seed ?? mkdtempSync(join(this.directory, 'libtorrent-'));
      const env = { PYTHONPATH: libtorrentDirectory, SSL_CERT_FILE: authority.rootPath };
      const program = startProgram('python3', ['-u', script, torrent.path, own, how], { env });
      this.programs.push(program);
      return { own, program };
    }

    /** Waits until the file is there as it should be. */
    async got(torrent: Pick<Torrent, 'fileName' | 'content'>, { own, program }: Started): Promise<void> {
      const path = join(own, torrent.fileName);
      const deadline = Date.now() + timeoutMs;
      while (!existsSync(path) || !readFileSync(path).equals(torrent.content)) {
        if (Date.now() > deadline || !program.running) assert.fail(program.describe('did not get the file'));
        await pause(100);
      }
    }
  }

  async function within(options: readonly string[], work: (scene: Scene) => Promise<void>): Promise<void> {
    const own = mkdtempSync(join(directory, 'scene-'));
    const tracker = await startTracker([...options, ...https, '--interval', '5', '--min-interval', '1']);
    const scene = new Scene(own, tracker);
    try {
      await work(scene);
    } finally {
      await Promise.all([tracker.program, ...scene.programs].map((program) => program.kill()));
    }
  }
});
