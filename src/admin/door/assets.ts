// The page's own files: read once at the start, kept compressed, found by their exact path.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { refusalTitles, transportTitles } from '../../transport/transports.ts';
import { peerKinds } from '../schema.ts';

export interface Asset {
  contentType: string;
  bytes: Buffer;
  compressed: Buffer;
  etag: string;
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Everything under `page/` that a browser asks for, by path. */
const pageFiles = {
  '/': 'index.html',
  '/page.css': 'page.css',
  '/icon.svg': 'icon.svg',
  '/page.js': 'page.js',
  '/chart-plans.js': 'chart-plans.js',
  '/charts.js': 'charts.js',
  '/cluster.js': 'cluster.js',
  '/connection.js': 'connection.js',
  '/denied.js': 'denied.js',
  '/elements.js': 'elements.js',
  '/format.js': 'format.js',
  '/info-hash-input.js': 'info-hash-input.js',
  '/installation.js': 'installation.js',
  '/lists.js': 'lists.js',
  '/overview.js': 'overview.js',
  '/search.js': 'search.js',
};

export class Assets {
  readonly #assets = new Map<string, Asset>();

  /**
   * @throws the operating system's error when a file is missing, which is a fault of the installation
   */
  constructor() {
    const page = fileURLToPath(new URL('../page/', import.meta.url));
    for (const [path, file] of Object.entries(pageFiles)) this.#addFile(path, join(page, file));
    this.#add('/titles.js', Buffer.from(titlesModule()));
    const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
    this.#addFile('/uplot.js', join(uplot, 'dist', 'uPlot.iife.min.js'));
    this.#addFile('/uplot.css', join(uplot, 'dist', 'uPlot.min.css'));
  }

  get(path: string): Asset | undefined {
    return this.#assets.get(path);
  }

  get paths(): string[] {
    return [...this.#assets.keys()];
  }

  send(asset: Asset, request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Content-Type', asset.contentType);
    response.setHeader('ETag', asset.etag);
    // Asked again each time, so that a new version shows at once; 304 is as good as a cache on one's own machine.
    response.setHeader('Cache-Control', 'no-cache');
    response.setHeader('Vary', 'Accept-Encoding');
    if (request.headers['if-none-match'] === asset.etag) {
      response.writeHead(304).end();
      return;
    }
    const compressed = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = compressed ? asset.compressed : asset.bytes;
    if (compressed) response.setHeader('Content-Encoding', 'gzip');
    response.setHeader('Content-Length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #addFile(path: string, file: string): void {
    this.#add(path, readFileSync(file));
  }

  #add(path: string, bytes: Buffer): void {
    this.#assets.set(path, {
      contentType: contentTypes[extname(path) || '.html'],
      bytes,
      compressed: gzipSync(bytes, { level: 9 }),
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    });
  }
}

/** What the page calls transports, refusals and kinds of peers, as titles.d.ts declares it. */
function titlesModule(): string {
  const constants = Object.entries({ transportTitles, refusalTitles, peerKinds });
  return constants.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`).join('');
}
