// Whether every link of the built site leads somewhere: to a page, to an anchor in it, or to a file. Links to other sites are
// left alone, and nothing is fetched.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * What is broken, a line each.
 * @param {string} built
 */
export function checkLinks(built, base = process.env.DOCS_BASE ?? '/') {
  const pages = new Map(
    readdirSync(built, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.html'))
      .map((path) => [`/${path.replaceAll('\\', '/')}`, readFileSync(join(built, path), 'utf8')]),
  );
  const anchors = new Map([...pages].map(([path, html]) => [path, idsOf(html)]));
  const broken = new Set();
  for (const [page, html] of pages) {
    for (const link of linksOf(html)) {
      const { pathname, hash } = new URL(link, `http://site${page}`);
      const below = pathname.startsWith(base) ? `/${pathname.slice(base.length)}` : pathname;
      const target = below.endsWith('/') ? posix.join(below, 'index.html') : below;
      const found = [target, `${target}.html`].find((path) => pages.has(path));
      if (found === undefined) {
        if (!existsSync(join(built, decodeURI(target)))) broken.add(`${page}: ${link} leads nowhere`);
      } else if (hash !== '' && !anchors.get(found)?.has(decodeURIComponent(hash.slice(1)))) {
        broken.add(`${page}: ${link} names an anchor that is not there`);
      }
    }
  }
  return [...broken].sort();
}

/** @param {string} html */
function idsOf(html) {
  return new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
}

/** @param {string} html */
function linksOf(html) {
  return [...html.matchAll(/<(?:a|img|link|script)\s[^>]*?(?:href|src)="([^"]*)"/g)]
    .map(([, link]) => link.replaceAll('&amp;', '&'))
    .filter((link) => !/^(?:[a-z]+:|\/\/)/i.test(link));
}
