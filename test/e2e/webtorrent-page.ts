// Drives WebTorrent's own bundle in pages of a real browser: one seeds a file, another gets it and says what it got.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { webtorrentBundle } from './webtorrent-tools.ts';

const page = `<!doctype html><meta charset="utf-8"><title>WebTorrent</title><script type="module">
  import WebTorrent from '/webtorrent.min.js';
  window.client = new WebTorrent({ dht: false, lsd: false, utPex: false, webSeeds: false, tracker: { rtcConfig: { iceServers: [] } } });
  window.complaints = [];
  for (const event of ['error', 'warning']) client.on(event, (error) => complaints.push(String(error)));
  const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const textOf = (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  };
  const complain = (torrent) => torrent.on('warning', (error) => complaints.push(String(error)));
  window.seedContent = (content, name, announce, pieceLength) => new Promise((resolve) => {
    const file = new File([bytesOf(content)], name);
    complain(client.seed(file, { name, announceList: [[announce]], private: true, pieceLength }, (torrent) => resolve(textOf(torrent.torrentFile))));
  });
  window.get = (torrent) => new Promise((resolve, reject) => {
    complain(client.add(bytesOf(torrent), (added) => {
      added.on('done', async () => resolve(textOf(new Uint8Array(await (await added.files[0].blob()).arrayBuffer()))));
      added.on('error', reject);
    }));
  });
  window.ready = true;
</script>`;

/** A browser that shows nothing but pages with WebTorrent. */
export class WebTorrentBrowser {
  readonly #server: Server;
  readonly #browser: Browser;

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  static async start(): Promise<WebTorrentBrowser> {
    const bundle = readFileSync(webtorrentBundle);
    const server = createServer((request, response) => {
      const script = request.url === '/webtorrent.min.js';
      response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
      response.end(script ? bundle : page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        ...['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
        // Addresses of this machine are given as they are, not as names that mDNS would have to resolve.
        '--disable-features=WebRtcHideLocalIpsWithMdns',
      ],
    });
    return new WebTorrentBrowser(server, browser);
  }

  /** A page in a profile of its own. */
  async open(): Promise<WebTorrentPage> {
    const context = await this.#browser.newContext({ ignoreHTTPSErrors: true });
    const opened = await context.newPage();
    const { port } = this.#server.address() as AddressInfo;
    await opened.goto(`http://127.0.0.1:${port}/`);
    await opened.waitForFunction('window.ready === true');
    return new WebTorrentPage(opened);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export class WebTorrentPage {
  readonly #page: Page;

  constructor(opened: Page) {
    this.#page = opened;
  }

  /** Seeds `content` for as long as the page is open; returns the .torrent. */
  async seed(content: Buffer, name: string, announce: string): Promise<Buffer> {
    const words = [content.toString('base64'), name, announce, 32 * 1024].map((word) => JSON.stringify(word));
    return Buffer.from(await this.#page.evaluate<string>(`seedContent(${words.join(', ')})`), 'base64');
  }

  /** The content of the torrent's only file, once it is there. */
  async get(torrent: Buffer): Promise<Buffer> {
    const text = JSON.stringify(torrent.toString('base64'));
    return Buffer.from(await this.#page.evaluate<string>(`get(${text})`), 'base64');
  }

  /** Leaves every swarm, as a tab that is closed does. */
  async close(): Promise<void> {
    await this.#page.context().close();
  }

  /** Warnings and errors of the client so far. */
  async complaints(): Promise<string[]> {
    return await this.#page.evaluate<string[]>('complaints');
  }
}
