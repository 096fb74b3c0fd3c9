// How the documents of this checkout become one site: which pages stand where in it, and that it can be searched.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

/** Anchors as GitHub makes them, so that one link serves both. */
const slugify = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const page = (text, link) => ({ text, link });

const groups = [
  {
    text: 'For operators',
    items: [
      page('What it is', '/'),
      page('Installing', '/docs/install'),
      page('Options', '/docs/options'),
      page('Monitoring', '/docs/monitoring'),
      page('Backup and going back', '/docs/backup'),
      page('Moving in', '/docs/moving'),
      page('The earlier tracker', '/docs/compatibility'),
      page('Where it runs', '/docs/systems'),
      page('UDP past the kernel', '/docs/xdp'),
      page('Reliability', '/docs/reliability'),
    ],
  },
  {
    text: 'Testing trackers',
    items: [page('tracker-query', '/docs/query'), page("The doctor's findings", '/docs/findings')],
  },
  {
    text: 'For developers',
    items: [
      page('The library', '/docs/library'),
      page('Architecture', '/ARCHITECTURE'),
      page('Contributing', '/CONTRIBUTING'),
      page('Debugging', '/docs/debugging'),
      page('BEPs', '/docs/beps'),
      page('Decisions', '/docs/decisions'),
      page('Benchmarks: the store', '/docs/benchmarks/2026-11-22-swarm'),
      page('Benchmarks: UDP', '/docs/benchmarks/2026-11-25-udp'),
      page('Benchmarks: a UDP answer', '/docs/benchmarks/2026-11-25-udp-profile'),
      page('Releasing', '/docs/releasing'),
      page('What a version promises', '/docs/versioning'),
      page('Changes', '/CHANGELOG'),
    ],
  },
];

/** Documents that nobody has given a place yet stand under their own first heading. */
const listed = new Set(groups.flatMap(({ items }) => items.map(({ link }) => link)));
const pages = fileURLToPath(new URL('../pages/', import.meta.url));
const more = readdirSync(pages, { recursive: true })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.md') && path !== 'index.md' && !listed.has(`/${path.slice(0, -3)}`))
  .map((path) => page(/^# (.*)/m.exec(readFileSync(join(pages, path), 'utf8'))?.[1] ?? path, `/${path.slice(0, -3)}`));

export default defineConfig({
  title: 'Caracal',
  description: 'A BitTorrent tracker for HTTP, HTTPS, UDP and WebTorrent, and a tool that tests any tracker',
  lang: 'en',
  srcDir: 'pages',
  outDir: 'built',
  cleanUrls: false,
  // The documents name no site that they stand on, so it works below any path.
  base: process.env.DOCS_BASE ?? '/',
  head: [['link', { rel: 'icon', href: `${process.env.DOCS_BASE ?? '/'}icon.svg` }]],
  // What stands in the documents as <NAME> is meant as it stands.
  markdown: { html: false, anchor: { slugify }, toc: { slugify } },
  // scripts/site/check-links.mjs checks pages, anchors and files alike.
  ignoreDeadLinks: true,
  themeConfig: {
    logo: '/icon.svg',
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      page('Install', '/docs/install'),
      page('Options', '/docs/options'),
      page('tracker-query', '/docs/query'),
      page('Changes', '/CHANGELOG'),
    ],
    sidebar: more.length > 0 ? [...groups, { text: 'More', items: more }] : groups,
  },
});
